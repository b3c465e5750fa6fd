"""What a policy would have come to over a history: who was asked, who paid before that, how much work it was, what was held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from engine.core.decision.allocate import ROOM
from engine.core.decision.signature import NONE
from engine.core.language.policy import Kind
from engine.core.problem import Place
from engine.core.trust.course import Course

SOON = 7  # days within which a payment after a hold is told


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of a policy: in how many spells it was taken, and how many of those were paid before a further one came.

    Of a courtesy, which comes before an account is past due, `times` counts how often it went. `amount` is what it asked for
    in all, in the house's minor units, each spell counting once.
    """

    policy: str
    step: str
    day: int
    place: Place
    times: int
    paid: int
    amount: int


@dataclass(frozen=True, slots=True)
class Load:
    """Work of a kind on the open days: `role` of calls and tasks, else empty. `high` is not exceeded on nine days of ten.

    `weeks` has the number of each week; `capacity` is what the house lets a day have of the kind, and `full` counts such days.
    """

    kind: Kind
    role: str
    total: int
    mean: float
    high: int
    most: int
    most_on: date | None
    weeks: tuple[int, ...]
    capacity: int | None = None
    full: int = 0


@dataclass(frozen=True, slots=True)
class Restricted:
    """Terms, holds and hand-offs of a kind: how often, for how many accounts, and how many paid up within SOON days."""

    kind: Kind
    value: str
    times: int
    accounts: int
    soon: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole of it. `spells` are the times for which accounts were past due, with `asked`: the first day on which a step
    concerned the customer, null where none did.
    """

    book: str
    policies: tuple[str, ...]
    counts: Mapping[Kind, int]
    accounts: int  # that were asked
    unfit: int  # spells that began when no policy fitted the account
    spells: pl.DataFrame
    funnel: tuple[Rung, ...]
    work: tuple[Load, ...]
    restricted: tuple[Restricted, ...]
    approvals: int
    stopped: tuple[date, ...]  # days that the safety stop would have held
    waiting: int  # the most that waited for room on one day
    contacts: pl.DataFrame  # a row a step that went: on, row, policy, step, does, place, amount, asks
    evaluators: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def asked(self) -> int:
        """Spells in which the customer was asked."""
        return self.spells.height - self.spells["asked"].null_count()

    @property
    def spared(self) -> int:
        """Spells that ended because all was paid before anybody asked."""
        return self.spells.filter(pl.col("asked").is_null() & pl.col("ended").is_not_null()).height

    @property
    def quiet(self) -> int:
        """Spells that had not ended, and in which nobody had asked yet."""
        return self.spells.filter(pl.col("asked").is_null() & pl.col("ended").is_null()).height

    @property
    def until_asked(self) -> float | None:
        """Days from falling past due to the first contact, of the middle spell; None where nobody was asked."""
        days = self.spells.select((pl.col("asked") - pl.col("began")).dt.total_days().median()).item()
        return None if days is None else float(days)


def outcome(of: Course, spells: pl.DataFrame, weeks: Sequence[date]) -> Outcome:
    """What a course over these weeks comes to. `weeks` are their last days."""
    days = pl.Series("on", [day.on for day in of.days], dtype=pl.Date)
    went = of.contacts.with_columns(on=days.gather(of.contacts["day"]))
    went = went.join(_deeds(of), on="deed", how="left", maintain_order="left")
    within = _within(went, spells)
    asked = within.filter("touches").group_by("spell").agg(asked=pl.col("on").min())
    told = spells.with_row_index("spell").join(asked, on="spell", how="left", maintain_order="left")
    did = _did(of)
    actions = went.select("on", "row", "deed").join(did, on="deed", maintain_order="left")
    counted = dict(actions.group_by("kind").len().iter_rows())
    return Outcome(
        book=of.book.hash,
        policies=of.policies,
        counts={kind: counted[kind.value] for kind in Kind if kind.value in counted},
        accounts=went.filter("touches")["row"].n_unique(),
        unfit=_unfit(of, spells),
        spells=told.drop("spell"),
        funnel=_funnel(of, went, within),
        work=_work(of, actions, weeks),
        restricted=_restricted(actions, spells),
        approvals=int(went["asks"].sum()),
        stopped=tuple(day.on for day in of.days if day.stopped),
        waiting=max((sum(day.waiting.values()) for day in of.days), default=0),
        contacts=went.select("on", "row", "policy", "step", "does", "place", "amount", "asks"),
        evaluators=of.evaluators,
        faults=of.faults,
    )


def _unfit(of: Course, spells: pl.DataFrame) -> int:
    """Spells that no policy took on the first open day."""
    begun = dict(spells.group_by("began").agg("row").iter_rows())
    found, rows = 0, list[int]()
    for day, route in zip(of.days, of.routes, strict=False):
        rows += begun.get(day.on, ())
        if not day.closed and rows:
            found += int((route[rows] == NONE).sum())
            rows = []
    return found


def _deeds(of: Course) -> pl.DataFrame:
    """What each deed is, by its number."""
    rows = [
        (n, deed.policy, deed.step, deed.touches, _does(deed.actions), f"{deed.place.file}:{deed.place.line}")
        for n, deed in enumerate(of.deeds)
    ]
    schema = {
        "deed": pl.Int32(),
        "policy": pl.String(),
        "step": pl.String(),
        "touches": pl.Boolean(),
        "does": pl.String(),
        "place": pl.String(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _does(actions: Sequence[object]) -> str:
    return ", ".join(f"{action.kind.value} {action.value}" for action in actions)  # type: ignore[attr-defined]


def _did(of: Course) -> pl.DataFrame:
    """deed, kind, value: a row an action."""
    rows = [
        (n, action.kind.value, action.value) for n, deed in enumerate(of.deeds) for action in deed.actions
    ]
    return pl.DataFrame(
        rows, schema={"deed": pl.Int32(), "kind": pl.String(), "value": pl.String()}, orient="row"
    )


def _within(went: pl.DataFrame, spells: pl.DataFrame) -> pl.DataFrame:
    """The steps that were taken while an account was past due, with `spell`, the number of its time, and when that was."""
    numbered = spells.with_row_index("spell").sort("began")
    found = went.sort("on").join_asof(
        numbered, left_on="on", right_on="began", by="row", strategy="backward", check_sortedness=False
    )
    there = pl.col("spell").is_not_null() & (pl.col("ended").is_null() | (pl.col("on") < pl.col("ended")))
    return found.filter(there)


def _funnel(of: Course, went: pl.DataFrame, within: pl.DataFrame) -> tuple[Rung, ...]:
    """The steps of each policy in their order, those that were never taken too."""
    last = within.filter("touches").group_by("spell").agg(last=pl.col("on").max())
    taken = within.group_by("spell", "policy", "step").agg(
        pl.col("on").max(), pl.col("amount").first(), pl.col("ended").first()
    )
    paid = pl.col("ended").is_not_null() & (pl.col("on") >= pl.col("last"))
    rungs = taken.join(last, on="spell", how="left").group_by("policy", "step")
    demands = rungs.agg(pl.len(), paid.sum(), pl.col("amount").sum())
    before = went.group_by("policy", "step").agg(pl.len(), pl.lit(0).alias("paid"), pl.col("amount").sum())
    found = {(policy, step): rest for policy, step, *rest in demands.iter_rows()}
    courtesies = {(policy, step): rest for policy, step, *rest in before.iter_rows()}
    return tuple(
        Rung(policy.id, step.name, step.day, step.place, *counted.get((policy.id, step.name), (0, 0, 0)))
        for policy in of.book.policies
        for step in policy.steps
        for counted in (found if step.demand else courtesies,)
    )


# -- work -------------------------------------------------------------------------------------------------------------


def _work(of: Course, actions: pl.DataFrame, weeks: Sequence[date]) -> tuple[Load, ...]:
    """Each kind; beneath calls and tasks each role, where there are several."""
    open_days = [day.on for day in of.days if not day.closed]
    loads = []
    for kind in Kind:
        mine = actions.filter(pl.col("kind") == kind.value)
        if not mine.height:
            continue
        whole = _load(kind, "", mine, open_days, weeks)
        most = of.book.house.capacity.get(ROOM[kind])
        full = sum(most is not None and day.used.get(ROOM[kind], 0) >= most > 0 for day in of.days)
        loads.append(_with_capacity(whole, most, full))
        roles = (
            mine["value"].unique().sort() if kind in (Kind.CALL, Kind.TASK) else pl.Series(dtype=pl.String)
        )
        if len(roles) > 1:
            parts = [
                _load(kind, role, mine.filter(pl.col("value") == role), open_days, weeks) for role in roles
            ]
            loads += sorted(parts, key=lambda load: -load.total)
    return tuple(loads)


def _with_capacity(load: Load, most: int | None, full: int) -> Load:
    return Load(
        load.kind,
        load.role,
        load.total,
        load.mean,
        load.high,
        load.most,
        load.most_on,
        load.weeks,
        most,
        full,
    )


def _load(
    kind: Kind, role: str, actions: pl.DataFrame, open_days: Sequence[date], weeks: Sequence[date]
) -> Load:
    by_day = dict(actions.group_by("on").len().iter_rows())
    numbers = np.array([by_day.get(day, 0) for day in open_days] or [0])
    most_on = max(by_day, key=lambda day: (by_day[day], -day.toordinal()), default=None)
    ends = pl.Series(weeks, dtype=pl.Date)
    week = ends.search_sorted(actions["on"], side="left")
    in_week = np.bincount(week.to_numpy(), minlength=len(weeks))
    return Load(
        kind,
        role,
        actions.height,
        actions.height / max(len(open_days), 1),
        int(np.quantile(numbers, 0.9, method="inverted_cdf")),
        by_day[most_on] if most_on else 0,
        most_on,
        tuple(map(int, in_week)),
    )


def _restricted(actions: pl.DataFrame, spells: pl.DataFrame) -> tuple[Restricted, ...]:
    effects = actions.filter(pl.col("kind").is_in([kind.value for kind in Kind if kind.effect]))
    if not effects.height:
        return ()
    within = _within(effects, spells)
    soon = ((pl.col("ended") - pl.col("on")).dt.total_days() <= SOON).fill_null(value=False)
    counted = within.group_by("kind", "value").agg(
        times=pl.len(), accounts=pl.col("row").n_unique(), soon=soon.sum()
    )
    found = [
        Restricted(Kind(kind), value, times, accounts, soon)
        for kind, value, times, accounts, soon in counted.sort("times", descending=True).iter_rows()
    ]
    return tuple(sorted(found, key=lambda one: (list(Kind).index(one.kind), -one.times, one.value)))


# -- beside one another -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Beside:
    """One outcome against another over the same history: spells that only one of them asked in, and asked sooner or later.

    `spared` are those that the other asked in and this one did not, and that were paid all the same: `paid` of them.
    """

    more: int
    fewer: int
    fewer_paid: int
    sooner: int
    later: int


def beside(one: Outcome, other: Outcome) -> Beside:
    """`one` against `other`; their spells are the same, since they are the ledger's."""
    both = one.spells.select("asked", "ended").with_columns(was=other.spells["asked"])
    now, was = pl.col("asked"), pl.col("was")
    fewer = now.is_null() & was.is_not_null()
    counted = both.select(
        (now.is_not_null() & was.is_null()).sum(),
        fewer.sum().alias("fewer"),
        (fewer & pl.col("ended").is_not_null()).sum().alias("paid"),
        (now < was).sum().alias("sooner"),
        (now > was).sum().alias("later"),
    ).row(0)
    return Beside(*counted)
