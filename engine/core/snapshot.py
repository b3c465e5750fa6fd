"""What changed between two ledgers of the same source, and whether the change is believable.

Pure: two frames in, a `Comparison` out. An item that was open and is no longer listed is presumed paid; a
smaller open amount is
a part payment; too large a change holds the next run, because a cut export looks exactly like a day of
many payments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

KEY = ("account", "item")
FALL = 0.20  # of the items, or of a currency's total, that may vanish at once
RISE = 1.00  # by which a currency's total may grow at once
FEW = 20  # below so many items a change of a few is ordinary
_CHANGED = {
    "account": pl.String(),
    "item": pl.String(),
    "currency": pl.String(),
    "before": pl.Int64(),
    "after": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The new ledger against the previous one.

    `vanished`, `appeared` and `reappeared` have account, item, currency and open (before, for the
    vanished); `changed` has
    account, item, currency, before and after. Amounts are minor units; totals are open amounts by
    currency. `implausible` is
    the sentence why a person should look before the next run, or None.
    """

    vanished: pl.DataFrame
    changed: pl.DataFrame
    appeared: pl.DataFrame
    reappeared: pl.DataFrame
    totals_before: Mapping[str, int]
    totals_after: Mapping[str, int]
    implausible: str | None

    @property
    def nothing(self) -> bool:
        """Whether the two ledgers say the same."""
        return all(
            frame.is_empty() for frame in (self.vanished, self.changed, self.appeared, self.reappeared)
        )


def compare(
    previous: pl.DataFrame,
    new: pl.DataFrame,
    gone_before: pl.DataFrame | None = None,
    rest: Mapping[str, tuple[int, int]] | None = None,
) -> Comparison:
    """Compare two ledgers by account and item.

    Both need account, item, currency and open; rows with nothing open count as not listed. `gone_before`
    has account and item
    of all that vanished from earlier ledgers: such an item, listed again, has reappeared, and what was
    presumed paid was not. `rest` is what both have open besides, by currency: how many items, and their total.
    """
    before, after = _open(previous), _open(new)
    key = list(KEY)
    vanished = before.join(after, on=key, how="anti")
    fresh = after.join(before, on=key, how="anti")
    if gone_before is None or gone_before.is_empty():
        reappeared = fresh.clear()
    else:
        reappeared = fresh.join(gone_before.select(key).unique(), on=key, how="semi")
    appeared = fresh.join(reappeared, on=key, how="anti")
    both = before.join(after, on=key, how="inner", suffix="_after")
    changed = (
        both.filter(
            (pl.col("open") != pl.col("open_after")) | (pl.col("currency") != pl.col("currency_after"))
        )
        .select("account", "item", currency="currency_after", before="open", after="open_after")
        .cast(pl.Schema(_CHANGED))
    )
    order = {"vanished": vanished, "appeared": appeared, "reappeared": reappeared, "changed": changed}
    frames = {name: frame.sort(key) for name, frame in order.items()}
    rest = rest or {}
    totals_before, totals_after = _totals(before, rest), _totals(after, rest)
    count = before.height + sum(items for items, _ in rest.values())
    recoded = both.filter(pl.col("currency") != pl.col("currency_after")).height
    return Comparison(
        **frames,
        totals_before=totals_before,
        totals_after=totals_after,
        implausible=_implausible(count, frames, totals_before, totals_after, recoded),
    )


def _open(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("open") != 0).select(
        "account", "item", "currency", pl.col("open").cast(pl.Int64)
    )


def _totals(frame: pl.DataFrame, rest: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    sums = {currency: total for currency, (_, total) in rest.items()}
    for currency, total in frame.group_by("currency").agg(pl.col("open").sum()).iter_rows():
        sums[currency] = sums.get(currency, 0) + total
    return dict(sorted(sums.items()))


def _implausible(
    count: int,
    frames: Mapping[str, pl.DataFrame],
    totals_before: Mapping[str, int],
    totals_after: Mapping[str, int],
    recoded: int,
) -> str | None:
    """The first reason not to believe the new ledger."""
    if count and not totals_after:
        return f"nothing is open any more; the last ledger had {count:,} open items"
    if recoded:
        return f"{recoded:,} items have changed their currency"
    if count < FEW:
        return None
    gone = frames["vanished"].height
    if gone > FALL * count:
        share = f"{gone / count:.0%}; more than {FALL:.0%} is not usual"
        return f"{gone:,} of {count:,} open items are missing at once ({share})"
    changed = frames["changed"]
    grown = changed.filter(pl.col("after").abs() > pl.col("before").abs()).height
    if grown > FALL * count:
        return f"{grown:,} of {count:,} items have a larger open amount than before"
    for currency, total in totals_before.items():
        now = totals_after.get(currency, 0)
        if total > 0 and now < (1 - FALL) * total:
            return f"the open total in {currency} has fallen by {1 - now / total:.0%} at once"
        if total > 0 and now > (1 + RISE) * total:
            return f"the open total in {currency} has grown by {now / total - 1:.0%} at once"
    return None
