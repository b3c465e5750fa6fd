"""What an unpaid item has come to in interest and lump sum, what of it may be charged now, and why the rest waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from engine.core import sentences
from engine.core.cases.guards import SOLE_TRADERS
from engine.core.figures.interest import (
    Interest,
    Part,
    Stretch,
    below_floor,
    half_up,
    interest,
    principals,
)
from engine.core.figures.packs import PACKS, NoSum, Pack, lump_sum
from engine.core.figures.reference_rates import NoRate, Rate
from engine.core.language.charging import ELSE
from engine.core.language.policy import Charge, House

INTEREST, LUMP_SUM = "interest", "lump sum"
_DAY = timedelta(days=1)
_ALL = 10**18  # more than any item


@dataclass(frozen=True, slots=True)
class Contest:
    """A dispute of an item: since when, until when, for whom it was closed, and what was contested (None: all), minor units."""

    opened: date
    closed: date | None
    closed_for: str | None
    amount: int | None


@dataclass(frozen=True, slots=True)
class Owing:
    """One item with what bears on its interest. `owed` is after credits; `aside` is why it is set aside, or empty."""

    item: str
    due: date
    owed: int
    currency: str
    payments: tuple[tuple[date, int], ...] = ()
    contests: tuple[Contest, ...] = ()
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Whom:
    """What law asks of the customer. `country` is an ISO code in lower case, or empty."""

    country: str = ""
    natural_person: bool = False
    legal_form: str = ""

    @property
    def consumer(self) -> bool:
        """A natural person, unless the master says that they trade: then it is a debt between businesses."""
        return self.natural_person and self.legal_form.strip().lower() not in SOLE_TRADERS


@dataclass(frozen=True, slots=True)
class Line:
    """One amount of one item, with its calculation as it is kept. `waits` is why it is not charged now, or empty."""

    item: str
    kind: str  # interest, lump sum
    amount: int
    currency: str
    first: date
    last: date
    pack: str
    calculation: Mapping[str, Any]
    waits: str = ""


def pack_of(house: House, whom: Whom) -> Charge | None:
    """What the house charges in the customer's country."""
    found = house.charge.get(whom.country.lower()) or house.charge.get(ELSE)
    return found if found is not None and found.pack else None


def lines(
    house: House,
    whom: Whom,
    owing: Owing,
    through: date,
    *,
    charged: date | None,
    summed: bool,
    basis: str = "",
) -> tuple[Line, ...]:
    """What an item has come to by a day, beyond what was charged for it already.

    `charged` is the last day of interest that was charged (or waived), `summed` that its lump sum was. `basis` is where a
    contract says so, if house.yaml does not.
    """
    chosen = pack_of(house, whom)
    if chosen is None:
        return ()
    pack = PACKS[chosen.pack]
    begins = owing.due + _DAY
    waits = _waits(pack, chosen, whom, owing, basis or chosen.basis)
    first = max(day for day in (begins, chosen.since, charged and charged + _DAY) if day)
    found = [
        _interest(house, pack, chosen, whom, owing, first, through, waits, basis or chosen.basis),
        None if summed or not chosen.lump_sum else _sum(pack, chosen, whom, owing, through, waits),
    ]
    return tuple(line for line in found if line is not None and (line.amount or line.waits))


def _waits(pack: Pack, chosen: Charge, whom: Whom, owing: Owing, basis: str) -> str:
    """Why nothing of the item is charged now, whatever it has come to."""
    if whom.consumer and pack.consumer is None and not pack.contract:
        return sentences.not_for_consumers(pack.law)
    if pack.contract and not basis:
        return sentences.NO_BASIS
    if owing.aside:
        return sentences.charge_waits(owing.aside)
    return ""


def _without(owing: Owing) -> tuple[Stretch, ...]:
    """What the customer was right to contest bears nothing, up to the day on which that was said."""
    return tuple(
        Stretch(owing.due + _DAY, one.closed, _ALL if one.amount is None else one.amount)
        for one in owing.contests
        if one.closed is not None and one.closed_for == "customer"
    )


def _interest(
    house: House,
    pack: Pack,
    chosen: Charge,
    whom: Whom,
    owing: Owing,
    first: date,
    through: date,
    waits: str,
    basis: str,
) -> Line | None:
    stretches = principals(owing.owed, owing.payments, first, through, _without(owing))
    if not stretches:
        return None
    floor = PACKS["france"] if pack.contract and whom.country.lower() == "fr" else pack
    if chosen.rate is not None and not waits:
        least = below_floor(floor, chosen.rate, stretches, house.rates)
        if isinstance(least, NoRate):
            waits = sentences.no_rate(least.reference, least.since)
        elif least is not None:
            waits = sentences.below_floor(chosen.rate, least.percent, floor.floor_times)
    points = pack.consumer if whom.consumer else None
    found = interest(pack, stretches, owing.due + _DAY, house.rates, contract=chosen.rate, points=points)
    if isinstance(found, NoRate):
        why = sentences.no_rate(found.reference, found.since)
        return Line(owing.item, INTEREST, 0, owing.currency, first, through, pack.id, {}, waits or why)
    calculation = {
        "law": pack.law,
        "source": pack.source,
        "stand": pack.stand.isoformat(),
        "days_a_year": 365,
        "rounding": "half up, on the sum",
        "begins": (owing.due + _DAY).isoformat(),
        "parts": [_part(part, pack.points if points is None else points) for part in found.parts],
        "formula": formula(found, owing.currency),
    }
    if chosen.rate is not None:
        calculation |= {"basis": basis}
    first, last = found.parts[0].first, found.parts[-1].last
    return Line(
        owing.item,
        INTEREST,
        found.amount,
        owing.currency,
        first,
        max(last, through),
        pack.id,
        calculation,
        waits,
    )


def _part(part: Part, points: Decimal) -> dict[str, Any]:
    told: dict[str, Any] = {
        "from": part.first.isoformat(),
        "to": part.last.isoformat(),
        "days": part.days,
        "principal": part.principal,
        "percent": str(part.percent),
        "interest": half_up(part.exact),
    }
    reference: Rate | None = part.reference
    if reference is not None:
        told |= {
            "reference": reference.reference,
            "reference_percent": str(reference.percent),
            "reference_since": reference.since.isoformat(),
            "points": str(points),
        }
        told |= {"reference_by": "house.yaml"} if reference.told else {}
    return told


def formula(found: Interest, currency: str) -> str:
    """`5,000.00 GBP × 12.25% × 101 days / 365 = 169.49 GBP`, its stretches with a plus between them."""
    parts = [
        f"{sentences.plain_money(part.principal, currency)} × {sentences.percent(part.percent)} × "
        f"{part.days} day{'s' * (part.days != 1)} / 365"
        for part in found.parts
    ]
    return f"{' + '.join(parts)} = {sentences.plain_money(found.amount, currency)}"


def _sum(pack: Pack, chosen: Charge, whom: Whom, owing: Owing, through: date, waits: str) -> Line | None:
    begins = owing.due + _DAY
    if begins > through or (chosen.since is not None and begins < chosen.since):
        return None  # it was late before the house began to charge
    debt = owing.owed + sum(amount for day, amount in owing.payments if day >= begins)
    contested = sum(
        _ALL if one.amount is None else one.amount for one in owing.contests if one.closed_for == "customer"
    )
    if debt - contested <= 0:
        return None
    amount = lump_sum(pack, debt - contested, owing.currency, consumer=whom.consumer)
    if isinstance(amount, NoSum):
        if not pack.sums:
            return None
        return Line(owing.item, LUMP_SUM, 0, pack.currency, begins, begins, pack.id, {}, waits or amount.why)
    calculation = {
        "law": pack.law,
        "source": pack.source,
        "stand": pack.stand.isoformat(),
        "debt": debt - contested,
        "formula": sentences.sum_formula(debt - contested, amount, pack.currency),
    }
    return Line(owing.item, LUMP_SUM, amount, pack.currency, begins, begins, pack.id, calculation, waits)


def asked(found: Sequence[Line]) -> tuple[Line, ...]:
    """What may be charged now."""
    return tuple(line for line in found if not line.waits and line.amount)
