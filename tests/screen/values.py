"""A week as language.md would draw it, made by hand."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO

from rich.console import Console, RenderableType

from engine.core.decision.summary import (
    HeldGroup,
    HeldStep,
    PlannedAction,
    Preview,
    PreviewDay,
    Workload,
)
from engine.core.language.policy import Kind
from engine.core.problem import Place
from engine.core.sentences import Gate, Reason

MONDAY = date(2026, 11, 23)
STANDARD = Place("policies/standard.yaml", 20, 5)
HOUSE = Place("policies/house.yaml", 19, 1)


def drawn(what: RenderableType, width: int = 100) -> str:
    """What a person would see, without colours and without the blanks at the ends of lines."""
    out = StringIO()
    Console(file=out, width=width, color_system=None, highlight=False).print(what)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def action(
    day: int, account: str, name: str, kind: Kind, value: str, amount: int = 125_000, **more: object
) -> PlannedAction:
    values: dict[str, object] = {
        "policy": "standard",
        "step": f"{kind.value} {value}",
        "day": 35,
        "place": STANDARD,
        "currency": "USD",
        "late": 5,
        "items": ("10231",),
        "approve": "",
        "person": "jortiz",
    }
    return PlannedAction(
        MONDAY + timedelta(day),
        account,
        name,
        kind,
        value,
        amount=amount,
        **(values | more),  # type: ignore[arg-type]
    )


ACTIONS = (
    action(0, "ACME-0042", "Acme Hardware", Kind.CALL, "collector"),
    action(
        0,
        "HARB-0310",
        "Harbor Supply",
        Kind.TERMS,
        "cash on delivery",
        2_740_000,
        step="cod",
        late=62,
        approve="credit manager",
    ),
    action(
        0,
        "HARB-0310",
        "Harbor Supply",
        Kind.EMAIL,
        "cod-notice",
        2_740_000,
        step="cod",
        late=62,
        approve="credit manager",
    ),
    action(1, "=SUM(A1)", "[bold]Brackets[/bold] \x1b[31m", Kind.LETTER, "firm-reminder"),
    action(2, "NORD-0007", "Nordwind Möbel", Kind.CALL, "supervisor", currency="EUR", late=0),
    action(4, "ACME-0042", "Acme Hardware", Kind.EMAIL, "friendly-reminder"),
)
HELD = (
    HeldStep(
        MONDAY, "DISP-0001", "Disputed Ltd", Reason.DISPUTED, Gate.ASIDE, "standard", "letter firm-reminder",
        None, 4_821_050, 16,
    ),
    HeldStep(
        MONDAY + timedelta(1), "DISP-0001", "Disputed Ltd", Reason.DISPUTED, Gate.ASIDE, "standard",
        "letter firm-reminder", None, 4_821_050, 17,
    ),
    HeldStep(
        MONDAY, "LATE-0002", "Later & Sons", Reason.NO_CAPACITY, Gate.CAPACITY, "standard", "call collector",
        HOUSE, 812_000, 20,
    ),
)  # fmt: skip
DAYS = (
    PreviewDay(MONDAY - timedelta(1), "weekend", 0, MONDAY, {}, ""),
    PreviewDay(MONDAY, "", 0, None, {Kind.CALL: 14, Kind.EMAIL: 31, Kind.LETTER: 6, Kind.TERMS: 1}, ""),
    PreviewDay(MONDAY + timedelta(1), "", 0, None, {Kind.CALL: 9, Kind.EMAIL: 12, Kind.LETTER: 4}, ""),
    PreviewDay(MONDAY + timedelta(2), "", 0, None, {Kind.CALL: 11, Kind.EMAIL: 20, Kind.LETTER: 5}, ""),
    PreviewDay(MONDAY + timedelta(3), "Thanksgiving Day", 21, MONDAY + timedelta(4), {}, ""),
    PreviewDay(
        MONDAY + timedelta(4), "", 0, None, {Kind.CALL: 17, Kind.EMAIL: 22, Kind.LETTER: 9, Kind.TERMS: 2}, ""
    ),
)
GROUPS = (
    HeldGroup(Reason.DISPUTED, None, 12, 0),
    HeldGroup(Reason.PROMISED, None, 4, 1_950_000),
    HeldGroup(Reason.NO_CAPACITY, HOUSE, 3, 812_000),
)
WORKLOAD = (
    Workload("jortiz", "J. Ortiz", "calls", 10, (0, 10, 9, 8, 0, 9)),
    Workload("rkim", "R. Kim", "calls", 15, (0, 4, 0, 3, 0, 8)),
    Workload("", "", "letters", None, (0, 6, 4, 5, 0, 9)),
    Workload("idle", "I. Dle", "calls", 30, (0, 0, 0, 0, 0, 0)),
)
WEEK = Preview(
    days=DAYS,
    actions=ACTIONS,
    held=HELD,
    groups=GROUPS,
    workload=WORKLOAD,
    accounts=1284,
    no_policy=7,
    currency="USD",
    book="a41f9c77d0",
    as_of=date(2026, 11, 22),
    assumes="nothing is paid",
    evaluators=("plain", "durable-rules"),
    faults=(),
)
