"""What comes back changes what happens next: from a mail that was sent to the list of the person who deals with the answer."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from engine.core import sentences
from engine.core.sentences import Reason
from engine.jobs import cases
from engine.jobs.cases import tasks
from engine.jobs.duties import DUTIES
from engine.jobs.inbox import read_inbox
from engine.store import database, received
from engine.store.tables import journal_person, outbox, pause
from engine.store.tables import received as received_table
from tests.channels.servers import Act, scripted
from tests.inbox.dovecot import Dovecot
from tests.inbox.lines import line
from tests.inbox.post import FORM, MAILS, MON, QUICK, THU, TUE, TWO, Make, Post, fill
from tests.jobs.world import House, moment


def test_an_answer_holds_what_is_written_until_somebody_has_dealt_with_it(
    post: Make, build_on_each: Callable[..., House]
) -> None:
    here = post(build_on_each)
    house = here.house
    here.came("reply-gmail")
    assert here.read() == ["mail read: 1 answer"]
    assert here.read(at="09:10") == []
    assert here.kept() == [("reply", "ACME")]
    (work,) = house.worklist(TUE)
    assert (work.account, work.kind, work.step, work.amount) == ("ACME", "task", "answer a mail", 120_000)
    assert work.detail["what"].startswith("Answer Clerk of ACME: “Hello, we never received invoice A1.")
    assert work.detail["words"].startswith("Hello,\n\nwe never received invoice A1. Please send a copy.")
    assert "was due on" not in work.detail["words"], "what is quoted is not theirs"
    assert (work.role, work.person) == ("credit manager", "ana")
    assert [(step.account, step.reason) for step in house.preview(THU, days=1, at="07:00").held] == [
        ("ACME", Reason.PAUSED)
    ]
    assert house.run(THU).actions == 0
    assert any(text.startswith("mail answered: Hello, we never received") for text in here.happened())
    said = house.do(lambda engine: tasks.done(engine, "ACME", house.who(THU), because="copy sent"))
    assert said == "“answer a mail” of ACME is done. What waited for ACME goes on from tomorrow."
    assert here.tasks(THU) == []
    assert house.run("2026-10-09").by_kind == {"letter": 1}
    assert here.broken() == ()


def test_an_answer_that_nobody_deals_with_holds_for_some_open_days_only(
    post: Make, build: Callable[..., House]
) -> None:
    here = post(build, more="pause_days = 3\n")
    here.came("reply-outlook-html")
    here.read()
    assert here.house.rows(sa.select(pause.c.kinds, pause.c.until)) == [
        ("email, letter, statement", moment("2026-10-09", "12:00").date())
    ]
    assert [here.house.run(day).actions for day in (THU, "2026-10-09", "2026-10-12")] == [0, 0, 1]
    assert here.tasks("2026-10-12") == [("ACME", "answer a mail")], "it stays on the list"


def test_a_letter_that_waits_to_go_is_called_off_by_an_answer(
    post: Make, build: Callable[..., House]
) -> None:
    here = post(build)
    here.came("reply-bottom")
    here.house.run(THU, "06:00")
    assert len(here.house.waiting()) == 1
    here.read(THU, "07:00")
    assert here.house.deliver(THU).sent == {}
    assert here.house.reason("ACME", "letter") == "paused"


def test_a_bounce_strikes_out_the_address_and_somebody_finds_another(
    post: Make, build_on_each: Callable[..., House]
) -> None:
    here = post(build_on_each, "ACME", "BOLT")
    here.came("bounce-postfix")
    assert here.read() == ["mail read: 1 bounce"]
    assert (here.works(), here.works("BOLT")) == ([0], [1])
    (work,) = here.house.worklist(TUE)
    assert work.detail["what"] == "The address ap@acme.example.com does not work (5.1.1): find another."
    assert here.house.states()[0] == ("email", "email friendly-reminder", "sent"), "it left the house"
    assert ("ACME-1", "email friendly-reminder") in here.house.marks()
    assert any(text.startswith("mail came back (5.1.1)") for text in here.happened())
    here.came("bounce-exchange", "bounce-qmail")
    here.read(THU)
    assert len(here.house.worklist(THU)) == 1, "once"
    assert here.broken() == ()
    names = here.house.rows(sa.select(journal_person.c.value).where(journal_person.c.field == "address"))
    assert [name for (name,) in names] == ["ap@acme.example.com"], (
        "beside the journal, where it can be forgotten"
    )


def test_a_full_mailbox_is_no_wrong_address(post: Make, build: Callable[..., House]) -> None:
    here = post(build)
    here.came("bounce-full", "bounce-refused")
    here.read()
    assert here.works() == [1]
    assert here.tasks() == [("ACME", "mail refused")]


def test_a_bounce_that_anybody_could_have_written_strikes_out_nothing(
    post: Make, build: Callable[..., House]
) -> None:
    here = post(build, "ACME", "BOLT")
    # Of a message that we never sent; and of one that we sent, about somebody else's address.
    here.came("bounce-postfix", change=lambda raw: raw.replace(here.sent().strip("<>").encode(), FORM))
    here.came("bounce-gmail", change=lambda raw: raw.replace(b"ap@acme", b"ap@bolt"))
    here.read()
    assert (here.works(), here.works("BOLT")) == ([1], [1])
    assert here.kept() == [("bounce", None), ("unknown", "ACME")]
    assert here.tasks() == [("ACME", "look at a mail")]


def test_machines_are_noted_and_hold_nothing(post: Make, build: Callable[..., House]) -> None:
    here = post(build)
    names = sorted(path.stem for path in MAILS.glob("automatic-*.eml"))
    here.came(*names, "delayed-postfix", "delivered")
    here.read()
    assert [account for _, account in here.kept()].count("ACME") == len(names) + 1, (
        "the newsletter is nobody's"
    )
    assert {kind for kind, _ in here.kept()} == {"automatic", "delayed"}
    assert here.house.worklist(TUE) == []
    assert here.works() == [1]
    assert here.house.run(THU).actions == 1
    assert any("answered by a machine" in text for text in here.happened())


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("reply-gmail", "it was answered by mail"),
        ("bounce-exchange", "a server had it: it came back from there"),
        ("automatic-outlook", "a machine that had it has answered"),
    ],
)
def test_what_comes_back_ends_a_doubt(
    build: Callable[..., House],
    dovecot: Dovecot,
    user: str,
    inbox_settings: Callable[..., str],
    name: str,
    because: str,
) -> None:
    house = build(house=QUICK, policies={"standard": TWO})
    fill(house, "ACME")
    with scripted(dot=Act(then="drop", accept=True)) as server:
        house.settings(
            f'[mail]\nhost = "127.0.0.1"\nport = {server.port}\ntls = "none"\n'
            'from = "accounts@seller.example.com"\n' + inbox_settings()
        )
        assert len(house.day(MON).uncertain) == 1
        assert house.marks() == set()
    here = Post(house, dovecot, user)
    here.came(name)
    here.read()
    (row,) = house.rows(sa.select(outbox.c.state, outbox.c.reason))
    assert tuple(row) == ("sent", f"delivered, says the inbox: {because}")
    assert house.marks() == {("ACME-1", "email friendly-reminder")}
    assert here.works() == [0 if name.startswith("bounce") else 1]
    assert here.broken() == ()


def test_who_writes_afresh_is_known_by_the_address(post: Make, build: Callable[..., House]) -> None:
    here = post(build, "ACME", "BOLT")
    here.came("reply-fresh")
    assert here.read() == ["mail read: 1 answer"]
    assert here.kept() == [("reply", "ACME")]
    assert here.tasks() == [("ACME", "answer a mail")]


def test_mail_of_nobody_we_know_is_one_task_and_its_text_stays_where_it_is(
    post: Make, build: Callable[..., House]
) -> None:
    here = post(build, "ACME", "BOLT")
    for number in range(3):
        other = b"who%d@nowhere.example" % number
        here.came(
            "reply-fresh",
            change=lambda raw, other=other: raw.replace(b"ap@acme.example.com", other).replace(
                b"<fresh-1", b"<" + other
            ),
        )
    here.came("automatic-newsletter", "unknown-nobody")
    assert here.read() == ["mail read: 1 automatic answer, 4 messages of nobody we know"]
    assert here.tasks() == [("", "mail of nobody we know")]
    texts = here.house.rows(sa.select(received_table.c.text, received_table.c.words))
    assert {tuple(row) for row in texts} == {("", "")}
    done = here.house.do(lambda engine: tasks.done(engine, "inbox", here.house.who(TUE)))
    assert done == "“mail of nobody we know” is done."
    here.came(
        "reply-fresh", change=lambda raw: raw.replace(b"ap@acme", b"x@y").replace(b"<fresh-1", b"<fresh-9")
    )
    here.read(THU)
    assert here.tasks(THU) == [("", "mail of nobody we know")]


def test_an_address_of_two_accounts_names_neither(post: Make, build: Callable[..., House]) -> None:
    here = post(build, "ACME", "BOLT")
    here.house.contact("BOLT", email="AP@acme.example.com")
    here.house.import_customers("2026-10-06")
    here.came("reply-fresh")
    here.read()
    assert here.kept() == [("reply", None)]
    here.came("reply-gmail", account="ACME")
    here.read(THU)
    assert here.kept()[-1] == ("reply", "ACME"), "by the message that it answers"


def test_our_own_people_are_no_customers(post: Make, build: Callable[..., House]) -> None:
    here = post(build)
    here.came(
        "reply-colleague",
        change=lambda raw: raw.replace(b"bob@other.example.org", b"accounts@seller.example.com"),
    )
    here.read()
    assert here.kept() == [("own", "ACME")]
    assert here.house.worklist(TUE) == []


def test_the_same_message_twice_is_one(post: Make, build: Callable[..., House]) -> None:
    here = post(build)
    here.came("reply-gmail", "reply-gmail")
    here.read()
    with here.dovecot.client(here.user) as client:  # the mailbox is made anew: all numbers change
        client.create("Old")
        client.select("INBOX")
        client.uid("MOVE", "1:*", "Old")
        client.close()
        client.delete("INBOX")
        client.create("INBOX")
        client.select("Old")
        client.copy("1:*", "INBOX")
    here.came("reply-inline")
    here.read(THU)
    assert here.kept() == [("reply", "ACME"), ("reply", "ACME")]
    assert len(here.house.worklist(THU)) == 2


def test_what_was_handled_is_moved_and_nothing_else(post: Make, build: Callable[..., House]) -> None:
    here = post(build, more='done = "Dunwell"\n')
    here.came("reply-gmail", "reply-fresh", "unknown-nobody", "automatic-newsletter", "bounce-postfix")
    here.read()
    found = {name: len(mails) for name, mails in here.dovecot.folders(here.user).items()}
    assert found == {"INBOX": 2, "Dunwell": 3}


@pytest.mark.parametrize("limit", [4_000, 16_000, 30_000])
def test_a_line_that_breaks_in_the_middle_loses_and_doubles_nothing(
    post: Make, build: Callable[..., House], limit: int
) -> None:
    accounts = [f"C{number}" for number in range(8)]
    here = post(build, *accounts, more='done = "Dunwell"\n')
    for account in accounts:
        long = b"\r\n".join([b"y" * 70] * 50)
        here.came(
            "reply-gmail",
            account=account,
            change=lambda raw, account=account, long=long: raw.replace(
                b"<reply-gmail@", f"<{account}@".encode()
            ).replace(b"Hello,", b"Hello,\r\n" + long),
        )
    good = (here.house.root / "dunwell.toml").read_text()
    with line(here.dovecot.tls, limit=limit) as bad:
        (here.house.root / "dunwell.toml").write_text(
            good.replace(f"port = {here.dovecot.tls}", f"port = {bad.port}")
        )
        here.house.read = None
        said = here.read()
        assert said[-1].startswith("the inbox: ")
    (here.house.root / "dunwell.toml").write_text(good)
    here.house.read = None
    assert here.alarms() == [], "one break is nobody's business"
    here.read(TUE, "09:10")
    assert sorted(here.kept()) == [("reply", account) for account in accounts]
    assert sorted(here.tasks()) == [(account, "answer a mail") for account in accounts]
    assert len(here.house.rows(sa.select(pause.c.id))) == 8
    assert {name: len(mails) for name, mails in here.dovecot.folders(here.user).items()} == {
        "INBOX": 0,
        "Dunwell": 8,
    }


@pytest.mark.fault(37)
def test_a_wrong_password_is_tried_once_an_hour_and_somebody_hears_of_it(
    post: Make, build: Callable[..., House]
) -> None:
    here = post(build)
    here.came("reply-gmail")
    (here.house.root.parent / "inbox.password").write_text("wrong")
    here.house.read = None
    assert here.due(TUE, "09:00")
    (said,) = here.read()
    assert said.startswith("the inbox: the mail server refuses our login")
    assert here.alarms() == [said.removeprefix("the inbox: ")]
    assert [here.due(TUE, at) for at in ("09:05", "09:59", "10:00")] == [False, False, True]
    (here.house.root.parent / "inbox.password").write_text("s3cret")
    here.house.read = None
    assert here.read(TUE, "10:00") == ["mail read: 1 answer"]
    assert here.alarms() == []
    assert [here.due(TUE, at) for at in ("10:04", "10:05")] == [False, True]


def test_a_server_that_is_away_for_long_is_somebodys_business(
    post: Make, build: Callable[..., House]
) -> None:
    here = post(build)
    good = (here.house.root / "dunwell.toml").read_text()
    (here.house.root / "dunwell.toml").write_text(good.replace(f"port = {here.dovecot.tls}", "port = 1"))
    here.house.read = None
    for at in ("09:00", "09:05"):
        here.read(TUE, at)
        assert here.alarms() == []
    here.read(TUE, "09:10")
    assert len(here.alarms()) == 1
    assert here.due(TUE, "09:15")


def test_when_told_to_stop_it_stops_and_the_rest_comes_later(post: Make, build: Callable[..., House]) -> None:
    here = post(build)
    here.came("reply-gmail", "reply-inline")
    stop = threading.Event()
    stop.set()
    assert read_inbox(here.house.ws, lambda: moment(TUE, "09:00"), stop) == []
    assert here.kept() == []
    assert here.alarms() == []
    assert here.due(TUE, "09:01"), "there is more"
    here.read(TUE, "09:01")
    assert len(here.kept()) == 2
    assert not here.due(TUE, "09:02")


def test_a_long_visit_lets_the_others_have_their_turn(post: Make, build: Callable[..., House]) -> None:
    here = post(build)
    raw = here.mail("reply-fresh")
    mails = [raw.replace(b"<fresh-1", b"<f%d" % n).replace(b"ap@acme", b"n@n%d" % n) for n in range(120)]
    here.dovecot.put(here.user, *mails)
    times = iter(moment(TUE, "09:00") + timedelta(seconds=step) for step in range(10_000))
    read_inbox(here.house.ws, lambda: next(times), threading.Event())
    assert len(here.kept()) == 100
    assert here.due(TUE, "09:03"), "there is more"
    here.read(TUE, "09:03")
    assert len(here.kept()) == 120


def test_the_account_owner_gets_the_task_where_they_work_here(
    post: Make, build: Callable[..., House]
) -> None:
    here = post(build)
    engine = here.house.engine
    with database.writing(engine) as conn:
        conn.execute(sa.text("UPDATE customer SET owner = 'Joe' WHERE account = 'ACME'"))
    engine.dispose()
    here.came("reply-gmail")
    here.read()
    assert [(work.role, work.person) for work in here.house.worklist(TUE)] == [("account owner", "joe")]


def test_a_payment_ends_no_task_of_an_answer(post: Make, build: Callable[..., House]) -> None:
    here = post(build)
    here.came("reply-gmail")
    here.read()
    here.house.owes("BOLT", "B1", "2026-12-30")
    here.house.paid("ACME-1")
    here.house.import_ledger(TUE, "10:00")
    here.house.run(TUE, "11:00")
    assert here.tasks() == [("ACME", "answer a mail")]


def test_a_pause_of_a_person_stays_when_the_answer_is_dealt_with(
    post: Make, build: Callable[..., House]
) -> None:
    here = post(build)
    house = here.house
    here.came("reply-gmail")
    here.read()
    house.do(lambda engine: cases.pause(engine, "ACME", house.who(TUE), because="new address"))
    house.do(lambda engine: tasks.done(engine, "ACME", house.who(TUE)))
    assert house.run(THU).actions == 0


def test_a_bounce_of_what_another_program_sent_for_us_counts_too(
    build: Callable[..., House], dovecot: Dovecot, user: str, inbox_settings: Callable[..., str]
) -> None:
    """Messages in the folder are sent by others; then what we know of the recipients is in the master."""
    house = build(house=QUICK, policies={"standard": TWO})
    fill(house, "ACME", "BOLT")
    house.settings(inbox_settings())
    house.day(MON)
    here = Post(house, dovecot, user)
    here.came("bounce-exim")
    here.came("bounce-gmail", change=lambda raw: raw.replace(b"ap@acme", b"ap@bolt"))
    here.read()
    assert (here.works(), here.works("BOLT")) == ([0], [1])
    assert here.kept() == [("bounce", "ACME"), ("unknown", "ACME")]


def test_a_flood_of_answers_is_kept_and_does_not_bury_the_list(
    post: Make, build: Callable[..., House]
) -> None:
    here = post(build)
    raw = here.mail("reply-gmail")
    here.dovecot.put(here.user, *(raw.replace(b"<reply-gmail", b"<flood%d" % number) for number in range(30)))
    assert here.read() == ["mail read: 30 answers"]
    assert (len(here.tasks()), len(here.house.rows(sa.select(pause.c.id)))) == (20, 20)


def test_a_message_that_cannot_be_taken_in_keeps_no_other_back(
    post: Make, build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = post(build, "ACME", "BOLT")
    usual = sentences.answer_mail

    def fails(sender: str, words: str, subject: str) -> str:
        if "disputed" in words:
            raise ZeroDivisionError
        return usual(sender, words, subject)

    monkeypatch.setattr(sentences, "answer_mail", fails)
    here.came("reply-inline")
    here.came("reply-gmail", account="BOLT")
    assert here.read() == [
        "mail read: 1 answer, 1 message of nobody we know",
        "the inbox: a message could not be taken in: ZeroDivisionError",
    ]
    assert sorted(here.tasks()) == [("", "mail of nobody we know"), ("BOLT", "answer a mail")]
    assert len(here.house.rows(sa.select(pause.c.id))) == 1, "nothing of the other is left"


def test_the_service_reads_it_before_it_decides() -> None:
    names = [duty.name for duty in DUTIES]
    assert names.index("inbox") < names.index("evaluate")
    duty = DUTIES[names.index("inbox")]
    module, _, function = duty.work.partition(":")
    assert (getattr(importlib.import_module(module), function), duty.due) == (read_inbox, received.due)


def test_the_status_says_how_the_mailbox_is(post: Make, build: Callable[..., House]) -> None:
    here = post(build)

    def status() -> tuple[str, ...]:
        def look(engine: sa.Engine) -> tuple[str, ...]:
            with database.reading(engine) as conn:
                return received.status(conn, here.house.ws.files)

        return here.house.do(look)

    assert status() == (f"mailbox {here.user}: never read yet",)
    here.read()
    assert status() == (f"mailbox {here.user}: read 2026-10-06 13:00 UTC",)


def test_what_was_sent_before_the_upgrade_is_known_too(tmp_path: Path) -> None:
    """The first version kept the Message-ID in the evidence only."""
    file = tmp_path / "old.db"
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    old = sa.create_engine(f"sqlite:///{file}")
    with old.begin() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        values = {"key": "k", "account": "A", "kind": "email", "day": 1, "amount": 1, "currency": "USD"}
        values |= {"episode": 1, "policy": "p", "step": "s", "item": "", "occurrence": 0, "state": "sent"}
        names = ", ".join(f'"{name}"' for name in (*values, "on", "since"))
        marks = ", ".join(f":{name}" for name in values)
        conn.execute(
            sa.text(f"INSERT INTO action ({names}) VALUES ({marks}, '2026-10-05', '2026-10-05')"), values
        )
        payload = '{"evidence": {"message-id": "<a@b>"}}'
        insert = (
            "INSERT INTO outbox (action, channel, state, payload) VALUES ('k', 'email', 'sent', :payload)"
        )
        conn.execute(sa.text(insert), {"payload": payload})
    old.dispose()
    engine = database.open(file)
    with database.reading(engine) as conn:
        found = received.ours(conn, ["<x@y>", "<a@b>"])
    engine.dispose()
    assert found is not None
    assert (found.key, found.account) == ("k", "A")


@pytest.mark.fault(55)
def test_two_who_read_at_the_same_time_take_each_message_once(
    post: Make, build_on_each: Callable[..., House]
) -> None:
    here = post(build_on_each, more='done = "Dunwell"\n')
    raw = here.mail("reply-gmail")
    here.dovecot.put(here.user, *(raw.replace(b"<reply-gmail", b"<m%d" % number) for number in range(15)))
    said: list[str] = []
    ws, stop = here.house.ws, threading.Event()
    readers = [
        threading.Thread(target=lambda: said.extend(read_inbox(ws, lambda: moment(TUE, "09:00"), stop)))
        for _ in range(3)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    assert said == ["mail read: 15 answers"]
    assert len(here.kept()) == len(here.tasks()) == 15


def test_strangers_are_forgotten_in_time_and_customers_are_not(
    post: Make, build: Callable[..., House]
) -> None:
    here = post(build, "ACME", "BOLT")
    here.came("reply-gmail", "unknown-nobody", "automatic-newsletter")
    here.read()
    here.read("2027-01-10")
    assert len(here.kept()) == 3
    here.read("2027-01-20")
    assert here.kept() == [("reply", "ACME")]
