"""Why an account gets what it gets: today, on a past day in the words of then, and on a day to come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from engine.errors import NotFound, Refused
from engine.jobs.explain import explain
from engine.jobs.workspace import open_workspace
from tests.jobs.world import STANDARD, House, moment


def told(house: House, account: str, on: str, today: str) -> tuple[list[str], list[str], str]:
    """The marks of the ladder, the gates that are shut, and the verdict."""
    found = explain(house.ws, account, on=date.fromisoformat(on), now=moment(today, "10:00"))
    return (
        [rung.mark for rung in found.steps],
        [check.sentence for check in found.gates if not check.ok],
        " ".join(found.verdict),
    )


def test_today_before_the_run(house: House) -> None:
    marks, shut, verdict = told(house, "ACME", "2026-10-05", "2026-10-05")
    assert marks == ["due", "ahead", "ahead", "ahead"]
    assert shut == []
    assert verdict == "“email friendly-reminder” goes out on Mon 5 Oct 2026."


def test_every_line_has_its_place(house: House) -> None:
    found = explain(house.ws, "ACME", on=date(2026, 10, 5), now=moment("2026-10-05", "10:00"))
    assert [str(route.place) for route in found.routes] == ["policies/standard.yaml:2:1"]
    assert [rung.place.line for rung in found.steps if rung.place] == [5, 7, 10, 12]
    assert found.header[0] == "$1,200.00 balance"


def test_a_past_day_in_the_words_of_then(house: House) -> None:
    """The policy was edited since: the past is told with the file that decided it."""
    house.day("2026-10-05")
    before = house.ws.live.hash
    house.write(
        "standard",
        STANDARD.replace("day: 5\n    email: friendly-reminder", "day: 7\n    email: friendly-reminder"),
    )
    found = explain(house.ws, "ACME", on=date(2026, 10, 5), now=moment("2026-10-09", "10:00"))
    assert found.stored
    assert found.book == before != house.ws.live.hash
    assert [rung.day for rung in found.steps] == [5, 10, 20, 40]
    assert found.verdict == ("“email friendly-reminder” goes out on Mon 5 Oct 2026.",)


def test_an_account_left_alone_has_its_reason_too(house: House) -> None:
    house.day("2026-10-05")
    house.import_ledger("2026-10-06")
    house.day("2026-10-06")
    _, _, verdict = told(house, "ACME", "2026-10-06", "2026-10-08")
    assert verdict == "Nothing goes out on Tue 6 Oct 2026: nothing due."


def test_a_day_to_come_is_a_forecast(house: House) -> None:
    """The call would fall on Sat 10 Oct; the e-mail of Mon 5 Oct gives until Mon 12 Oct to answer."""
    marks, shut, verdict = told(house, "ACME", "2026-10-12", "2026-10-05")
    assert (marks[1], shut) == ("held", ["the customer still has time to answer the last letter"])
    marks, _, verdict = told(house, "ACME", "2026-10-13", "2026-10-05")
    assert marks[1] == "due"
    assert "“call collector” goes out on Tue 13 Oct 2026." in verdict
    assert "This is a forecast" in verdict


def test_what_cannot_be_told(house: House) -> None:
    with pytest.raises(Refused, match="no run on Thu 1 Oct 2026"):
        told(house, "ACME", "2026-10-01", "2026-10-05")
    with pytest.raises(NotFound) as unknown:
        told(house, "ACMI", "2026-10-05", "2026-10-05")
    assert "ACME" in unknown.value.hint


def test_a_step_that_loses_its_name_is_a_problem(house: House) -> None:
    """The e-mail was sent; under another name it would be sent again."""
    house.day("2026-10-05")
    house.write("standard", STANDARD.replace("email: friendly-reminder", "email: courteous-statement"))
    ws = open_workspace(house.root)
    assert ws.book is None
    problem = next(problem for problem in ws.problems if problem.code == "lost-history")
    assert problem.sentence == (
        "“standard” has no step “email friendly-reminder” any more; "
        "ACME, BOLT had “email friendly-reminder” and would lose that history"
    )
    assert problem.suggestion == "give the step its old name:  name: email friendly-reminder"
    kept = STANDARD.replace(
        "  - day: 5\n    email: friendly-reminder",
        "  - day: 5\n    name: email friendly-reminder\n    email: courteous-statement",
    )
    house.write("standard", kept)
    assert open_workspace(house.root).book is not None


def test_a_demand_before_the_due_date_of_the_ledger_is_a_warning(build: Callable[..., House]) -> None:
    house = build(policies={"standard": STANDARD.replace("clock: due date", "clock: invoice date")})
    house.owes("ACME", "A1", "2026-10-02")  # sixty days after 3 Aug 2026
    house.contact("ACME")
    house.import_customers()
    house.import_ledger("2026-10-05")
    warned = [problem.sentence for problem in open_workspace(house.root).problems]
    assert any(
        sentence.startswith("on net 60, day 5 from the invoice is 55 days before it is due")
        for sentence in warned
    )
