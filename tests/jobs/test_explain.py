"""Why an account gets what it gets: today, on a past day in the words of then, and on a day to come."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from engine.core.language.policy import Kind
from engine.errors import NotFound, Refused
from engine.jobs import cases
from engine.jobs.explain import explain
from engine.jobs.workspace import open_workspace
from tests.jobs.world import HOUSE, STANDARD, House, moment


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


NOT_ASKED = "Room in the day and the safety stop are not asked here"


def _three_calls(build: Callable[..., House], line: str) -> House:
    house = build(
        house=HOUSE + line,
        policies={"standard": "policy: P\nclock: due date\nsteps:\n  - day: 5\n    call: collector\n"},
    )
    for number, account in enumerate(("ACME", "BOLT", "CORE")):
        house.owes(account, f"{account[0]}1", "2026-09-30", f"{900 - number}.00")
        house.contact(account)
    house.import_customers()
    house.import_ledger("2026-10-05")
    return house


def test_what_the_day_has_no_room_for_says_so_once_the_day_was_run(build: Callable[..., House]) -> None:
    house = _three_calls(build, "capacity: {calls: 1}\n")
    assert NOT_ASKED in told(house, "CORE", "2026-10-05", "2026-10-05")[2]
    house.run("2026-10-05")
    marks, shut, verdict = told(house, "CORE", "2026-10-05", "2026-10-05")
    assert (marks, shut) == (["held"], ["the day has no more room for it"])
    assert verdict.startswith("Nothing goes out on Mon 5 Oct 2026.")
    assert NOT_ASKED not in verdict
    found = explain(
        house.ws, "CORE", on=date(2026, 10, 5), now=moment("2026-10-05", "10:00"), why_not="call collector"
    )
    assert str(found.gates[-1].place) == "policies/house.yaml:9:1"
    assert found.why_not
    assert (found.why_not.sentence, found.why_not.place) == (found.gates[-1].sentence, found.gates[-1].place)
    assert found.why_not.said == ("It waits for the next open day that has room for it.",)
    assert NOT_ASKED in told(house, "CORE", "2026-10-06", "2026-10-05")[2], "nobody has asked of tomorrow"


def test_what_the_safety_stop_holds_says_so_once_the_day_was_run(build: Callable[..., House]) -> None:
    house = _three_calls(build, "stop: {actions: 2}\n")
    assert house.run("2026-10-05").stopped
    for today in ("2026-10-05", "2026-10-06"):
        _, shut, verdict = told(house, "ACME", "2026-10-05", today)
        assert shut == ["the safety stop holds the whole day"]
        assert (
            verdict
            == "Nothing goes out on Mon 5 Oct 2026. “call collector” waits: the safety stop holds the whole day."
        )


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


# -- why not ---------------------------------------------------------------------------------------------------------

FORECAST = "This is a forecast: it assumes that nothing is paid until then."
OTHERS = STANDARD.replace("clock:", "for:\n  segment: public\nclock:").replace(
    "firm-reminder", "final-notice"
)


@pytest.fixture(scope="module")
def monday(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> House:
    """Mon 5 Oct 2026 was run: ACME had its e-mail; DISP disputes, PAUS is paused through Thursday, LATE is on day 25."""
    root = tmp_path_factory.mktemp("monday")
    shutil.copy(sqlite_template, root / "dunwell.db")
    house = House(
        root,
        f"sqlite:///{root / 'dunwell.db'}",
        house=HOUSE.replace("[standard]", "[public, standard]"),
        policies={"standard": STANDARD, "public": OTHERS},
    )
    for account, due in (("ACME", "09-30"), ("DISP", "09-30"), ("PAUS", "09-30"), ("LATE", "09-10")):
        house.owes(account, f"{account[0]}1", f"2026-{due}")
        house.contact(account)
    house.owes("PAID", "X1", "2026-09-30")
    house.import_customers()
    house.import_ledger("2026-10-02")
    house.paid("X1")
    house.import_ledger("2026-10-05")
    who, pause = house.who("2026-10-05"), {"because": "a visit", "until": date(2026, 10, 8)}
    house.do(lambda engine: cases.open_dispute(engine, "DISP", "D1", "short", who))
    house.do(lambda engine: cases.pause(engine, "PAUS", who, **pause))
    house.day("2026-10-05")
    return house


def why(house: House, account: str, step: str, on: str, today: str = "") -> tuple[str, str]:
    """What stands in the way of a step, and until when."""
    now = moment(today or on, "10:00")
    answer = explain(house.ws, account, on=date.fromisoformat(on), now=now, why_not=step).why_not
    assert answer is not None
    return answer.sentence, " ".join(answer.said)


def test_why_not_a_step_whose_day_has_not_come(monday: House) -> None:
    """The e-mail of Monday leaves until Mon 12 Oct to answer, and Sat 10 Oct is closed."""
    assert why(monday, "ACME", "call collector", "2026-10-07") == (
        "its day has not come: A1 is on day 7, and it wants day 10",
        "It will be otherwise on Sat 10 Oct 2026; then: Sat 10 Oct 2026 is closed: weekend. "
        f"The step goes out on Tue 13 Oct 2026. {FORECAST}",
    )


def test_why_not_a_step_that_has_been_done(monday: House) -> None:
    assert why(monday, "ACME", "Email  Friendly-Reminder", "2026-10-07") == (
        "it was done on Mon 5 Oct 2026 for all that is overdue",
        "No day of the next 370 changes that by itself.",
    )


def test_why_not_a_step_that_the_forecast_has_behind_it(monday: House) -> None:
    sentence, _ = why(monday, "ACME", "call collector", "2026-10-16", "2026-10-07")
    assert sentence == "it counts as taken for all that is overdue"


def test_why_not_when_one_invoice_has_had_it_and_another_not_yet(build: Callable[..., House]) -> None:
    house = build()
    for item, due in (("A1", "2026-09-30"), ("A2", "2026-10-03")):
        house.owes("ACME", item, due)
    house.contact("ACME")
    house.import_customers()
    house.import_ledger("2026-10-05")
    house.day("2026-10-05")
    sentence, until = why(house, "ACME", "email friendly-reminder", "2026-10-06")
    assert sentence == (
        "it has been taken for A1; else: its day has not come: A2 is on day 3, and it wants day 5"
    )
    assert until.startswith(
        "It will be otherwise on Thu 8 Oct 2026; then: the customer still has time to answer"
    )
    assert "No day of the next 370" in until, "the call of Tuesday covers what A2 would have had"


def test_why_not_while_a_dispute_is_open(monday: House) -> None:
    assert why(monday, "DISP", "email friendly-reminder", "2026-10-06") == (
        "set aside: what is due is disputed",
        "No day of the next 370 changes that by itself: the dispute must be closed first.",
    )


def test_why_not_during_a_pause_that_ends(monday: House) -> None:
    assert why(monday, "PAUS", "email friendly-reminder", "2026-10-06") == (
        "paused",
        f"It will be otherwise on Fri 9 Oct 2026: the step goes out that day. {FORECAST}",
    )


def test_why_not_when_nothing_stands_in_the_way(monday: House) -> None:
    assert why(monday, "ACME", "call collector", "2026-10-13", "2026-10-06") == (
        "",
        "Nothing stands in the way of “call collector”: it goes out on Tue 13 Oct 2026.",
    )


def test_why_not_a_higher_step_before_a_lower_one(monday: House) -> None:
    """First seen on day 25: the ladder is climbed a step at a time."""
    sentence, until = why(monday, "LATE", "letter firm-reminder", "2026-10-06")
    assert sentence == (
        "“call collector” comes first: an account climbs its ladder a step at a time; "
        "it waits itself: too soon after the last contact"
    )
    assert until.startswith("It will be otherwise on Wed 14 Oct 2026; then: ")
    assert "The step goes out on " in until


def test_why_not_a_step_of_another_policy(monday: House) -> None:
    for named in ("letter final-notice", "public: call collector"):
        sentence, until = why(monday, "ACME", named, "2026-10-06")
        assert sentence == (
            "the step is one of “public”, which does not fit: it wants: segment is public; "
            "that is not known of this account"
        )
        assert until == "No day of the next 370 changes that by itself."
    sentence, _ = why(monday, "ACME", "call collector", "2026-10-06")
    assert sentence.startswith("its day has not come"), "the step of the policy that has the account is meant"


def test_why_not_for_an_account_that_owes_nothing(monday: House) -> None:
    owes_nothing = "The account owes nothing, so there is nothing to decide."
    assert why(monday, "PAID", "call collector", "2026-10-06") == (owes_nothing, "")


def test_why_not_a_step_that_is_not_there(monday: House) -> None:
    with pytest.raises(NotFound) as unknown:
        why(monday, "ACME", "letter frim-reminder", "2026-10-06")
    assert unknown.value.sentence == "there is no step “letter frim-reminder”"
    assert unknown.value.hint.startswith("did you mean “letter firm-reminder”")


def test_why_not_on_a_past_day_in_the_words_of_then(house: House) -> None:
    for day in ("2026-10-05", "2026-10-12", "2026-10-13"):
        house.day(day)
    house.write("standard", STANDARD.replace("day: 10\n    call", "day: 30\n    call"))
    on, today = "2026-10-12", "2026-10-20"
    assert why(house, "ACME", "call collector", on, today) == (
        "the customer still has time to answer the last letter",
        "It was otherwise on Tue 13 Oct 2026: the step went.",
    )
    sentence, _ = why(house, "ACME", "email friendly-reminder", on, today)
    assert sentence == "it was done on Mon 5 Oct 2026 for all that is overdue"
    assert why(house, "ACME", "letter firm-reminder", on, today) == (
        "“call collector” was the account's step on Mon 12 Oct 2026",
        "It was otherwise on Tue 13 Oct 2026; then: “call collector”, due.",
    )


def test_the_days_ahead_are_those_of_a_preview(monday: House) -> None:
    """One account looked at by itself goes on the days on which the preview of all has it."""
    shown = {
        one.step: one.on
        for one in monday.preview("2026-10-06", 32).actions
        if one.account == "LATE" and one.kind is not Kind.TASK
    }
    assert len(shown) >= 2
    for step, on in shown.items():
        now = moment("2026-10-06", "10:00")
        answer = explain(monday.ws, "LATE", on=date(2026, 10, 6), now=now, why_not=step).why_not
        assert answer is not None
        assert answer.goes == on, step
