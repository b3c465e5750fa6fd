"""The call: what is typed is kept, what is missing is said at its field, and what follows is offered at once."""

from __future__ import annotations

import re
from html import unescape

import pytest
import sqlalchemy as sa

from engine.store.database import reading
from engine.store.tables import action, call, call_draft, journal
from tests.web.conftest import STRANGE, Place, words


def rows(place: Place, *columns: sa.ColumnElement[object]) -> list[tuple[object, ...]]:
    with reading(place.desk.engine) as conn:
        return [tuple(row) for row in conn.execute(sa.select(*columns))]


def test_what_is_typed_before_a_hang_up_is_kept_and_taken_up(place: Place) -> None:
    joe = place.as_("joe")
    assert "Call<span" in joe.get("/today").text
    said = joe.sends(
        "/draft/ACC0", **{"answer.reason": "cash_crunch_short", "answer.story": "A <b>hard</b> month"}
    )
    assert said.text == "kept at 10:30"
    page = joe.sends("/outcome/ACC0", outcome="hung up", **{"answer.spoken with": "Clerk of ACC0"})
    assert page.headers["location"] == "/call/ACC0?outcome=hung+up&block=1#form"
    form = joe.get("/call/ACC0?outcome=hung+up").text
    assert re.search(r'<option value="cash_crunch_short" selected', form)
    assert "A &lt;b&gt;hard&lt;/b&gt; month" in form
    assert 'value="Clerk of ACC0"' in form
    assert "call back in 10 minutes" in form
    assert len(rows(place, call_draft.c.by)) == 1
    before = rows(place, journal.c.seq)
    joe.sends("/draft/ACC0", **{"answer.reason": "cash_crunch_short"})
    assert rows(place, journal.c.seq) == before  # nothing new was typed
    unpicked = joe.sends("/call/ACC0", outcome="hung up")
    assert unpicked.status_code == 422
    logged = unescape(joe.said("/call/ACC0", outcome="hung up", then="2"))
    assert "ACC0: hung up." in logged
    assert "A call follows at 10:40" in logged
    assert rows(place, call.c.outcome, call.c.story) == [("hung up", "A <b>hard</b> month")]
    assert rows(place, call_draft.c.by) == []
    assert re.search(r'<time datetime="[^"]+" data-clock>10:40</time>', joe.get("/today").text)


def test_what_is_missing_is_said_at_its_field(place: Place) -> None:
    joe = place.as_("joe")
    answer = joe.sends(
        "/call/ACC0", outcome="promise to pay", **{"answer.amount": "many", "answer.date": "friday"}
    )
    assert answer.status_code == 422
    page = answer.text
    assert 'value="many" autocomplete="off" aria-invalid="true"' in page
    assert 'value="friday"' in page
    assert page.count('class="why"') == 3  # why, who, how much
    assert "This is needed: who was on the line" in words(page)
    assert rows(place, call.c.outcome) == []
    nothing = joe.sends("/call/ACC0")
    assert "Choose what came of the call" in words(nothing.text)
    told = joe.said(
        "/call/ACC0",
        outcome="promise to pay",
        **{
            "answer.amount": "500",
            "answer.date": "friday",
            "answer.reason": "cash_crunch_short",
            "answer.spoken with": "Dana",
            "answer.invoice": ["I0"],
        },
    )
    assert "promise to pay" in told


def test_a_dispute_asks_for_what_is_contested(place: Place) -> None:
    joe = place.as_("joe")
    form = joe.get("/call/ACC0?outcome=dispute").text
    assert re.search(r'type="checkbox" name="answer.invoice" value="I0"', form)
    assert "cash crunch" not in re.search(r'name="answer.reason".*?</select>', form, re.S)[0]  # type: ignore[index]
    filled = {
        "answer.reason": "dispute:short_shipment",
        "answer.spoken with": "Dana",
        "answer.invoice": ["I0"],
    }
    assert "dispute" in joe.said("/call/ACC0", outcome="D", **filled)


def test_a_form_that_is_sent_twice_is_taken_once(place: Place) -> None:
    joe = place.as_("joe")
    once = re.search(r'name="once" value="([^"]+)"', joe.get("/call/ACC0?outcome=no+answer").text)[1]  # type: ignore[index]
    assert joe.sends("/call/ACC0", outcome="no answer", once=once).status_code == 303
    again = joe.sends("/call/ACC0", outcome="no answer", once=once)
    assert again.status_code == 422
    assert "sent already" in words(again.text)
    assert len(rows(place, call.c.outcome)) == 1


def test_a_reader_reads_and_logs_nothing(place: Place) -> None:
    reader = place.as_(place.has("reader"))
    page = reader.get("/call/ACC0").text
    assert "What came of it" not in page
    for path in ("/call/ACC0", "/draft/ACC0", "/outcome/ACC0"):
        assert reader.sends(path, outcome="no answer").status_code == 403
    assert rows(place, call.c.outcome) == []


@pytest.mark.parametrize(
    "path", ["/call/NOBODY", "/call/ACC0?outcome=nonsense", "/call/ACC0?script=nonsense"]
)
def test_what_is_not_there(place: Place, path: str) -> None:
    answer = place.as_("joe").get(path)
    assert answer.status_code == 404
    assert "did you mean" in words(answer.text).lower() or "there is no" in words(answer.text).lower()


def test_a_strange_name_is_only_words(place: Place) -> None:
    page = place.as_("joe").get("/call/STRANGE").text
    assert "&lt;script&gt;" in page
    assert STRANGE not in page
    assert rows(place, action.c.account)


def test_block_after_block_and_the_demand_last(place: Place) -> None:
    joe = place.as_("joe")
    blocks = int(re.search(r"1 of (\d+)", joe.get("/call/ACC0").text)[1])  # type: ignore[index]
    pages = [joe.get(f"/call/ACC0?block={n}").text for n in range(1, blocks + 2)]
    assert sum("once the reason is on record" in page or 'class="note"' in page for page in pages) >= 1
    joe.sends("/draft/ACC0", **{"answer.reason": "unknown"})
    assert 'class="note"' not in joe.get(f"/call/ACC0?block={blocks}").text
    assert joe.get("/call/ACC0?block=999999999").status_code == 200
