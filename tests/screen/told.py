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
    )


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
        )
    )
