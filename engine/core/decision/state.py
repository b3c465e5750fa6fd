"""What is known of many accounts at a moment, as columns: the input of every decision.

The store fills these frames from its tables, a policy test fills them from a few lines of YAML, a simulation from its own
imagination. Nothing that follows knows which it was. Money is integer minor units of the item's own currency, except where
a column says that it is in the house's; dates are the customer's own; words are in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

# One row an account. `row` counts from 0 without gaps and is what every other frame refers to.
# A workspace's own fields follow as further columns, named as they are declared.
ACCOUNTS: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "account": pl.String(),
    "name": pl.String(),
    # from the customer master; null where it says nothing
    "segment": pl.String(),
    "terms": pl.String(),  # canonical: "net 30"; inferred from the open items where the master has none; else "mixed"
    "country": pl.String(),  # ISO 3166 alpha-2, lower case
    "language": pl.String(),
    "currency": pl.String(),  # lower case, as a word for tests
    "risk": pl.String(),
    "owner": pl.String(),
    "legal_form": pl.String(),
    "industry": pl.String(),
    "status": pl.String(),
    "time_zone": pl.String(),
    "tags": pl.List(pl.String()),
    "insolvent": pl.Boolean(),
    "attorney": pl.Boolean(),
    "natural_person": pl.Boolean(),
    "strategic": pl.Boolean(),
    "contract_supply": pl.Boolean(),
    "limit": pl.Int64(),  # minor units of the house's currency
    "opened": pl.Date(),
    "addresses": pl.UInt32(),  # bits of ADDRESSES
    # from its history
    "response": pl.String(),
    "first_time": pl.Boolean(),
    "contacts": pl.Int32(),  # these three over 12 months
    "broken": pl.Int32(),
    "kept": pl.Int32(),
    "claims": pl.Int32(),
    "dbt": pl.Int32(),  # average days beyond terms, 12 months, weighted by amount, rounded
    "last_contact": pl.Date(),
    "spoke": pl.Date(),  # the last day on which somebody there was spoken with
    "last_payment": pl.Date(),
    "promise": pl.String(),  # none, open, kept, broken: the latest one
    "plan": pl.String(),  # none, kept, broken
    # events that a policy with `start:` counts from: the latest of each
    "promise_broken": pl.Date(),
    "dispute_closed": pl.Date(),
    "terms_changed": pl.Date(),
    # the episode; all empty outside one
    "episode": pl.Int32(),  # number of the present episode, or of the one to come
    "since": pl.Date(),  # null outside an episode
    "home": pl.String(),  # the policy the episode keeps
    "sides": pl.List(pl.String()),  # where it was drawn to, for good, as "comparison/side"
    "effects": pl.UInt8(),  # bits of EFFECTS already done in this episode
    "tone": pl.UInt8(),  # highest tone reached: 0 none, else Tone.rank
    "tone_step": pl.String(),  # the step whose message reached it, as "policy/step"
    "reached": pl.String(),  # the most senior role that has called (policy.seniority)
    "answer_by": pl.Date(),  # the last written demand's date to answer by
    "answer_day": pl.Int32(),  # and its step's `day`
    "paused_until": pl.Date(),  # a person's pause of this account holds through this day; null: none
    "paused_kinds": pl.String(),  # what it holds, as `ladder.paused_together` writes it; null: everything
    "stepped": pl.Date(),  # last day on which it took a step of any kind: it takes one a day
    "finished": pl.Date(),  # last day on which the owner was told that the ladder is finished
}

# The columns of a workspace's own fields, by the type that their declaration names.
OWN: Mapping[str, pl.DataType] = {
    "money": pl.Int64(),
    "count": pl.Int64(),
    "days": pl.Int64(),
    "share": pl.Int64(),
    "word": pl.String(),
    "flag": pl.Boolean(),
    "tags": pl.List(pl.String()),
}

# One row an open item, sorted by row, due, item. Credits are rows with a negative `open`.
ITEMS: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "item": pl.String(),  # document number, as text
    "kind": pl.String(),  # invoice, debit_note, credit_note, payment, journal
    "date": pl.Date(),
    "due": pl.Date(),
    "statement": pl.Date(),  # null: the end of the month of its date
    "amount": pl.Int64(),
    "open": pl.Int64(),
    "currency": pl.String(),  # ISO 4217, upper case
    "rate": pl.Float64(),  # house minor units for one of its own; null: no rate is known
    "aside": pl.String(),  # null, or why it is set aside: a value of Aside
    "aside_since": pl.Date(),
    "aside_until": pl.Date(),  # a promise: the day on which it would count as broken
    "days_off": pl.Int32(),  # days set aside through no fault of the customer
}

# Steps taken or passed over, an item a step. `event` is the day the policy's `start:` event fell on, else null.
MARKS: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "item": pl.String(),
    "policy": pl.String(),
    "step": pl.String(),
    "event": pl.Date(),
}

# Steps an account will not be asked again in this episode (an approval refused). Account-wide.
BARRED: dict[str, pl.DataType] = {"row": pl.UInt32(), "policy": pl.String(), "step": pl.String()}

# Calls that were made, whatever came of them, of the last weeks. `spoke`: somebody was spoken with.
CALLS: dict[str, pl.DataType] = {"row": pl.UInt32(), "on": pl.Date(), "spoke": pl.Boolean()}

# Rules about contact in force: which of `cases.guards.WISHES`, the bits of ADDRESSES that it closes and opens, its last day.
WISHES: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "wish": pl.UInt8(),
    "closes": pl.UInt32(),
    "opens": pl.UInt32(),
    "until": pl.Date(),  # null: until somebody lifts it
}

# How many accounts each comparison has drawn of those alike in what it is balanced in (`draw.stratum`).
STRATA: dict[str, pl.DataType] = {"split": pl.String(), "stratum": pl.String(), "drawn": pl.Int64()}

# Guards that somebody has set aside for an account, through a day.
OFF: dict[str, pl.DataType] = {"row": pl.UInt32(), "guard": pl.String(), "until": pl.Date()}

# Contacts that count for gap and limit: demands, and calls that reached someone. `item` only under `each: invoice`.
TOUCHES: dict[str, pl.DataType] = {"row": pl.UInt32(), "item": pl.String(), "on": pl.Date()}

# What is under way. At most one an account (an item, under `each: invoice`).
PENDING: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "item": pl.String(),
    "policy": pl.String(),
    "step": pl.String(),
    "state": pl.String(),  # a value of Pending
    "since": pl.Date(),
    "not_before": pl.Date(),  # a call put back: the day it may be tried again; null else
    "attempts": pl.Int32(),
}

# How often a repeating step was taken under a policy in this episode, and when last; under one with `start:` since its event.
REPEATS: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "policy": pl.String(),
    "step": pl.String(),
    "times": pl.Int32(),
    "last": pl.Date(),
}


class Pending(StrEnum):
    """Why a step that has begun is not taken yet."""

    CALL = "call"  # on the call list, no outcome logged
    AGAIN = "again"  # no answer, busy or voicemail: to be tried again on `not_before`
    MESSAGE = "message"  # planned or being sent
    APPROVAL = "approval"  # waits for a person to agree
    ADDRESS = "address"  # waits for a person to find an address
    APPROVED = "approved"  # agreed; goes at the next opportunity if it is still due
    UNCERTAIN = "uncertain"  # may or may not have been sent; a person must say
    CAPACITY = "capacity"  # waits for room in a day; `since` is the first day it waited


class Aside(StrEnum):
    """Why an item is set aside."""

    DISPUTED = "disputed"
    PROMISED = "promised"
    PLANNED = "planned"


ADDRESSES: tuple[str, ...] = (  # bit 0, bit 1, …
    "email accounts payable",
    "email principal",
    "email account owner",
    "post",
    "phone",
)
EFFECTS: tuple[str, ...] = ("terms", "hold", "hand off")  # bit 0, bit 1, bit 2


# The frames of a state that belong to single accounts.
BY_ROW: tuple[str, ...] = (
    *("accounts", "items", "marks", "barred", "touches", "pending", "repeats"),
    *("calls", "wishes", "off"),
)


@dataclass(frozen=True, slots=True)
class State:
    """Everything a decision may depend on, for all accounts. `as_of` is the ledger's own date; `age` its hours."""

    accounts: pl.DataFrame
    items: pl.DataFrame
    marks: pl.DataFrame
    barred: pl.DataFrame
    touches: pl.DataFrame
    pending: pl.DataFrame
    repeats: pl.DataFrame
    as_of: date | None = None
    age: int = 0
    calls: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CALLS))
    wishes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=WISHES))
    off: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=OFF))
    strata: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=STRATA))

    def part(self, rows: NDArray[Any]) -> State:
        """Some accounts, given as ascending rows, as if there were no others: they are counted from 0 anew."""
        if len(rows) == self.accounts.height:
            return self
        place = np.full(self.accounts.height, -1, dtype=np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)

        def of(frame: pl.DataFrame) -> pl.DataFrame:
            if not frame.height:
                return frame
            at = place[frame["row"].to_numpy()]
            mine = at >= 0
            new = pl.Series("row", at[mine], dtype=pl.UInt32)
            return frame.filter(pl.Series(mine)).with_columns(new)

        parts: dict[str, Any] = {name: of(getattr(self, name)) for name in BY_ROW}
        return replace(self, **parts)

    @staticmethod
    def joined(parts: Sequence[State]) -> State:
        """States of different accounts as one, in the order of the accounts' names; each part is known as of the same moment."""
        ends = np.cumsum([0, *(part.accounts.height for part in parts)])
        names = pl.concat([part.accounts["account"] for part in parts])
        place = np.empty(len(names), dtype=np.uint32)
        place[names.arg_sort().to_numpy()] = np.arange(len(names), dtype=np.uint32)

        def of(name: str) -> pl.DataFrame:
            frames = (
                frame.with_columns(pl.Series("row", place[frame["row"].to_numpy() + start]))
                for start, frame in zip(ends, (getattr(part, name) for part in parts), strict=False)
            )
            whole: pl.DataFrame = pl.concat(frames)
            return whole.sort("row", maintain_order=True)

        joined: dict[str, Any] = {name: of(name) for name in BY_ROW}
        return replace(parts[0], **joined)

    @staticmethod
    def empty_frame(schema: dict[str, pl.DataType]) -> pl.DataFrame:
        return pl.DataFrame(schema=schema)
