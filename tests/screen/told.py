"""An explanation, a run and a test report, made by hand."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace as Of
from typing import Any

from engine.core.problem import Place

HOUSE = Place("policies/house.yaml", 4, 1)


def explanation() -> Any:
    return Of(
        account="ACME-0042",
        name="Acme Hardware",
        on=date(2026, 11, 25),
        header=(
            "$48,210.50 balance",
            "oldest invoice 10231, dated 10 Oct, day 46",
            "segment trade",
        ),
        routes=(
            Of(
                policy="key-accounts",
                fits=False,
                sentence="segment is trade, it wants key",
                place=Place("policies/key-accounts.yaml", 4, 3),
            ),
            Of(
                policy="standard",
                fits=True,
                sentence="terms is net 30 · segment is trade",
                place=Place("policies/standard.yaml", 4, 3),
            ),
        ),
        steps=(
            Of(day=35, what="call collector", mark="done", sentence="done Mon 16 Nov, J. Ortiz", place=None),
            Of(
                day=45,
                what="letter firm-reminder",
                mark="due",
                sentence="due since Tue 24 Nov",
                place=Place("policies/standard.yaml", 13, 5),
            ),
            Of(day=60, what="call supervisor", mark="ahead", sentence="in 14 days, Wed 9 Dec", place=None),
        ),
        gates=(
            Of(ok=True, sentence="Wed 25 Nov is an open day", place=HOUSE),
            Of(ok=False, sentence="set aside: invoice 10231 is disputed since Thu 19 Nov", place=None),
        ),
        verdict=(
            "Nothing goes out today.",
            "The firm reminder waits for the dispute on invoice 10231.",
        ),
        book="a41f9c77d0",
        stored=True,
        why_not=None,
    )


def asked() -> Any:
    """The same, asked about one step."""
    told = explanation()
    told.why_not = Of(
        policy="standard",
        step="call supervisor",
        sentence="its day has not come: 10231 is on day 46, and it wants day 60",
        place=Place("policies/standard.yaml", 16, 5),
        otherwise=date(2026, 12, 9),
        goes=date(2026, 12, 9),
        said=("It will be otherwise on Wed 9 Dec 2026: the step goes out that day.",),
    )
    return told


def report() -> Any:
    place = Place("policies/tests/standard.yaml", 18, 5)
    failure = Of(day=53, is_="nothing", should_be="letter firm-reminder", why="disputed", place=place)
    good = {"file": "policies/tests/standard.yaml", "passed": True, "failures": ()}
    return Of(
        results=(
            Of(name="walks the whole ladder", place=Place("policies/tests/standard.yaml", 9, 5), **good),
            Of(
                file="policies/tests/standard.yaml",
                name="a dispute: pauses, the ladder",
                place=place,
                passed=False,
                failures=(failure,),
            ),
        ),
        coverage=None,
    )


def covered() -> Any:
    """The same, with what no test tries."""
    told = report()
    place = Place("policies/standard.yaml", 16, 5)
    about = {"policy": "standard", "place": place}
    told.coverage = Of(
        counts={"steps": (3, 4), "gates": (1, 2), "boundaries": (1_234, 1_235)},
        untested=(
            Of(kind="steps", what="call supervisor", sentence="no test takes “call supervisor”", **about),
            Of(kind="gates", what="disputed", sentence="no step waits for a dispute", policy="", place=None),
            Of(
                kind="boundaries",
                what="day 60",
                sentence="no test shows nothing on day 59 and “call supervisor” on day 60",
                **about,
            ),
        ),
        figures=(
            Of(
                kind="boundaries",
                what="overdue: over 100",
                sentence="no account has the very figure of “overdue: over 100”",
                **about,
            ),
        ),
    )
    return told
