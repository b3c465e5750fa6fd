"""The outbox and the journal: words of its own for one message, another day, an end to a doubt; searched and taken out."""

from __future__ import annotations

import re
from html import unescape

import pytest
import sqlalchemy as sa

from engine.jobs import deliver, waiting
from engine.store import journal as book
from engine.store.database import reading, writing
from engine.store.tables import action, journal, message_copy, outbox
from tests.jobs.world import moment
from tests.web.conftest import MONDAY, Place, words

LATER = moment("2026-10-12", "11:00")


def key_of(place: Place, account: str, channel: str = "email") -> str:
    with reading(place.desk.engine) as conn:
        query = sa.select(outbox.c.action).join(action, action.c.key == outbox.c.action)
        found: str = conn.execute(
            query.where(action.c.account == account, outbox.c.channel == channel, outbox.c.state == "pending")
        ).scalar_one()
        return found


def path(name: str, key: str) -> str:
    from engine.web.html import url

    return url(name, key)


def state(place: Place, key: str, *columns: str) -> tuple[object, ...]:
    with reading(place.desk.engine) as conn:
        return tuple(
            conn.execute(sa.select(*(outbox.c[name] for name in columns)).where(outbox.c.action == key)).one()
        )


def sent(place: Place) -> str:
    """What lies in the folder after a round of delivery."""
    deliver.deliver_now(place.house.ws, now=place.now)
    return "\n".join(file.read_text("utf-8") for file in place.house.out.rglob("*.eml"))


def test_a_message_goes_with_words_of_its_own_and_the_amounts_of_then(place: Place) -> None:
    manager, key = place.as_("ana"), key_of(place, "ACC1")
    page = manager.get(path("words", key)).text
    body = unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.S)[1])  # type: ignore[index]
    assert "{{ invoice_list }}" in body
    own = body.replace("{{ signature }}", "With thanks for our talk of Friday\n\n{{ signature }}")
    assert own != body
    said = manager.said(path("words", key), subject="About invoice I1, account {{ account }}", body=own)
    assert "goes with these words" in said
    shown = manager.get(path("message", key)).text
    assert "With thanks for our talk of Friday" in shown
    assert "With words of Ana Reyes" in shown
    assert "own words" in manager.get("/outbox").text
    mail = sent(place)
    assert "Subject: About invoice I1, account ACC1" in mail
    assert "With thanks for our talk of Friday" in mail
    assert "$1,300.00" in mail
    assert mail.count("With thanks for our talk") == 2  # of one message: as text and as HTML
    with reading(place.desk.engine) as conn:
        assert book.verify(conn) > 0
        kinds = conn.execute(sa.select(journal.c.kind).where(journal.c.account == "ACC1")).scalars().all()
        assert conn.execute(sa.select(sa.func.count()).select_from(message_copy)).scalar_one() >= 1
    assert "message edited" in kinds
    assert manager.sends(path("words", key), subject="x", body=own).status_code == 422  # it has gone


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body.replace("{{ invoice_list }}", ""), "invoice"),
        (lambda body: body.replace("{{ invoice_list }}", "{{ invoce_list }}"), "invoce_list"),
        (lambda body: body + "\n\nPay at once!", "exclamation"),
        (lambda body: body + "{% for n in range(99999999) %}{{ n }}{% endfor %}", ""),
        (lambda body: body + "\n\nWe will sue you in court.", ""),
        (lambda body: "{% if %}", "template"),
    ],
)
def test_words_that_no_demand_may_have_are_refused_and_kept_in_the_form(
    place: Place, change: object, said: str
) -> None:
    manager, key = place.as_("ana"), key_of(place, "ACC1")
    with reading(place.desk.engine) as conn:
        found = waiting.words(place.desk.workspace, conn, key)
    assert callable(change)
    body = change(found.body)
    answer = manager.sends(path("words", key), subject=found.subject, body=body)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert body.strip()[-20:] in unescape(answer.text)
    assert state(place, key, "state") == ("pending",)
    with reading(place.desk.engine) as conn:
        detail = conn.execute(sa.select(action.c.detail).where(action.c.key == key)).scalar_one()
    assert "edited" not in detail


def test_the_templates_words_again(place: Place) -> None:
    manager, key = place.as_("ana"), key_of(place, "ACC1")
    with reading(place.desk.engine) as conn:
        found = waiting.words(place.desk.workspace, conn, key)
    manager.sends(path("words", key), subject="Another subject", body=found.body)
    assert "Another subject" in manager.get(path("message", key)).text
    assert "as its template says" in manager.said(path("words", key), do="restore")
    assert "Another subject" not in manager.get(path("message", key)).text


def test_a_message_that_was_edited_is_called_off_once_it_is_paid(place: Place) -> None:
    manager, key = place.as_("ana"), key_of(place, "ACC1")
    with reading(place.desk.engine) as conn:
        found = waiting.words(place.desk.workspace, conn, key)
    manager.sends(path("words", key), subject="Another subject", body=found.body)
    with writing(place.desk.engine) as conn:
        from engine.store.tables import item

        conn.execute(sa.update(item).where(item.c.account == "ACC1").values(open=0))
    assert "Another subject" not in sent(place)
    assert state(place, key, "state") == ("cancelled",)


def test_another_day_for_a_message(place: Place) -> None:
    manager, key = place.as_("ana"), key_of(place, "ACC1")
    for until in ("yesterday", "2027-01-01", "", "today"):
        assert manager.sends(path("postpone", key), until=until, because="trade fair").status_code == 422
    assert manager.sends(path("postpone", key), until="wednesday").status_code == 422
    said = manager.said(path("postpone", key), until="wednesday", because="they are at a trade fair")
    assert "waits until Wed 14" in unescape(said)
    assert "trade fair" in manager.get("/outbox?state=waits").text
    assert "account ACC1" not in sent(place)
    place.later(days=1)
    assert "account ACC1" not in sent(place)
    place.later(days=1)
    assert "account ACC1" in sent(place)
    assert sent(place).count("Subject: ") == len({*re.findall("Subject: .*", sent(place))})


def test_called_off_with_a_reason(place: Place) -> None:
    manager, joe, key = place.as_("ana"), place.as_("joe"), key_of(place, "ACC1")
    assert joe.sends(path("cancel", key), because="no").status_code == 403
    assert manager.sends(path("cancel", key)).status_code == 422
    assert "called off by ana: a mistake of ours" in manager.said(
        path("cancel", key), because="a mistake of ours"
    )
    assert manager.sends(path("cancel", key), because="again").status_code == 422
    assert "account ACC1" not in sent(place)


def test_a_doubt_is_ended_by_a_person_who_says_how_it_is_known(place: Place) -> None:
    manager, key = place.as_("ana"), key_of(place, "ACC1")
    with writing(place.desk.engine) as conn:
        conn.execute(sa.update(outbox).where(outbox.c.action == key).values(state="uncertain"))
        conn.execute(sa.update(action).where(action.c.key == key).values(state="uncertain"))
    page = manager.get(path("message", key)).text
    assert "Nobody can know here whether it arrived" in page
    assert "in doubt 1" in words(manager.get("/outbox").text)
    wrong = manager.sends(path("resolve", key))
    assert wrong.status_code == 422
    assert wrong.text.count('class="why"') == 2
    assert manager.sends(path("resolve", key), how="guess", evidence="x").status_code == 422
    assert "delivered, says ana" in manager.said(
        path("resolve", key), how="delivered", evidence="the server's log"
    )
    assert state(place, key, "state") == ("sent",)


def test_failed_is_tried_again(place: Place) -> None:
    joe, key = place.as_("joe"), key_of(place, "ACC1")
    assert joe.sends(path("retry", key)).status_code == 409  # it has not been tried yet
    with writing(place.desk.engine) as conn:
        conn.execute(sa.update(outbox).where(outbox.c.action == key).values(state="failed", reason="full"))
    assert "Try again now" in joe.get(path("message", key)).text
    assert "tried again by joe" in joe.said(path("retry", key))
    assert "account ACC1" in sent(place)


def test_searched_and_taken_out(place: Place) -> None:
    reader = place.as_(place.has("reader"))
    assert "ACC1" in reader.get("/outbox?with=acc1").text
    assert "ACC3" not in reader.get("/outbox?with=acc1 reminder").text
    assert "No message is like that" in reader.get("/outbox?with=100%25").text
    table = reader.get("/outbox.csv?state=waits")
    assert table.headers["content-disposition"] == f'attachment; filename="outbox-{MONDAY}.csv"'
    assert table.text.startswith("\ufeffday,account") or table.content.startswith(b"\xef\xbb\xbfday,account")
    with writing(place.desk.engine) as conn:
        conn.execute(sa.update(outbox).values(reason="=cmd|' /C calc'!A0"))
    assert "'=cmd" in reader.get("/outbox.csv").text
    assert reader.get("/message/of-nothing").status_code == 404
    key = key_of(place, "ACC1")
    page = reader.get(path("message", key)).text
    assert "Call it off" not in page
    assert "Change its words" not in page


def test_the_journal_tells_who_did_what(place: Place) -> None:
    joe = place.as_("joe")
    joe.sends("/note/ACC0", text="=1+1 they moved")
    page = joe.get("/journal?account=ACC0&by=joe").text
    assert "they moved" in page
    assert "Joe Ortiz" in page
    assert "No entry is like that" in joe.get("/journal?kind=nothing").text
    number = int(re.search(r'<td class="n">(\d+)</td>', page)[1])  # type: ignore[index]
    assert "they moved" not in joe.get(f"/journal?before={number}").text
    assert joe.get("/journal?before=abc").status_code == 200
    table = joe.get("/journal.csv?kind=note").text
    assert "joe" in table
    assert "they moved" in table
