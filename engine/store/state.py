"""What is known of every account that owes something, read into the columns that a decision needs.

A few questions to the database, each about all accounts at once; what follows from the answers is worked out
in columns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from engine.core.decision.asked import Asked
from engine.core.decision.state import (
    ACCOUNTS,
    BARRED,
    CALLS,
    EFFECTS,
    ITEMS,
    MARKS,
    OFF,
    PENDING,
    REPEATS,
    TOUCHES,
    WISHES,
    Pending,
    State,
)
from engine.core.language.policy import seniority
from engine.core.money import digits
from engine.core.netting import net
from engine.store import queries, wishes
from engine.store.spans import Span
from engine.store.view import View, once_for_nothing
from engine.store.words import BY_HAND, COMPANY, LADDER_FINISHED, TAKEN, ActionState

_WRITTEN = ("email", "letter", "statement")
_WORDS = frozenset(
    {
        "segment",
        "terms",
        "country",
        "language",
        "currency",
        "risk",
        "owner",
        "legal_form",
        "industry",
        "status",
    }
)
_PENDING = {
    ActionState.UNCERTAIN: Pending.UNCERTAIN,
    ActionState.SENDING: Pending.MESSAGE,
    ActionState.RETRY: Pending.MESSAGE,
    ActionState.PLANNED: Pending.MESSAGE,  # a planned call is Pending.CALL
    ActionState.PUT_BACK: Pending.AGAIN,
    ActionState.APPROVED: Pending.APPROVED,
    ActionState.AWAITING_APPROVAL: Pending.APPROVAL,
    ActionState.HELD_ADDRESS: Pending.ADDRESS,
    ActionState.NO_CAPACITY: Pending.CAPACITY,
}
# Where the actions of one step wait in different ways, the account waits in the first of these.
_STRICTEST = tuple(
    word.value
    for word in (
        Pending.UNCERTAIN,
        Pending.MESSAGE,
        Pending.CALL,
        Pending.AGAIN,
        Pending.APPROVAL,
        Pending.ADDRESS,
        Pending.APPROVED,
        Pending.CAPACITY,
    )
)


def _typed(schema: Mapping[str, pl.DataType]) -> list[pl.Expr]:
    return [pl.col(name).cast(kind) for name, kind in schema.items()]


def load_state(
    view: View,
    *,
    on: date,
    moment: datetime,
    currency: str,
    company: str = COMPANY,
    own: Mapping[str, pl.DataType] | None = None,
    account: str | None = None,
    accounts: Collection[str] | None = None,
    span: Span | None = None,
    asked: Asked | None = None,
) -> State:
    """The state of all accounts with an open item or a running episode, as it is at the beginning of `on`.

    With `account` only of that one, with `accounts` only of those, with `span` only of those within it. With `asked` only
    those columns of the customer master and of items are read: the frames have no other of them.

    `currency` is the house's, in which `rate` counts; `moment` gives the ledger's age; `own` names the
    workspace's own columns and their types; they follow those of `state.ACCOUNTS`. An item whose dispute was
    closed on `on` itself is still set aside, with `aside_until` the day after: what releases acts from the
    next day. Somebody who has fallen past due since the last ledger is in an episode already, one that nobody
    has written down yet.
    """
    own, master, more = own or {}, queries.MASTER, queries.ITEM_MORE
    if asked is not None:
        own, master = _some(own, asked.accounts), _some(master, asked.accounts)
        more = _some(more, asked.items)
    only = accounts if account is None else (account,)
    ask = queries.Ask.of(view, company, on, only, span)
    items = open_items(ask, currency, more)
    episodes = _episodes(ask, net(items, "account"))
    known, items = _numbered(items, episodes.filter(pl.col("since").is_not_null())["account"])
    customers = ask.customers(own, all_=ask.mostly(known.height), columns=master)
    known = beside(known, (episodes, customers), "account").with_columns(pl.col("episode").fill_null(1))
    rows = known.select("row", "account", "episode")
    actions = _present(ask.actions(), accounts=rows)
    known = _with_history(known, ask, items)
    known = _with_actions(known, actions)
    known = _with_response(known, ask, actions)
    return State(
        accounts=known.select(*_typed(_read(ACCOUNTS, queries.MASTER, master)), *own),
        items=items.select(*_typed(_read(ITEMS, queries.ITEM_MORE, more))).sort("row", "due", "item"),
        marks=_marks(ask.marks(), accounts=rows),
        barred=_barred(actions),
        touches=_touches(ask.touches(), accounts=rows),
        pending=_pending(actions),
        repeats=_repeats(actions),
        as_of=ask.as_of,
        age=age_of(ask.as_of, ask.imported, moment),
        calls=_of(ask.calls(), rows, CALLS),
        wishes=_of(wishes.in_columns(view, company, on, only), rows, WISHES),
        off=_of(ask.guards_off(), rows, OFF),
        strata=ask.strata(),
    )


def _some(columns: Mapping[str, pl.DataType], names: Collection[str]) -> Mapping[str, pl.DataType]:
    return {name: kind for name, kind in columns.items() if name in names}


def _read(
    columns: Mapping[str, pl.DataType], optional: Collection[str], read: Collection[str]
) -> Mapping[str, pl.DataType]:
    """The columns of a frame where of the `optional` ones only some were read."""
    return {name: kind for name, kind in columns.items() if name in read or name not in optional}


def _of(found: pl.DataFrame, rows: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """What was found of the accounts that are decided, in a fixed order."""
    if not found.height:
        return pl.DataFrame(schema=schema)
    return found.join(rows, on="account").select(*_typed(schema)).sort(*schema)


def _numbered(items: pl.DataFrame, running: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The accounts with an open item or a `running` episode, in their order; the items in that of their accounts, each
    with its account's `row`."""
    if not items["account"].is_sorted():
        items = items.sort("account", maintain_order=True)
    row = items["account"].rle_id()
    accounts = items["account"].filter(row.diff().fill_null(1) != 0)
    if accounts.is_in(running.implode()).sum() < len(running):
        every = pl.concat([accounts, running]).unique().sort()
        accounts, row = every, every.search_sorted(accounts).gather(row)
    return accounts.to_frame().with_row_index("row"), items.with_columns(row=row)


@once_for_nothing
def _present(rows: pl.DataFrame, *, accounts: pl.DataFrame) -> pl.DataFrame:
    """Only what belongs to each account's present episode, or to the one to come."""
    return rows.join(accounts, on=["account", "episode"], maintain_order="left")


@once_for_nothing
def _marks(rows: pl.DataFrame, *, accounts: pl.DataFrame) -> pl.DataFrame:
    return _present(rows, accounts=accounts).select(*_typed(MARKS))


@once_for_nothing
def _barred(actions: pl.DataFrame) -> pl.DataFrame:
    """Steps that somebody has declined."""
    declined = (pl.col("state") == ActionState.DECLINED.value) & (pl.col("policy") != BY_HAND)
    return actions.filter(declined).select(*_typed(BARRED)).unique(maintain_order=True)


@once_for_nothing
def _touches(rows: pl.DataFrame, *, accounts: pl.DataFrame) -> pl.DataFrame:
    found = rows.join(accounts, on="account").select(*_typed(TOUCHES))
    return found.unique().sort("row", "on", "item")


def open_items(
    ask: queries.Ask, currency: str, more: Mapping[str, pl.DataType] = queries.ITEM_MORE
) -> pl.DataFrame:
    """Every open item with its rate to the house's currency, and whether it is set aside: why, since and until when.

    `more` as `Ask.items` has it.
    """
    items, rates = ask.items(more), ask.rates()
    found = {currency, *items["currency"].unique()}
    scales = {code: 10.0 ** (digits(currency) - digits(code)) for code in found}
    scale = pl.col("currency").replace_strict(scales, return_dtype=pl.Float64())
    known = pl.coalesce("rate", "known") * scale
    items = beside(items, (rates,), "currency").with_columns(
        rate=pl.when(pl.col("currency") == currency).then(1.0).otherwise(known),
        **({"date": pl.coalesce("date", "due")} if "date" in more else {}),
    )
    asides = _asides(ask.disputes(), ask.promised(), ask.planned(), on=ask.on)
    return beside(items, (asides,), "account", "item").with_columns(pl.col("days_off").fill_null(0))


@once_for_nothing
def _asides(
    disputes: pl.DataFrame, promised: pl.DataFrame, planned: pl.DataFrame, *, on: date
) -> pl.DataFrame:
    """One row an item that is or was set aside: why, since when, until when; and the days it lost so."""
    # What releases acts from the next day: a dispute closed today still holds today.
    holds = pl.col("closed").is_null() | (pl.col("closed") >= on)
    aside = pl.concat(
        [
            disputes.filter(holds).select(
                "account",
                "item",
                aside=pl.lit("disputed"),
                aside_since="opened",
                aside_until=pl.col("closed") + pl.duration(days=1),
            ),
            promised,
            planned,
        ]
    ).unique(["account", "item"], keep="first", maintain_order=True)
    days = (pl.col("closed") - pl.col("opened")).dt.total_days()
    lost = (
        disputes.filter(
            pl.col("closed_for") == "customer"
        )  # of one closed today too: a preview goes on from it
        .group_by("account", "item")
        .agg(days_off=days.sum().cast(pl.Int32))
    )
    return aside.join(lost, on=["account", "item"], how="full", coalesce=True)


def _episodes(ask: queries.Ask, items: pl.DataFrame) -> pl.DataFrame:
    """A row an account: its episode's number, since when, its home; and whether it is the first for long."""
    return running(ask.episodes(), items, ask.on)


def running(episodes: pl.DataFrame, items: pl.DataFrame, on: date) -> pl.DataFrame:
    """The present episode of each account, or the next one: account, episode, since, home, first_time.

    `episodes` are all rows of the table; `items` have been netted. Further `written`: the database has it
    running, and `late`: something is overdue.
    """
    late = (
        items.filter((pl.col("owed") > 0) & (pl.col("due") < on))
        .group_by("account")
        .agg(late=pl.col("due").min() + pl.duration(days=1))
    )
    ended = pl.col("ended")
    last = episodes.sort("account", "number").group_by("account", maintain_order=True).agg(
        pl.col("number").last(),
        pl.col("started").last(),
        open=ended.last().is_null(),
        home=pl.col("home").last(),
        before=ended.max(),
    )  # fmt: skip
    both = (
        last.join(late, on="account", how="full", coalesce=True)
        .sort("account")
        .with_columns(pl.col("open").fill_null(value=False))
    )
    # An account that is late again for an old invoice has had its peace since the last episode ended.
    since = (
        pl.when("open")
        .then(pl.col("started"))
        .when(pl.col("late").is_not_null())
        .then(pl.max_horizontal("late", "before"))
    )
    return both.select(
        "account",
        episode=(pl.col("number").fill_null(0) + (~pl.col("open")).cast(pl.Int32)).cast(pl.Int32),
        since=since,
        home=pl.when("open").then("home"),
        written="open",
        late=pl.col("late").is_not_null(),
        before="before",
    ).with_columns(
        first_time=pl.col("before").is_null()
        | (pl.col("before") <= pl.coalesce("since", pl.lit(on)).dt.offset_by("-24mo"))
    )


def _with_history(accounts: pl.DataFrame, ask: queries.Ask, items: pl.DataFrame) -> pl.DataFrame:
    answers = (
        ask.learned(),
        ask.addresses(),
        ask.contacts(),
        ask.payments(),
        ask.promises(),
        ask.plans(),
        ask.dispute_counts(),
        ask.pauses(),
        _sides(ask.sides()),
    )
    accounts = beside(accounts, answers, "account").with_columns(
        pl.col("contacts", "broken", "kept", "claims").fill_null(0),
        pl.col("promise", "plan").fill_null("none"),
        *(
            pl.coalesce(f"learned_{flag}", flag).alias(flag)
            for flag in queries.LEARNED
            if flag in accounts.columns
        ),
        first_time=pl.col("first_time").fill_null(value=True),
    )
    accounts = mastered(accounts)
    if "terms" not in accounts.columns:
        return accounts
    return beside(accounts, (_inferred_terms(items),), "row").with_columns(
        terms=pl.coalesce("terms", "inferred", pl.lit("mixed"))
    )


def mastered(accounts: pl.DataFrame) -> pl.DataFrame:
    """What was read of a customer master, as tests read it: words in lower case, flags that are yes or no."""
    read = {
        **{word: pl.col(word).str.to_lowercase() for word in _WORDS},
        **{flag: pl.col(flag).fill_null(value=False) for flag in queries.FLAGS},
        "addresses": pl.col("addresses").fill_null(0),
        "name": pl.when(pl.col("name").fill_null("") != "").then("name").otherwise("account"),
        "tags": pl.col("tags").str.to_lowercase().str.split("\n").fill_null([]),
    }
    return accounts.with_columns(**{name: said for name, said in read.items() if name in accounts.columns})


def beside(rows: pl.DataFrame, answers: Iterable[pl.DataFrame], *key: str) -> pl.DataFrame:
    """The rows with what each answer, of one row a key, knows of them. Where it has nothing, or a row for each in the same
    order, as for one account, nothing has to be looked up."""
    nothing = []
    for answer in answers:
        if not answer.height:
            kinds = answer.schema.items()
            nothing += [pl.lit(None, dtype=kind).alias(name) for name, kind in kinds if name not in key]
        elif answer.height == rows.height and all(answer[name].equals(rows[name]) for name in key):
            rows = rows.hstack([column for column in answer.get_columns() if column.name not in key])
        else:
            rows = rows.join(answer, on=key, how="left", maintain_order="left")
    return rows.with_columns(nothing) if nothing else rows


@once_for_nothing
def _sides(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("account").agg(sides=pl.col("side").sort())


@once_for_nothing
def _inferred_terms(items: pl.DataFrame) -> pl.DataFrame:
    """The terms that all open invoices of an account share; where they differ, "mixed". Items are in the order of `row`."""
    days = (pl.col("due") - pl.col("date")).dt.total_days().clip(lower_bound=0)
    text = pl.when(pl.col("days") == 0).then(pl.lit("due on receipt")).otherwise(pl.format("net {}", "days"))
    terms = pl.coalesce("item_terms", text)
    invoices = items.filter(pl.col("open") > 0).select("row", "item_terms", days=days)
    # Where no line says its own, as in most ledgers, numbers are compared, and one text an account is written.
    compared = terms if invoices["item_terms"].null_count() < invoices.height else pl.col("days")
    first = pl.col("row") != pl.col("row").shift()
    invoices = invoices.with_columns(
        first=first.fill_null(value=True), other=~first & compared.ne_missing(compared.shift())
    )
    mixed = invoices.filter("other")["row"].unique()
    alike = pl.when(pl.col("row").is_in(mixed.implode())).then(pl.lit("mixed")).otherwise(terms)
    return invoices.filter("first").select("row", inferred=alike)


def _with_actions(accounts: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """What this episode has done: effects, firmest tone, highest call, the date the last demand gave."""
    taken = _taken(actions)
    written = _of_kinds(taken, kinds=_WRITTEN)
    answers = (
        _effects(_of_kinds(taken, kinds=EFFECTS)),
        _tones(written, actions=actions),
        _calls(_of_kinds(taken, kinds=("call",))),
        _demands(written),
        _told(actions),
        _stepped(actions),
    )
    return beside(accounts, answers, "row").with_columns(pl.col("effects", "tone").fill_null(0))


@once_for_nothing
def _taken(actions: pl.DataFrame) -> pl.DataFrame:
    # A call that was tried again is done without having been taken.
    done = pl.col("state").is_in([state.value for state in TAKEN])
    return actions.filter(done & pl.col("taken_on").is_not_null())


@once_for_nothing
def _of_kinds(actions: pl.DataFrame, *, kinds: Sequence[str]) -> pl.DataFrame:
    return actions.filter(pl.col("kind").is_in(list(kinds)))


@once_for_nothing
def _effects(taken: pl.DataFrame) -> pl.DataFrame:
    bits = {kind: 1 << n for n, kind in enumerate(EFFECTS)}
    bit = pl.col("kind").replace_strict(bits, return_dtype=pl.UInt8())
    return taken.group_by("row").agg(effects=bit.unique().sum())


@once_for_nothing
def _tones(written: pl.DataFrame, *, actions: pl.DataFrame) -> pl.DataFrame:
    """The firmest tone. The notice of a hold or of new terms sets none: nothing else may say what it says. And a softer
    step that went in a tone reached before has its own name beside that tone: the first one set it."""
    notices = _of_kinds(actions, kinds=EFFECTS).select("row", "policy", "step").unique()
    if notices.height:
        written = written.join(notices, on=["row", "policy", "step"], how="anti")
    return (
        written.filter(pl.col("tone") > 0)
        .sort("tone", "taken_on", descending=[True, False], maintain_order=True)
        .group_by("row")
        .agg(pl.col("tone").first(), tone_step=pl.format("{}/{}", "policy", "step").first())
    )


@once_for_nothing
def _calls(taken: pl.DataFrame) -> pl.DataFrame:
    """The most senior role that has called."""
    ranks = {role: seniority(role) for role in taken["role"].unique()}
    senior = pl.col("role").replace_strict(ranks, default=0, return_dtype=pl.Int64())
    return (
        taken.with_columns(senior=senior)
        .filter(pl.col("senior") > 0)
        .sort("senior", "taken_on", maintain_order=True)
        .group_by("row")
        .agg(reached=pl.col("role").last())
    )


@once_for_nothing
def _demands(written: pl.DataFrame) -> pl.DataFrame:
    return (
        written.filter(pl.col("respond_by").is_not_null() & (pl.col("day") >= 0))
        .sort("taken_on", "day", maintain_order=True)
        .group_by("row")
        .agg(answer_by=pl.col("respond_by").last(), answer_day=pl.col("day").last())
    )


@once_for_nothing
def _told(actions: pl.DataFrame) -> pl.DataFrame:
    finished = actions.filter(pl.col("step") == LADDER_FINISHED)
    return finished.group_by("row").agg(finished=pl.col("on").max())


@once_for_nothing
def _stepped(actions: pl.DataFrame) -> pl.DataFrame:
    return actions.group_by("row").agg(stepped=pl.col("taken_on").max())


def _with_response(accounts: pl.DataFrame, ask: queries.Ask, actions: pl.DataFrame) -> pl.DataFrame:
    """What the last demand of the episode met: what came after it, the strongest first."""
    accounts = beside(beside(accounts, (_last_demand(actions),), "row"), (ask.answers(),), "account")
    since = pl.col("demand")
    response = (
        pl.when(since.is_null())
        .then(None)
        .when(pl.col("dispute_opened") >= since)
        .then(pl.lit("dispute"))
        .when((pl.col("last_payment") >= since) & pl.col("since").is_null())
        .then(pl.lit("full"))
        .when(pl.col("last_payment") >= since)
        .then(pl.lit("partial payment"))
        .when(pl.col("vague") >= since)
        .then(pl.lit("vague promise"))
        .when((pl.col("promised_on") >= since) | (pl.col("spoke") >= since))
        .then(pl.lit("acknowledged"))
        .otherwise(pl.lit("none"))
    )
    return accounts.with_columns(response=response)


@once_for_nothing
def _last_demand(actions: pl.DataFrame) -> pl.DataFrame:
    sent = pl.col("state") == ActionState.SENT.value
    demands = actions.filter(sent & pl.col("kind").is_in(list(_WRITTEN)) & (pl.col("day") >= 0))
    return demands.group_by("row").agg(demand=pl.col("taken_on").max())


@once_for_nothing
def _pending(actions: pl.DataFrame) -> pl.DataFrame:
    """The one thing under way for an account (for an item, under `each: invoice`). Tasks bind nobody, nor does what people
    asked for themselves."""
    word = pl.col("state").replace_strict(
        {state.value: word.value for state, word in _PENDING.items()}, default=None, return_dtype=pl.String
    )
    word = (
        pl.when((pl.col("kind") == "call") & (pl.col("state") == "planned"))
        .then(pl.lit("call"))
        .otherwise(word)
    )
    rank = pl.col("state").replace_strict(
        dict(zip(_STRICTEST, range(len(_STRICTEST)), strict=True)), return_dtype=pl.Int8
    )
    return (
        actions.filter(
            pl.col("taken_on").is_null() & (pl.col("kind") != "task") & (pl.col("policy") != BY_HAND)
        )
        .with_columns(state=word, item=pl.when(pl.col("each") == 1).then("item"))
        .filter(pl.col("state").is_not_null())
        .sort("row", "item", rank, pl.col("day"), descending=[False, False, False, True], maintain_order=True)
        .unique(["row", "item"], keep="first", maintain_order=True)
        .select(*_typed(PENDING))
    )


@once_for_nothing
def _repeats(actions: pl.DataFrame) -> pl.DataFrame:
    return (
        actions.filter(pl.col("taken_on").is_not_null())
        .group_by("row", "policy", "step", "event", maintain_order=True)
        .agg(times=pl.col("occurrence").n_unique(), last=pl.col("taken_on").max())
        .filter(
            (pl.col("event") == pl.col("event").max().over("row", "policy", "step")).fill_null(value=True)
        )
        .select(*_typed(REPEATS))
    )


def age_of(as_of: date | None, imported: datetime | None, moment: datetime) -> int:
    """Hours since the ledger was true: since it came in, or the end of its own day where that is earlier."""
    if as_of is None or imported is None:
        return 0
    end = datetime.combine(as_of, time(), UTC) + timedelta(days=1)
    return max(0, int((moment - min(imported, end)).total_seconds() // 3600))
