"""What the work list, and who is away, say in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from engine.core.sentences.amounts import short_day


def is_away(name: str, first: date, until: date, open_: int) -> str:
    """Somebody does not work for a while; `open_` things are on their list."""
    when = (
        f"on {short_day(first)}" if first == until else f"from {short_day(first)} through {short_day(until)}"
    )
    if not open_:
        return f"{name} is away {when}."
    things = "1 thing on their list goes" if open_ == 1 else f"{open_:,} things on their list go"
    return f"{name} is away {when}; in that time {things} to others who have the role."


def is_back(name: str, on: date) -> str:
    return f"{name} works again from {short_day(on)}."


def score_said(
    score: str | Mapping[str, int], currency: str, total: float, parts: Mapping[str, float]
) -> str:
    """How the score of one row came about: `score 9.7: amount 3.7 · age 2.0 · risk 4.0`."""
    if not isinstance(score, str):
        return f"score {total:.1f}: " + " · ".join(f"{name} {points:.1f}" for name, points in parts.items())
    said = {
        "amount": f"{parts.get('amount', 0):,.0f} {currency}",
        "age": f"{parts.get('age', 0):.0f} days past due",
    }
    grown = f"{said['amount']} × (1 + {said['age']} ÷ 30)"
    return f"score: {said.get(score, grown)}"
