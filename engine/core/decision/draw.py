"""Which side of a comparison an account is on: drawn by lot when it falls past due, and kept for good.

Accounts alike in what a comparison is balanced in are drawn from one urn: blocks that hold each side as often as its share
says, in an order that the comparison's name gives. So after each block the sides are exactly as large as they should be, and
a later account never moves an earlier one. Whom a guard leaves to people is not drawn, and whom consumer law may protect is
in no comparison with a holdout.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce
from math import gcd
from operator import or_
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.cases.guards import consumer
from engine.core.decision import columns
from engine.core.decision.ladder import contacts
from engine.core.decision.state import STRATA, State
from engine.core.language.policy import HOLDOUT, PolicyBook, Split, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_LEAST_BLOCK = 4
_UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Lot:
    """An account that is drawn today: to which side, and with whom it shares an urn."""

    row: int
    account: str
    episode: int
    split: str
    side: str
    stratum: str


# -- whose side ----------------------------------------------------------------------------------------------------------


def steered(split: Split, sides: Collection[str], home: str | None, on: date) -> bool:
    """Whether the challenger has the account. After the last day it keeps only the episodes that it has."""
    challenger = split.challenger
    if challenger is None or split.mark(challenger) not in sides:
        return False
    return on <= split.until or home == challenger


def on_side(book: PolicyBook, policy: str, sides: Collection[str], home: str | None, on: date) -> bool:
    """Whether the lot lets a policy have the account; one that is compared with nothing has no lot."""
    split = book.house.split_of(policy)
    if split is None or split.challenger is None:
        return True
    return steered(split, sides, home, on) is (policy == split.challenger)


def on_side_column(book: PolicyBook, policy: str, on: date) -> pl.Expr:
    """`on_side` for all accounts at once."""
    split = book.house.split_of(policy)
    if split is None or split.challenger is None:
        return pl.lit(value=True)
    drawn = pl.col("sides").list.contains(split.mark(split.challenger)).fill_null(value=False)
    if on > split.until:
        drawn &= (pl.col("home") == split.challenger).fill_null(value=False)
    return drawn if policy == split.challenger else ~drawn


def endless(book: PolicyBook) -> PolicyBook:
    """The book whose comparisons never end: tests and proofs of policies hold on whatever day they are asked for."""
    splits = tuple(replace(split, until=date.max) for split in book.house.splits)
    return replace(book, house=replace(book.house, splits=splits)) if splits else book


# -- the holdout ---------------------------------------------------------------------------------------------------------


def waits_held_out(step: Step) -> bool:
    """Whether a holdout holds the step: a demand or what weighs on the customer. Courtesies and our own tasks go on."""
    return step.demand and contacts(step)


def held_out(split: Split, account: Mapping[str, Any], on: date) -> bool:
    """Whether the account is left in peace: for so many days of an episode in which nobody has reached it yet."""
    since = account["since"] or on
    reached = account["last_contact"] is not None and account["last_contact"] >= since
    return (
        split.mark(HOLDOUT) in (account["sides"] or ())
        and on <= split.until
        and on < since + timedelta(days=split.holdout)
        and not reached
        and not consumer(account["natural_person"], account["legal_form"])
    )


def held_out_rows(split: Split, accounts: pl.DataFrame, natural: Array | None, on: date) -> Array:
    """row -> `held_out`. `natural`: row -> consumer law may apply; None: to nobody."""
    if split.holdout == 0 or on > split.until:
        return np.zeros(accounts.height, dtype=bool)
    since = pl.col("since").fill_null(on)
    drawn = pl.col("sides").list.contains(split.mark(HOLDOUT))
    waits = (pl.lit(on) - since).dt.total_days() < split.holdout
    reached = (pl.col("last_contact") >= since).fill_null(value=False)
    found: Array = accounts.select(holds=(drawn & waits & ~reached).fill_null(value=False))[
        "holds"
    ].to_numpy()
    return found if natural is None else found & ~natural


# -- the lot -------------------------------------------------------------------------------------------------------------


def lots(
    book: PolicyBook, state: State, accounts: pl.DataFrame, home: Array, overdue: Array, on: date
) -> tuple[Lot, ...]:
    """Who is drawn today: accounts whose episode begins, once in their life for each comparison.

    `accounts` have the measures that the book asks for; `home` is row -> the index of the policy its episode will keep,
    `overdue` row -> something is past due.
    """
    found: list[Lot] = []
    begins = overdue & accounts["home"].is_null().to_numpy()
    if not begins.any():
        return ()
    number = {policy.id: n for n, policy in enumerate(book.policies)}
    left = _left_to_people(book, accounts)
    for split in book.house.splits:
        if on > split.until:
            continue
        ours = np.isin(home, [number[side] for side in split.policies])
        rows = np.flatnonzero(begins & ours & ~left)
        drawn = dict(
            state.strata.filter(pl.col("split") == split.name).select("stratum", "drawn").iter_rows()
        )
        found += _drawn(split, accounts[rows], drawn)
    return tuple(found)


def _drawn(split: Split, new: pl.DataFrame, drawn: dict[str, int]) -> Iterable[Lot]:
    """The lots of accounts that come in, in an order that only the comparison's name and their own number give."""
    wanted = ("row", "account", "episode", "sides", "natural_person", "legal_form")
    coming = []
    for each in new.select(*dict.fromkeys((*wanted, *split.alike))).iter_rows(named=True):
        known = any(side.startswith(split.mark("")) for side in each["sides"] or ())
        spared = split.holdout > 0 and consumer(each["natural_person"], each["legal_form"])
        if not known and not spared:
            coming.append(each)
    size = len(block(split, "", 0))
    blocks: dict[str, tuple[int, Sequence[str]]] = {}  # urn -> its block under way
    for each in sorted(coming, key=lambda one: _hash(split.name, one["account"])):
        urn = stratum(each[column] for column in split.alike)
        number, place = divmod(drawn.get(urn, 0), size)
        if blocks.get(urn, (-1,))[0] != number:
            blocks[urn] = number, block(split, urn, number)
        side = blocks[urn][1][place]
        drawn[urn] = drawn.get(urn, 0) + 1
        yield Lot(each["row"], each["account"], each["episode"] or 1, split.name, side, urn)


def stratum(values: Iterable[object]) -> str:
    """What an account is alike in to those of its urn, in words: "trade · high"."""
    words = (
        "yes" if value is True else "no" if value is False else str(value or _UNKNOWN) for value in values
    )
    return " · ".join(words)


def block(split: Split, urn: str, number: int) -> tuple[str, ...]:
    """The sides of the accounts that an urn gives out one after another, a block at a time."""
    unit = reduce(gcd, split.shares.values())
    sides = [side for side, share in split.shares.items() for _ in range(share // unit)]
    sides *= -(-_LEAST_BLOCK // len(sides))
    order = sorted(range(len(sides)), key=lambda n: _hash(split.name, urn, str(number), str(n)))
    return tuple(sides[n] for n in order)


def _hash(*words: str) -> bytes:
    return hashlib.sha256("\0".join(words).encode()).digest()


def _left_to_people(book: PolicyBook, accounts: pl.DataFrame) -> Array:
    """row -> a line of `never`, or the guards of insolvency and attorney, leave the account to people."""
    flags = [pl.col(name).fill_null(value=False) for name in ("insolvent", "attorney")]
    clauses = [columns.clause(clause) for clause in book.house.never]
    left: Array = accounts.select(left=reduce(or_, (*flags, *clauses)))["left"].to_numpy()
    return left


def with_lots(state: State, drawn: Sequence[Lot]) -> State:
    """The state in which these accounts have been drawn."""
    if not drawn:
        return state
    marks = pl.DataFrame(
        {"row": [lot.row for lot in drawn], "mark": [f"{lot.split}/{lot.side}" for lot in drawn]}
    )
    new = marks.cast({"row": pl.UInt32}).group_by("row", maintain_order=True).agg("mark")
    both = state.accounts.select("row", "sides").join(new, on="row", how="left", maintain_order="left")
    sides = pl.concat_list(*(pl.col(name).fill_null([]) for name in ("sides", "mark")))
    column = both.select(sides=pl.when(pl.col("mark").is_null()).then("sides").otherwise(sides))["sides"]
    counts = Counter((lot.split, lot.stratum) for lot in drawn)
    counted = pl.DataFrame([(*urn, many) for urn, many in counts.items()], schema=STRATA, orient="row")
    strata = pl.concat([state.strata, counted]).group_by("split", "stratum", maintain_order=True)
    return replace(
        state,
        accounts=state.accounts.with_columns(column),
        strata=strata.agg(pl.col("drawn").sum()),
    )
