"""A ledger comes in, a run decides, messages leave, and the next days go on from there."""

from __future__ import annotations

from collections.abc import Callable

import pypdf
import pytest

from engine.channels.letters import read_manifest
from engine.jobs import cases
from tests.jobs.world import House


@pytest.fixture
def house(build_on_each: Callable[..., House]) -> House:
    found = build_on_each()
    found.owes("ACME", "A1", "2026-09-30")
    found.contact("ACME")
    found.import_customers()
    found.import_ledger("2026-10-05")
    return found


def test_the_whole_ladder_day_by_day(house: House) -> None:
    """Mon 5 Oct is day 5: e-mail; Mon 12 a call; then a letter, then terms with their notice, once approved."""
    coming = house.preview("2026-10-05", days=1)
    assert [(one.account, one.kind.value) for one in coming.actions] == [("ACME", "email")]
    first = house.run("2026-10-05")
    assert (first.actions, dict(first.by_kind)) == (1, {"email": 1})
    sent = house.deliver("2026-10-05")
    assert dict(sent.sent) == {"email": 1}
    (mail,) = house.mails()
    assert mail["To"] == "ap@acme.example.com"
    assert "$1,200.00" in mail.get_body(("plain",)).get_content()
    assert "A1" in mail.get_body(("html",)).get_content()
    assert house.marks() == {("A1", "email friendly-reminder")}

    again = house.run("2026-10-05", "11:00")
    assert (again.actions, again.sentence) == (0, "Nothing new: today's run has been made already.")
    assert not house.deliver("2026-10-05", "11:00").sent
    for day in ("2026-10-06", "2026-10-07", "2026-10-08", "2026-10-09"):
        assert house.run(day).actions == 0

    house.import_ledger("2026-10-12")
    assert dict(house.run("2026-10-12").by_kind) == {}, "the e-mail gave until Mon 12 to answer"
    report = house.run("2026-10-13")
    assert dict(report.by_kind) == {"call": 1}
    assert [(work.kind, work.person) for work in house.worklist("2026-10-13")] == [("call", "joe")]
    house.do(
        lambda engine: cases.log_call(
            engine, "ACME", "vague promise", house.who("2026-10-13"), house.ws.calendar
        )
    )
    assert house.worklist("2026-10-13") == []

    sent = house.day("2026-10-20")
    assert dict(sent.sent) == {"letter": 1}
    (letter,) = house.letters()
    text = "".join(page.extract_text() for page in pypdf.PdfReader(letter).pages)
    assert "ACME Inc." in text
    assert "1,200.00" in text
    (line,) = read_manifest(letter.parent / "manifest.csv")
    assert (line["account"], line["number"], line["file"]) == ("ACME", "1", letter.name)

    house.import_ledger("2026-11-09")
    asked = house.run("2026-11-09")
    assert asked.awaiting == 2
    assert {work.state for work in house.worklist("2026-11-09")} == {"awaiting approval"}
    assert not house.deliver("2026-11-09").sent
    house.do(lambda engine: cases.approve(engine, "ACME", house.who("2026-11-09")))
    same_day = house.run("2026-11-09", "12:00")
    assert same_day.actions == 2
    sent = house.deliver("2026-11-09", "12:00")
    assert dict(sent.sent) == {"email": 1, "request": 1}
    (request,) = house.requests()
    assert (request["account"], request["desired"], request["version"]) == ("ACME", "cash on delivery", 1)
    assert [state for *_, state in house.states()] == ["sent", "done", "sent", "sent", "sent"]
    assert house.waiting() == []
