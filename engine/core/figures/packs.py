"""Late-payment law as packs, dated and with their sources. A team switches one on; none is a hidden default.

Facts for builders and readers, not legal advice: a team asks its counsel before it charges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.core.figures.reference_rates import BANK_OF_ENGLAND, BUNDESBANK, ECB, FRANCE_LEGAL


@dataclass(frozen=True, slots=True)
class Pack:
    """One law, or a contract.

    `points` over `reference` are the rate, in percent a year; `rebased`: anew each half-year, else fixed where interest
    begins. `sums` are (up to this debt, this sum) in minor units of `currency`, the last without an end. `consumer` are the
    points where the customer is a consumer; None: then nothing is charged by this law. `floor` is a reference of which a
    contract's rate is at least `floor_times`.
    """

    id: str
    law: str
    source: str
    stand: date  # what the law said on this day
    reference: str = ""
    points: Decimal = Decimal(0)
    rebased: bool = True
    currency: str = ""
    sums: tuple[tuple[int | None, int], ...] = ()
    consumer: Decimal | None = None
    floor: str = ""
    floor_times: int = 0
    note: str = ""

    @property
    def contract(self) -> bool:
        """The rate is a contract's own: it needs one, and where it is written."""
        return not self.reference


_STAND = date(2026, 3, 31)
_FORTY = ((None, 40_00),)

PACKS: Mapping[str, Pack] = {
    pack.id: pack
    for pack in (
        Pack(
            "eu",
            "Directive 2011/7/EU",
            "eur-lex.europa.eu, Directive 2011/7/EU articles 2(6), 3, 6",
            _STAND,
            ECB,
            Decimal(8),
            currency="EUR",
            sums=_FORTY,
            note="The least that a member state must give; its own law may give more. Compensation, without VAT.",
        ),
        Pack(
            "germany",
            "§ 288 BGB",
            "gesetze-im-internet.de, BGB §§ 247, 286, 288",
            _STAND,
            BUNDESBANK,
            Decimal(9),
            currency="EUR",
            sums=_FORTY,
            consumer=Decimal(5),
            note="The sum of 40 EUR is set against the cost of going to law (§ 288 V). A consumer owes 5 points, and no sum. "
            "Compensation, without VAT.",
        ),
        Pack(
            "france",
            "art. L441-10 Code de commerce",
            "legifrance.gouv.fr, Code de commerce L441-10 and D441-5",
            _STAND,
            ECB,
            Decimal(10),
            currency="EUR",
            sums=_FORTY,
            floor=FRANCE_LEGAL,
            floor_times=3,
            note="On the amount with VAT; 40 EUR an invoice, without VAT; both must stand on the invoice and in the terms.",
        ),
        Pack(
            "uk",
            "Late Payment of Commercial Debts (Interest) Act 1998",
            "legislation.gov.uk, 1998 c. 20 and SI 2002/1675 article 4",
            _STAND,
            BANK_OF_ENGLAND,
            Decimal(8),
            rebased=False,
            currency="GBP",
            sums=((999_99, 40_00), (9_999_99, 70_00), (None, 100_00)),
            note="Only where the contract has no other substantial remedy. The rate is fixed for each debt. Without VAT.",
        ),
        Pack(
            "contract",
            "the contract",
            "the basis on record",
            _STAND,
            rebased=False,
            note="A rate that was agreed, with where it is written. State law may set a ceiling (usury).",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class NoSum:
    """Why no lump sum is charged."""

    why: str


def lump_sum(pack: Pack, debt: int, currency: str, *, consumer: bool) -> int | NoSum:
    """The lump sum of a debt, in minor units of the pack's currency, which must be the debt's."""
    if not pack.sums:
        return NoSum(f"{pack.law} has no lump sum")
    if consumer:
        return NoSum("a consumer owes no lump sum")
    if currency != pack.currency:
        return NoSum(f"the sum is in {pack.currency} and the item in {currency}")
    return next(amount for most, amount in pack.sums if most is None or debt <= most)
