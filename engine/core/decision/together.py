"""What was decided in parts as one day: one order of all contacts, one capacity, one safety stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core import sentences
from engine.core.decision.allocate import Room, allocate, in_order
from engine.core.decision.decide import Decided
from engine.core.language.policy import Action, House

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Together:
    """Aligned with the contacts given: whether each goes, who does it, and its place in the whole day's order.

    `stopped` is the sentence of the safety stop: then nothing goes.
    """

    goes: Sequence[bool]
    person: Sequence[str | None]
    place: NDArray[Any]
    stopped: str


def share(decided: Decided, numbers: Mapping[int, int]) -> pl.DataFrame:
    """What the whole day looks at of a part's contacts, in the part's own order; classes by their number in the run."""
    overdue = decided.portfolio.accounts["overdue"].gather(decided.contacts["row"])
    return decided.contacts.select(
        "account",
        "long_wait",
        "score",
        "owner",
        newly=pl.col("waiting_since").is_null(),
        overdue=overdue,
        number=pl.col("class").cast(pl.Int64).replace_strict(numbers, return_dtype=pl.Int64),
    )


def together(
    house: House, contacts: pl.DataFrame, deeds: Mapping[int, tuple[Action, ...]], room: Room
) -> Together:
    """The contacts of all parts, one part after the other, within what the day has room for.

    `deeds` are what each class does. Of accounts alike in rank the first by name comes first, as in a day that was
    decided in one.
    """
    ordered = in_order(contacts.with_row_index("at").sort("account", maintain_order=True))
    known = sorted(deeds)
    found = allocate(
        house,
        [deeds[number] for number in known],
        np.searchsorted(np.array(known, dtype=np.int64), ordered["number"].to_numpy()).astype(np.int64),
        ordered["newly"].to_numpy(),
        ordered["owner"].to_list(),
        room,
        sentences.safety_stop,
    )
    place = np.argsort(ordered["at"].to_numpy())
    return Together(
        goes=np.array(found.go, dtype=bool)[place].tolist(),
        person=[found.person[at] for at in place.tolist()],
        place=place,
        stopped=found.stopped,
    )
