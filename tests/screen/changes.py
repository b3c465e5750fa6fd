"""A change of the policies and what it does, made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from engine.core.decision.plan import NOTHING_PAID
from engine.core.language.policy import Action, Kind
from engine.core.problem import Place
from engine.core.sentences import safety_stop
from engine.core.trust.impact import (
    DayImpact,
    Impact,
    KindImpact,
    LoadImpact,
    Move,
    Touched,
    TouchedAccount,
)
from engine.core.trust.wording import Change
from engine.jobs.changes import FileChange
from engine.jobs.diff import Difference

MONDAY = date(2026, 11, 23)
PLACE = Place("policies/standard.yaml", 9, 5)
CALL = (Action(Kind.CALL, "collector", PLACE),)


def _account(
    account: str, name: str, money: dict[str, int], amount: int, on: date = MONDAY
) -> TouchedAccount:
    return TouchedAccount(account, name, on, CALL, "standard", "call collector", PLACE, money, amount)


def _day(number: int, before: int, after: int, closed: str = "") -> DayImpact:
    kinds = [{Kind.CALL: count, Kind.LETTER: 3} if count else {} for count in (before, after)]
    return DayImpact(MONDAY + timedelta(number), closed, kinds[0], kinds[1], "", "")


DAYS = (
    replace(_day(0, 4, 512), stopped_after=safety_stop("actions", 515, 400)),
    _day(1, 9, 7),
    _day(2, 5, 5),
    _day(3, 0, 0, "Thanksgiving"),
    _day(4, 11, 12),
)
IMPACT = Impact(
    days=DAYS,
    kinds=(
        KindImpact(Kind.CALL, 29, 536, 510, 3, 12, 1),
        KindImpact(Kind.LETTER, 12, 12, 0, 0, 0, 0),
    ),
    moves=(
        Move("standard", "key-accounts", 12, {"USD": 4_812_000, "EUR": 90_010}, ("ACME-0001", "BOLT-0002")),
        Move("", "standard", 1, {}, ("CORK\x1b[31m-3",)),
    ),
    newly=Touched(
        510,
        {"USD": 99_812_050, "EUR": 1_200_000},
        (
            _account("HARB-0310", "Harbor Supply", {"USD": 2_740_000}, 2_740_000),
            _account("MEIE-0007", "Meier | Söhne @all <b>", {"EUR": 20_000, "USD": 1_050}, 25_050),
        ),
    ),
    no_longer=Touched(1, {"JPY": 120_000}, (_account("KYOT-0001", "Kyoto Trade", {"JPY": 120_000}, 80_000),)),
    otherwise=14,
    approvals_before=2,
    approvals_after=5,
    workload=(
        LoadImpact("", "", "calls", 60, 60, (4, 9, 5, 0, 11), (60, 7, 5, 0, 12), 0, 452),
        LoadImpact("joe", "J. Ortiz", "calls", None, 30, (4, 9, 5, 0, 11), (30, 7, 5, 0, 12)),
        LoadImpact("", "", "letters", 40, 40, (3, 3, 3, 0, 3), (3, 3, 3, 0, 3)),
    ),
    accounts=1284,
    currency="USD",
    as_of=MONDAY,
    assumes=NOTHING_PAID,
    evaluators=("plain", "durable-rules"),
    faults=(),
)
DIFFERENCE = Difference(
    old="release 3, live since Mon 5 Oct 2026 09:00",
    new="the files",
    files=(
        FileChange("policies/standard.yaml", "changed", 1, 1),
        FileChange("templates/note.md", "added", 9, 0),
    ),
    words=(
        Change("standard", "standard: call collector on day 30, no longer on day 35", PLACE),
        Change("house", "house: gap is 3 days; it was 5 days", Place("policies/house.yaml", 21, 6)),
    ),
    impact=IMPACT,
    ledger=True,
)
