"""What followed on each side of a comparison: the sides beside one another, each difference with how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.core.sentences import compare as said
from engine.core.trust.compare import (
    COMPLAINED,
    COST,
    MEASURES,
    PAID,
    PROMISES,
    SPEED,
    Comparison,
    Side,
)
from engine.screen.lines import apart, fitted
from engine.screen.written import clean, count, day_month, full_day, line_of, money

if TYPE_CHECKING:
    from engine.jobs.compare import Compared

_SIDE_BY_SIDE = 2  # sides with room for details
_FEWEST = 10  # accounts on a side, below which nothing at all is said of a difference


def compared_drawn(told: Compared, *, width: int = 100) -> Group:
    """Every comparison, and beneath them what the numbers mean."""
    parts: list[RenderableType] = []
    for each in told.found:
        parts += [*_comparison(each, width), Text()]
    return Group(*parts, *(_under(note, "dim") for note in notes(told)))


def _under(sentence: str, style: str) -> RenderableType:
    return Padding(Text(sentence, style), (0, 0, 0, 2))


def _comparison(one: Comparison, width: int) -> Iterator[RenderableType]:
    right = f"ledger of {day_month(one.as_of)}"
    since = f", since {full_day(one.first)}" if one.first else ""
    yield apart(Text(f"{clean(one.name)}{since}", "bold"), Text(right, "dim"), width)
    if one.split is not None:
        until = f"until {full_day(one.split.until)}"
        yield _under(f"{clean(one.split.because)} · {until} · {line_of(one.split.place)}", "dim")
    else:
        yield _under(said.GONE, "yellow")
    if one.first is None:
        yield _under(said.NOBODY, "yellow")
        return
    head = (Text(), *(Text(side.name, "bold") for side in one.sides))
    rows = [head, *((Text(f"  {title}"), *cells) for title, cells in sides(one))]
    yield fitted(rows, width, right=tuple(range(1, len(head))), elastic=(0,))
    if told := differences(one):
        title = Text(f"  less {one.champion.name}", "dim")
        rows = [(title, *(Text(side.name, "bold") for side in one.sides[1:]))]
        yield Text()
        yield fitted([*rows, *((Text(f"  {title}"), *cells) for title, cells in told)], width, elastic=(0,))
    yield _under(done(one), "dim")
    yield Text()
    for sentence, style in verdicts(one):
        yield _under(f"{sentence[:1].upper()}{sentence[1:]}.", style)


def sides(one: Comparison) -> list[tuple[str, list[Text]]]:
    """What followed on each side, a line for each thing that is counted."""
    return [
        ("accounts drawn", [Text(f"{side.accounts:,}") for side in one.sides]),
        (f"{one.days} days ago or before", [Text(f"{side.followed:,}") for side in one.sides]),
        *(
            (_title(measure, one.days), [_cell(measure, side, one) for side in one.sides])
            for measure in MEASURES
        ),
    ]


def differences(one: Comparison) -> list[tuple[str, list[Text]]]:
    """How each challenger differs from the champion, with the interval; nothing while nothing can be said."""
    if all(each.interval.difference is None for each in one.differences):
        return []
    return [(_title(measure, one.days), _differences(measure, one)) for measure in MEASURES]


def notes(told: Compared) -> list[str]:
    """What the numbers mean."""
    one = told.found[0]
    kinds = [kind for kind in told.assumed if one.costs[kind]]
    more = [said.assumed(one.costs, kinds, one.currency)] if kinds else []
    return [said.BY_LOT, said.METHODS, said.NO_PEEKING, *more]


def _title(measure: str, days: int) -> str:
    return {
        PAID: f"paid within {days} days",
        SPEED: "half have paid after",
        PROMISES: "promises kept",
        COST: "cost an account",
        COMPLAINED: "accounts that complained",
    }[measure]


def _cell(measure: str, side: Side, one: Comparison) -> Text:
    match measure:
        case "paid":
            return _share(side.paid, side.followed, one)
        case "days":
            return Text("not yet" if side.median is None else count(round(side.median), "day"))
        case "promises":
            return _share(side.kept, side.due, one)
        case "cost":
            return Text(money(round(side.cost / side.followed), one.currency) if side.followed else "–")
        case _:
            return _share(side.complained, side.followed, one)


def _share(part: int, whole: int, one: Comparison) -> Text:
    """With what it is made of, where there is room for it."""
    if not whole:
        return Text("–")
    made_of = f"{part:,} of {whole:,}  " if len(one.sides) == _SIDE_BY_SIDE else ""
    return Text.assemble((made_of, "dim"), f"{100 * part / whole:.1f}%")


def _differences(measure: str, one: Comparison) -> list[Text]:
    written: Callable[[float], str] = {
        SPEED: lambda number: f"{number:+.0f}",
        COST: lambda number: ("+" if number >= 0 else "−") + money(abs(round(number)), one.currency),
    }.get(measure, lambda number: f"{100 * number:+.1f}")
    unit = {SPEED: " days", COST: ""}.get(measure, " points")
    cells = []
    for side in one.sides[1:]:
        found = one.difference(measure, side.name)
        if found.difference is None or found.low is None or found.high is None:
            cells.append(Text("–", "dim"))
            continue
        ends = ["?" if abs(end) == inf else written(end).replace("-", "−") for end in (found.low, found.high)]
        middle = "?" if abs(found.difference) == inf else written(found.difference).replace("-", "−")
        cells.append(
            Text.assemble(
                (f"{middle}{unit}", "bold" if found.sure else ""), (f"  {ends[0]} to {ends[1]}", "dim")
            )
        )
    return cells


def done(one: Comparison) -> str:
    """What was done on each side, in the days that are counted."""
    told = [
        f"{side.name}: " + ", ".join(f"{number:,} {kind}" for kind, number in side.counts.items() if number)
        for side in one.sides
        if any(side.counts.values())
    ]
    return f"In {one.days} days: {' · '.join(told)}" if told else "Nothing was done in these days"


def verdicts(one: Comparison) -> Iterator[tuple[str, str]]:
    """What can be said of each side by who pays in time, and a warning while it is too early; a sentence and its style."""
    if not one.champion.followed:
        yield said.too_young(one.days), "yellow"
    for side, needs in zip(one.sides[1:], one.needs, strict=True):
        found = one.difference(PAID, side.name)
        enough = min(side.followed, one.champion.followed) >= _FEWEST
        if found.difference is not None and found.low is not None and found.high is not None and enough:
            points, low, high = (100 * number for number in (found.difference, found.low, found.high))
            if found.sure:
                yield said.paid_sooner(side.name, one.champion.name, points, low, high, one.days), "bold"
            else:
                yield said.no_difference(side.name, one.champion.name, low, high), ""
        if needs.five and not (found.sure and enough):
            yield said.too_small(side.name, needs.five, needs.seen), "yellow"
        elif needs.five:
            yield said.still_small(needs.five), "yellow"


def compared_value(told: Compared) -> dict[str, object]:
    """What `compare --json` writes; the keys stay as they are. Shares are from 0 to 1, money is in minor units."""
    return {
        "comparisons": [_value(each) for each in told.found],
        "confidence": 0.95,
        "methods": {
            PAID: "Newcombe 1998, method 10",
            SPEED: "Kaplan-Meier medians, percentile bootstrap",
            PROMISES: "Newcombe 1998, method 10",
            COST: "means, percentile bootstrap",
            COMPLAINED: "Newcombe 1998, method 10",
        },
        "costs_assumed": list(told.assumed),
    }


def _value(one: Comparison) -> dict[str, object]:
    split = one.split
    return {
        "name": one.name,
        "because": split.because if split else None,
        "until": split.until.isoformat() if split else None,
        "since": one.first.isoformat() if one.first else None,
        "ledger": one.as_of.isoformat(),
        "days": one.days,
        "currency": one.currency,
        "costs": dict(one.costs),
        "sides": [
            {
                "side": side.name,
                "share": split.shares.get(side.name, 0) / 100 if split else None,
                "accounts": side.accounts,
                "followed": side.followed,
                "paid": side.paid,
                "median_days": side.median,
                "promises_due": side.due,
                "promises_kept": side.kept,
                "complained": side.complained,
                "cost": side.cost,
                "counts": dict(side.counts),
            }
            for side in one.sides
        ],
        "differences": [
            {
                "measure": each.measure,
                "side": each.side,
                "difference": _finite(each.interval.difference),
                "low": _finite(each.interval.low),
                "high": _finite(each.interval.high),
                "sure": each.interval.sure,
            }
            for each in one.differences
        ],
        "needs": [
            {"side": each.side, "for_5_points": each.five, "for_the_difference_seen": each.seen}
            for each in one.needs
        ],
        "alike": [{"alike": stratum, "sides": dict(sides)} for stratum, sides in one.strata.items()],
        "said": [sentence for sentence, _ in verdicts(one)],
    }


def _finite(number: float | None) -> float | None:
    return None if number is None or abs(number) == inf else number
