"""Charts for a page: a line over months, bars in layers, a line in a band, rungs. Plain SVG, in the page's own colours.

The page (`style`) gives the classes their colours: `l` a line, `d` its dots, `a` a band, `g` a rule, `t` a text, `s` a small
one on a bar, `b0` to `b4` layers by age, `k0` to `k4` layers by kind.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date
from html import escape

_WIDE, _LINE, _STACK = 320, 96, 190  # units, which the page stretches
_DENSE = 20  # points from which there is no room for each
WHOLE = 660  # units of a chart as wide as the page
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 8, 16
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Numbers = Sequence[float | None]


def line(name: str, numbers: Numbers, days: Sequence[date], said: Callable[[float], str]) -> str:
    """A figure over its months; a gap where there is no number. Empty where there are fewer than two.

    `days` are the last days of the months; `said` writes a number.
    """
    known = [number for number in numbers if number is not None]
    if len(known) < 2:
        return ""
    low, high, step = ticks(min(known), max(known))
    x, y = _across(len(numbers)), _down(low, high, _LINE)
    parts = [_rules(low, high, step, _LINE, said), _dates(days, x, _LINE)]
    for run in _runs(numbers):
        points = " ".join(f"{x(n):.1f},{y(number):.1f}" for n, number in run)
        parts.append(f'<polyline class="l" points="{points}"/>')
    for n, number in enumerate(numbers):
        if number is not None:
            told = escape(f"{_day(days[n])}: {said(number)}")
            last = ' r="3.4"' if n == len(numbers) - 1 else ' r="1.8"'
            parts.append(
                f'<circle class="d" cx="{x(n):.1f}" cy="{y(number):.1f}"{last}><title>{told}</title></circle>'
            )
    return _svg(f"{name}, {len(numbers)} months", _LINE, parts)


def layers(
    name: str,
    names: Sequence[str],
    rows: Sequence[Sequence[int | None]],
    days: Sequence[date],
    said: Callable[[float], str],
    *,
    wide: int = _WIDE,
    kind: str = "b",
    top: float = 0,
) -> str:
    """Bars of several layers, one bar a month or a week: `rows` has the numbers of each layer, the lowest first.

    `kind` is the letter of the layers' classes; the scale reaches `top` at least. Empty where there is nothing to draw.
    """
    sums = [sum(filter(None, column)) if None not in column else None for column in zip(*rows, strict=True)]
    known = [total for total in sums if total is not None]
    if not known or not max(known):
        return ""
    low, high, step = ticks(0, max(*known, top))
    y, x = _down(low, high, _STACK), _across(len(sums), wide, inset=True)
    room = (wide - _LEFT - _RIGHT) / len(sums)
    bar = room * (0.7 if len(sums) < _DENSE else 0.9)
    parts = [_rules(low, high, step, _STACK, said, wide), _dates(days, x, _STACK)]
    for n, total in enumerate(sums):
        if total is None:
            continue
        below = 0.0
        for layer, row in enumerate(rows):
            amount = row[n] or 0
            if not amount:
                continue
            top, bottom = y(below + amount), y(below)
            told = escape(f"{_day(days[n])}, {names[layer]}: {said(amount)} of {said(total)}")
            parts.append(
                f'<rect class="{kind}{layer}" x="{x(n) - bar / 2:.1f}" y="{top:.1f}" width="{bar:.1f}" '
                f'height="{max(bottom - top, 0.4):.1f}"><title>{told}</title></rect>'
            )
            below += amount
    return _svg(name, _STACK, parts, wide)


def banded(
    name: str,
    numbers: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    days: Sequence[date],
    said: Callable[[float], str],
    *,
    wide: int = _WIDE,
) -> str:
    """A line over weeks, on the band between two others. Empty where there are fewer than two."""
    if len(numbers) < 2:
        return ""
    bottom, top, step = ticks(min(0, *numbers, *low), max(*numbers, *high))
    x, y = _across(len(numbers), wide), _down(bottom, top, _STACK)
    parts = [_rules(bottom, top, step, _STACK, said, wide), _dates(days, x, _STACK)]
    there = [f"{x(n):.1f},{y(number):.1f}" for n, number in enumerate(high)]
    back = [f"{x(n):.1f},{y(number):.1f}" for n, number in reversed(list(enumerate(low)))]
    parts.append(f'<polygon class="a" points="{" ".join((*there, *back))}"/>')
    points = " ".join(f"{x(n):.1f},{y(number):.1f}" for n, number in enumerate(numbers))
    parts.append(f'<polyline class="l" points="{points}"/>')
    return _svg(name, _STACK, parts, wide)


def rungs(name: str, rows: Sequence[tuple[str, int, int, str]], *, wide: int = WHOLE) -> str:
    """A bar a row across: (its name, how many, how many of them in the lighter part, what stands beside it)."""
    most = max((many for _, many, _, _ in rows), default=0)
    if not most:
        return ""
    left, right, tall = wide * 0.36, wide * 0.26, 17
    room = wide - left - right
    parts = []
    for n, (label, many, part, beside) in enumerate(rows):
        y, size = n * tall + 3, room * many / most
        lighter = size * part / many if many else 0
        parts.append(
            f'<text class="t" x="{left - 6:.1f}" y="{y + 9}" text-anchor="end">{escape(_cut(label, left))}</text>'
        )
        told = escape(f"{label}: {many:,}, {beside}" if beside else f"{label}: {many:,}")
        for kind, start, width in (("k0", left, size - lighter), ("k1", left + size - lighter, lighter)):
            if width:
                parts.append(
                    f'<rect class="{kind}" x="{start:.1f}" y="{y}" width="{width:.1f}" height="12">'
                    f"<title>{told}</title></rect>"
                )
        parts.append(
            f'<text class="t" x="{left + size + 5:.1f}" y="{y + 9}">{many:,}{escape(f" · {beside}" if beside else "")}</text>'
        )
    return _svg(name, len(rows) * tall + 4, parts, wide)


def _cut(label: str, room: float) -> str:
    """A label that fits so many units; where it is cut, that shows."""
    most = int(room / 5)
    return label if len(label) <= most else f"{label[: most - 1]}…"


def alone(chart: str, style: str, legend: Sequence[tuple[str, str]] = ()) -> str:
    """A chart as a file of its own, with the page's colours in it, and beneath it what they are: (class, name).

    Empty where there is no chart.
    """
    if not chart:
        return ""
    wide, tall = map(int, re.findall(r'viewBox="0 0 (\d+) (\d+)"', chart)[0])
    parts = "".join(
        f'<rect class="{colour}" x="{_LEFT + n * 120}" y="{tall + 6}" width="8" height="8"/>'
        f'<text class="t" x="{_LEFT + 12 + n * 120}" y="{tall + 14}">{escape(name)}</text>'
        for n, (colour, name) in enumerate(legend)
    )
    _, _, drawn = chart.partition(">")
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall + 20 * bool(legend)}" role="img"'
    )
    return f"{head}><style>{style}</style>{parts}{drawn}"


def ticks(low: float, high: float) -> tuple[float, float, float]:
    """(first, last, step) of a scale of two to four even steps around the numbers."""
    if low == high:
        low, high = (low - abs(low) / 10, high + abs(high) / 10) if low else (0.0, 1.0)
    if 0 < low < (high - low) / 2 or (low > 0 and low < high * 0.1):
        low = 0.0
    rough = (high - low) / 3
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= rough)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def _runs(numbers: Numbers) -> list[list[tuple[int, float]]]:
    """Neighbours that are known, as lines of their own."""
    runs: list[list[tuple[int, float]]] = [[]]
    for n, number in enumerate(numbers):
        if number is None:
            runs.append([])
        else:
            runs[-1].append((n, number))
    return [run for run in runs if len(run) > 1]


def _across(count: int, wide: int = _WIDE, *, inset: bool = False) -> Callable[[int], float]:
    room = wide - _LEFT - _RIGHT
    if inset:
        return lambda n: _LEFT + room * (n + 0.5) / count
    return lambda n: _LEFT + 4 + (room - 8) * n / max(count - 1, 1)


def _down(low: float, high: float, tall: int) -> Callable[[float], float]:
    room = tall - _TOP - _BOTTOM
    return lambda number: _TOP + room * (high - number) / (high - low)


def _rules(
    low: float, high: float, step: float, tall: int, said: Callable[[float], str], wide: int = _WIDE
) -> str:
    y = _down(low, high, tall)
    parts = []
    for n in range(round((high - low) / step) + 1):
        number = low + n * step
        parts.append(
            f'<path class="g" d="M{_LEFT} {y(number):.1f}H{wide - _RIGHT}"/>'
            f'<text class="t" x="{_LEFT - 4}" y="{y(number) + 3:.1f}" text-anchor="end">{escape(said(number))}</text>'
        )
    return "".join(parts)


def _dates(days: Sequence[date], x: Callable[[int], float], tall: int) -> str:
    """The month beneath every third point, or as many as there is room for, and beneath the last."""
    last, before = len(days) - 1, ""
    parts = []
    for n in range(last, -1, -3 if len(days) < _DENSE else -math.ceil(len(days) / 8)):
        if _month(days[n]) == before:  # of weeks
            continue
        before = _month(days[n])
        anchor = "end" if n == last else "middle"
        where = x(n) + (6 if n == last else 0)
        parts.append(f'<text class="t" x="{where:.1f}" y="{tall - 4}" text-anchor="{anchor}">{before}</text>')
    return "".join(parts)


def _month(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.year % 100:02}"


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _svg(name: str, tall: int, parts: Sequence[str], wide: int = _WIDE) -> str:
    label = escape(name, quote=True)
    return f'<svg viewBox="0 0 {wide} {tall}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
