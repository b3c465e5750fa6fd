"""The seven rules hold on a house's real story, and each is seen to be broken where somebody breaks it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.jobs.verify import RULES, verify
from engine.outbox import Resolution
from engine.store import database, journal
from engine.store.journal import Entry
from engine.store.tables import ACTION_COLUMNS
from tests.channels.servers import Act, scripted
from tests.jobs.world import House
from tests.verify.conftest import MAIL as SERVER
from tests.verify.conftest import resolved

LATER = datetime(2026, 11, 12, tzinfo=UTC)
MAIL = "main|ACME|1|email friendly-reminder|A1|0|email|accounts payable|"
LETTER = "main|ACME|1|letter firm-reminder|A1|0|letter|accounts payable|"
DELL = "main|DELL|1|email friendly-reminder|D1|0|email|accounts payable|"
COLUMNS = ", ".join(f'"{name}"' for name in ACTION_COLUMNS)
OTHERS = ", ".join(f'"{name}"' for name in ACTION_COLUMNS[1:])

Break = Callable[[Connection], None]


def sql(*statements: str) -> Break:
    def work(conn: Connection) -> None:
        for statement in statements:
            changed = conn.execute(sa.text(statement), {"mail": MAIL, "letter": LETTER, "dell": DELL})
            assert changed.rowcount, statement

    return work


def forced(*statements: str) -> Break:
    """By somebody who may change the tables too: what guards the journal is taken away first."""

    def work(conn: Connection) -> None:
        if conn.dialect.name == "postgresql":
            conn.execute(sa.text("DROP TRIGGER journal_is_kept ON journal"))
        else:
            for change in ("update", "delete"):
                conn.execute(sa.text(f"DROP TRIGGER journal_no_{change}"))
        sql(*statements)(conn)

    return work


def said(body: dict[str, object], account: str = "ACME") -> Break:
    return lambda conn: journal.append(conn, [Entry("delivery", account, body)], LATER) and None


def both(first: Break, then: Break) -> Break:
    return lambda conn: first(conn) or then(conn)


def test_a_real_story_is_whole(told: House) -> None:
    engine = told.engine
    with database.reading(engine) as conn:
        found = verify(conn, told.out)
    engine.dispose()
    assert found.broken == ()
    assert [one.id for one in found.each] == list(RULES)
    looked = {one.id: one.looked for one in found.each}
    assert looked["I1"] >= 12, "five mails, letters, calls, cash on delivery with its notice"
    assert looked["I5"] == 3, "cash on delivery of three accounts"
    assert found.each[2].notes == ()


def test_what_turns_out_delivered_after_the_payment_was_tried_before_it(build: Callable[..., House]) -> None:
    house = build()
    house.owes("BOLT", "B1", "2026-09-27")
    house.owes("ECHO", "E1", "2026-10-20")
    house.contact("BOLT")
    house.import_customers()
    house.import_ledger("2026-10-02")
    with scripted(dot=Act(then="drop", accept=True)) as server:
        house.settings(SERVER.format(port=server.port))
        assert len(house.day("2026-10-02").uncertain) == 1
    house.paid("B1")
    house.import_ledger("2026-10-05")
    resolved(house, "BOLT", Resolution.DELIVERED)
    engine = house.engine
    with database.reading(engine) as conn:
        assert verify(conn, house.out).broken == ()
    engine.dispose()


FAULTS: dict[str, tuple[str, str, Break]] = {
    "sent twice": (
        "I1",
        "2 times that it was sent",
        said({"key": MAIL, "channel": "email", "state": "sent", "said": ""}),
    ),
    "sent and waiting": (
        "I1",
        "the outbox has it as pending",
        sql(
            "UPDATE outbox SET state = 'pending' WHERE action = :mail",
            "UPDATE action SET state = 'planned' WHERE key = :mail",
        ),
    ),
    "sent under two keys": (
        "I1",
        "was sent 2 times",
        sql(f"INSERT INTO action ({COLUMNS}) SELECT key || '+1', {OTHERS} FROM action WHERE key = :mail"),
    ),
    "taken and not marked": ("I1", "would be asked again", sql("DELETE FROM mark WHERE action = :mail")),
    "no message": ("I2", "the outbox does not have it", sql("DELETE FROM outbox WHERE action = :letter")),
    "two states": (
        "I2",
        "its message is sent",
        sql("UPDATE action SET state = 'planned' WHERE key = :letter"),
    ),
    "no reason": (
        "I2",
        "nothing says why",
        sql("UPDATE action SET reason = NULL WHERE key = :dell"),
    ),
    "no reason in doubt": (
        "I2",
        "it is uncertain, and nothing says why",
        sql(
            "UPDATE outbox SET state = 'uncertain', reason = '' WHERE action = :mail",
            "UPDATE action SET state = 'uncertain' WHERE key = :mail",
        ),
    ),
    "no such state": (
        "I2",
        "no state of an action",
        sql("UPDATE action SET state = 'lost' WHERE key = :mail"),
    ),
    "nobody's": (
        "I2",
        "by nobody",
        sql(
            "UPDATE outbox SET state = 'sending', owner = NULL WHERE action = :mail",
            "UPDATE action SET state = 'sending' WHERE key = :mail",
        ),
    ),
    "an action gone": (
        "I2",
        "and it is not there",
        sql(
            "DELETE FROM outbox WHERE action = :letter",
            "DELETE FROM message_copy WHERE action = :letter",
            "DELETE FROM action WHERE key = :letter",
        ),
    ),
    "an action from nowhere": (
        "I2",
        "the journal never decided it",
        sql(f"INSERT INTO action ({COLUMNS}) SELECT 'main|ACME|7|x', {OTHERS} FROM action WHERE key = :dell"),
    ),
    "a due step without an action": (
        "I2",
        "no action came of it",
        sql("UPDATE action SET policy = 'other' WHERE account = 'CORE' AND kind = 'letter'"),
    ),
    "other counts": (
        "I2",
        "other counts than were sealed",
        sql("""UPDATE run SET counts = '{"actions": 77}' WHERE business_date = '2026-10-20'"""),
    ),
    "a run gone": (
        "I2",
        "is in the journal, and it is not there",
        sql(
            "DELETE FROM sealed_part WHERE run = (SELECT MIN(id) FROM run)",
            "DELETE FROM decision WHERE run = (SELECT MIN(id) FROM run)",
            "DELETE FROM class_choice WHERE run = (SELECT MIN(id) FROM run)",
            "DELETE FROM run WHERE id = (SELECT MIN(id) FROM run)",
        ),
    ),
    "no evidence": (
        "I3",
        "nothing shows that it was",
        sql("UPDATE outbox SET payload = '{}' WHERE action = :letter"),
    ),
    "not in the journal": (
        "I3",
        "the journal does not know of it",
        sql(
            "UPDATE outbox SET state = 'sent' WHERE action = :dell",
            "UPDATE action SET state = 'sent' WHERE key = :dell",
        ),
    ),
    "marked and not done": (
        "I3",
        "nothing was done: it is lost",
        sql("UPDATE action SET taken_on = NULL WHERE key = :mail"),
    ),
    "sent after the item was gone": (
        "I4",
        "was known to be paid",
        sql("UPDATE item SET open = 0, vanished_on = '2026-10-05' WHERE account = 'CORE'"),
    ),
    "sent after the payment": (
        "I4",
        "was known to be paid",
        sql(
            "UPDATE item SET open = 0 WHERE account = 'CORE'",
            "INSERT INTO payment (account, item, amount, currency, paid_on, file)"
            " SELECT 'CORE', 'C1', 120000, 'USD', '2026-10-04', MIN(id) FROM ledger_file WHERE kind = 'ledger'",
        ),
    ),
    "another amount": (
        "I6",
        "its items come to 120000 USD",
        sql("UPDATE action SET amount = amount + 1 WHERE key = :mail"),
    ),
    "another item": (
        "I6",
        "its items come to 120001 USD",
        sql("UPDATE action SET detail = REPLACE(detail, '120000', '120001') WHERE key = :mail"),
    ),
    "another currency": (
        "I6",
        "asks for 120000 EUR",
        sql("UPDATE action SET currency = 'EUR' WHERE key = :mail"),
    ),
    "not what was decided": (
        "I6",
        "the journal decided another amount",
        sql(
            "UPDATE action SET amount = amount + 1, detail = REPLACE(detail, '120000', '120001')"
            " WHERE key = :mail"
        ),
    ),
    "not the ledger": (
        "I6",
        "the ledger says 110000",
        sql("UPDATE item SET open = 110000 WHERE account = 'ACME' AND item = 'A1'"),
    ),
    "a changed entry": (
        "I7",
        "it was changed",
        forced(
            "UPDATE journal SET body = REPLACE(body, 'friendly', 'angry')"
            " WHERE seq = (SELECT MIN(seq) FROM journal WHERE kind = 'action')"
        ),
    ),
    "the end cut off": (
        "I7",
        "the end was cut off",
        both(
            said({"key": MAIL, "channel": "email", "state": "retry", "said": ""}),
            forced("DELETE FROM journal WHERE seq = (SELECT MAX(seq) FROM journal)"),
        ),
    ),
    "another decision": (
        "I7",
        "decided of the accounts was changed",
        sql("UPDATE decision SET class = class + 1 WHERE account = 'ACME'"),
    ),
    "a decision of nobody": (
        "I7",
        "decided of the accounts was changed",
        sql("INSERT INTO decision SELECT 'ZED', run, time, item, class FROM decision WHERE account = 'ACME'"),
    ),
    "a decision gone": (
        "I7",
        "decided of the accounts was changed",
        sql("DELETE FROM decision WHERE account = 'ACME'"),
    ),
    "another reason": (
        "I7",
        "what its classes stand for, is not as it was written",
        sql("UPDATE class_choice SET reason = 'paused'"),
    ),
    "a decision sealed anew": (
        "I7",
        "was sealed over",
        sql("DELETE FROM decision WHERE account = 'ACME'", "UPDATE sealed_part SET hash = 'other'"),
    ),
    "another day": (
        "I7",
        "and says otherwise",
        sql("UPDATE run SET business_date = '2026-09-01' WHERE id = 1"),
    ),
    "another book": (
        "I7",
        "and says otherwise",
        sql("INSERT INTO book VALUES ('b', '{}', '2026-10-01')", "UPDATE run SET book = 'b' WHERE id = 1"),
    ),
    "another word of a policy": (
        "I7",
        "are not those that runs were decided with",
        sql("UPDATE book SET texts = REPLACE(texts, 'friendly', 'angry')"),
    ),
    "a run that nobody made": (
        "I7",
        "the journal knows nothing of what the run of",
        sql(
            "INSERT INTO class_choice (run, time, number, verdict, reason)"
            " SELECT run, 9, number, verdict, reason FROM class_choice"
        ),
    ),
    "nothing sealed": ("I7", "was sealed over", sql("DELETE FROM sealed_part")),
    "the salt gone": ("I7", "was sealed over", sql("DELETE FROM journal_person WHERE field = 'decided'")),
    "the end cut off with care": (
        "I7",
        "a run was sealed over it",
        forced(
            "DELETE FROM journal WHERE seq > 9",
            "UPDATE journal_head SET seq = 9, hash = (SELECT hash FROM journal WHERE seq = 9)",
        ),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(tampered: Connection, told: House, name: str) -> None:
    rule, words, fault = FAULTS[name]
    fault(tampered)
    found = verify(tampered, told.out)
    assert not found.whole
    assert any(words in broken.sentence for id_, broken in found.broken if id_ == rule), found.broken
    assert all(broken.remedy for _, broken in found.broken)


def test_a_request_that_somebody_changed_is_found(tampered: Connection, told: House) -> None:
    path = next(told.out.glob("requests/*/*.json"))
    content = path.read_bytes()
    path.write_bytes(content.replace(b"cash on delivery", b"60 days"))
    try:
        found = verify(tampered, told.out)
    finally:
        path.write_bytes(content)
    ((rule, broken),) = found.broken
    assert (rule, path.name in broken.sentence) == ("I5", True)


def test_letters_that_were_taken_away_are_worth_a_note_and_no_fault(
    tampered: Connection, told: House
) -> None:
    path = told.letters()[0]
    content = path.read_bytes()
    path.unlink()
    try:
        found = verify(tampered, told.out)
    finally:
        path.write_bytes(content)
    assert found.whole
    (note,) = found.each[2].notes
    assert note.startswith("1 file is no longer in out")


def test_a_row_that_cannot_be_read_is_a_fault_and_stops_nothing(tampered: Connection, told: House) -> None:
    sql("UPDATE outbox SET payload = 'half a li' WHERE action = :letter")(tampered)
    found = verify(tampered, told.out)
    assert {rule for rule, _ in found.broken} >= {"I3"}
    assert found.each[6].broken == (), "the journal was looked at all the same"
