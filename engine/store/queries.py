"""The questions that a decision puts to the database, each about all accounts at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from engine.core.decision.ladder import paused_together
from engine.store.spans import ALL, WANTED, Span, listed, one_of
from engine.store.view import View, frame, once_for_nothing

FLAGS = ("insolvent", "attorney", "natural_person", "strategic", "contract_supply")
LEARNED = FLAGS[:3]  # what people may learn before the customer master says so
_TEXT = pl.String()
_DAY = pl.Date()
_WHOLE = pl.Int32()
_YES = pl.Boolean()
_YEAR = timedelta(days=365)
_TOUCHES = timedelta(days=60)
_NEVER = date(1, 1, 1)
_WORDS = (
    "name", "segment", "terms", "country", "language", "currency", "risk", "owner", "legal_form", "industry",
    "status", "time_zone", "tags",
)  # fmt: skip
# What a customer master says of an account, by its columns of the state.
MASTER: Mapping[str, pl.DataType] = {
    **dict.fromkeys(_WORDS, _TEXT),
    **dict.fromkeys(FLAGS, _YES),
    "limit": pl.Int64(),
    "opened": _DAY,
    "terms_changed": _DAY,
}

# What the ledger says of an open item: what every decision needs, and what some do.
ITEM: Mapping[str, pl.DataType] = {
    "account": _TEXT,
    "item": _TEXT,
    "due": _DAY,
    "open": pl.Int64(),
    "currency": _TEXT,
    "rate": pl.Float64(),
}
ITEM_MORE: Mapping[str, pl.DataType] = {
    "kind": _TEXT,
    "date": _DAY,
    "statement": _DAY,
    "amount": pl.Int64(),
    "item_terms": _TEXT,
}

# Every question names its company; the same place narrows it to some accounts.
_ABOUT = re.compile(r"(?P<table>\b\w\.)?company = :company")

# The rows of an account's present episode, or of the one to come: nothing older.
_PRESENT = """
    FROM {table} t WHERE t.company = :company AND t.episode >= 0 AND NOT EXISTS (
        SELECT 1 FROM episode e WHERE e.company = t.company AND e.account = t.account AND e.number > t.episode
    )
"""
_DEMANDS = """
    FROM action WHERE company = :company AND taken_on IS NOT NULL AND day >= 0
    AND kind IN ('email', 'letter', 'statement') AND state IN ('sent', 'done')
"""

_NONE = "CAST(NULL AS DATE)"
# An open promise whose time is over and of which the newest ledger knows: nobody has written down yet that it
# is broken, and it will be on the day that stands here.
_BROKEN = "state = 'open' AND breaks_on <= :on AND pays_on < :shown"
_BROKEN_ON = "CASE WHEN breaks_on > :shown THEN breaks_on ELSE :shown END"
# The same of an instalment: it breaks the plan `p` that it belongs to.
_BREAKS_PLAN = """EXISTS (SELECT 1 FROM promise b WHERE b.company = :company AND b.account = p.account
    AND b.plan = p.id AND b.state = 'open' AND b.breaks_on <= :on AND b.pays_on < :shown)"""


@dataclass(frozen=True, slots=True)
class Ask:
    """A view, and what every question is about: the company, the day, how far back to look."""

    view: View
    company: str
    on: date
    year: date
    touched: date
    as_of: date | None  # the newest ledger's own date, and when it came in
    imported: datetime | None
    accounts: str | list[str] | None = None  # only these, as `spans.listed` has them; None: all
    span: Span = ALL  # only those within it

    @classmethod
    def of(
        cls,
        view: View,
        company: str,
        on: date,
        accounts: Collection[str] | None = None,
        span: Span | None = None,
    ) -> Ask:
        query = """SELECT as_of, imported_at FROM ledger_file WHERE company = :company AND kind = 'ledger'
            ORDER BY as_of DESC, id DESC LIMIT 1"""
        found = frame(view, query, {"company": company}, {"as_of": _DAY, "imported_at": _TEXT}).rows()
        as_of, imported = (found[0][0], datetime.fromisoformat(found[0][1])) if found else (None, None)
        only = None if accounts is None else listed(view, accounts)
        return cls(view, company, on, on - _YEAR, on - _TOUCHES, as_of, imported, only, span or ALL)

    def _frame(self, sql: str, **schema: pl.DataType) -> pl.DataFrame:
        names = {"company": self.company, "on": self.on, "year": self.year, "touched": self.touched}
        names["shown"] = self.as_of or _NEVER
        if "account" in schema:
            sql = self._narrowed(sql)
        names |= self.span.ends
        if self.accounts is not None:
            names["accounts"] = self.accounts
        return frame(self.view, sql, names, schema)

    def _narrowed(self, sql: str) -> str:
        return _ABOUT.sub(lambda found: f"{found[0]}{self._only((found['table'] or '') + 'account')}", sql)

    def _only(self, column: str) -> str:
        named = "" if self.accounts is None else one_of(self.view, column)
        return named + self.span.within(column)

    def items(self, more: Mapping[str, pl.DataType] = ITEM_MORE) -> pl.DataFrame:
        """Every open item. `more` are some of ITEM_MORE."""
        schema = {**ITEM, **more}
        names = ("terms" if name == "item_terms" else name for name in schema)
        return self._frame(
            f"SELECT {', '.join(names)} FROM item WHERE company = :company AND open != 0",  # noqa: S608
            **schema,
        )

    def rates(self) -> pl.DataFrame:
        rates = self._frame(
            """SELECT currency, rate FROM rate WHERE company = :company AND "on" <= :on ORDER BY "on" """,
            currency=_TEXT, known=pl.Float64(),
        )  # fmt: skip
        return _newest(rates)

    def episodes(self) -> pl.DataFrame:
        return self._frame(
            "SELECT account, number, started, ended, home FROM episode WHERE company = :company",
            account=_TEXT, number=_WHOLE, started=_DAY, ended=_DAY, home=_TEXT,
        )  # fmt: skip

    def sides(self) -> pl.DataFrame:
        """Where each account was drawn to, as "comparison/side"; a row a comparison."""
        return self._frame(
            "SELECT account, split || '/' || side FROM assignment WHERE company = :company ORDER BY account, split",
            account=_TEXT, side=_TEXT,
        )  # fmt: skip

    def strata(self) -> pl.DataFrame:
        """How many accounts each comparison has drawn of those alike: always of all accounts."""
        return self._frame(
            "SELECT split, stratum, COUNT(*) FROM assignment WHERE company = :company GROUP BY split, stratum",
            split=_TEXT, stratum=_TEXT, drawn=pl.Int64(),
        )  # fmt: skip

    def customers(
        self,
        own: Mapping[str, pl.DataType],
        *,
        all_: bool = False,
        columns: Mapping[str, pl.DataType] = MASTER,
    ) -> pl.DataFrame:
        """The customer master of whom a decision is about; with `all_` of everybody. `columns` are some of MASTER."""
        schema = {"account": _TEXT, **columns} | ({"own": _TEXT} if own else {})
        names = ("credit_limit" if name == "limit" else name for name in schema)
        customers = self._frame(
            f"""SELECT {", ".join(names)}
            FROM customer WHERE company = :company {"" if all_ else f"AND account IN ({WANTED})"}""",  # noqa: S608
            **schema,
        )
        return _with_own(customers, own)

    def mostly(self, accounts: int) -> bool:
        """Whether so many accounts are most customers: all are read sooner than these are looked up."""
        if self.accounts is not None:
            return False
        query = self._narrowed("SELECT COUNT(*) FROM customer WHERE company = :company")
        return bool(2 * accounts >= self._frame(query, customers=_WHOLE).item())

    def learned(self) -> pl.DataFrame:
        """What somebody has learned of an account that its master does not say: a column a yes/no field, null where nothing."""
        learned = self._frame(
            """SELECT account, field, value FROM learned WHERE company = :company
            AND from_day <= :on AND (until IS NULL OR until >= :on) ORDER BY from_day, id""",
            account=_TEXT, field=_TEXT, value=_TEXT,
        )  # fmt: skip
        return _learned(learned)

    def addresses(self) -> pl.DataFrame:
        """`addresses`: bit 0 to 2 an e-mail address by role, bit 3 a postal address, bit 4 a telephone."""
        roles = " ".join(
            f"WHEN '{role}' THEN email_ok * {bit}"
            for role, bit in (("accounts payable", 1), ("principal", 2), ("account owner", 4))
        )
        each = self._frame(
            f"""SELECT account, (CASE role {roles} ELSE 0 END) + post_ok * 8 + CASE WHEN phone <> '' THEN 16 ELSE 0 END
            FROM contact WHERE company = :company""",  # noqa: S608
            account=_TEXT, addresses=pl.UInt32(),
        )  # fmt: skip
        return _united(each)

    def contacts(self) -> pl.DataFrame:
        """Days on which a demand went out or a call reached somebody: how many in a year, and the last."""
        return self._frame(
            f"""SELECT account, SUM(CASE WHEN touched > :year THEN 1 ELSE 0 END), MAX(touched) FROM (
                SELECT account, taken_on AS touched {_DEMANDS}
                UNION SELECT account, "on" FROM call WHERE company = :company AND reached = 1
            ) both_kinds GROUP BY account""",  # noqa: S608
            account=_TEXT, contacts=_WHOLE, last_contact=_DAY,
        )  # fmt: skip

    def touches(self) -> pl.DataFrame:
        return self._frame(
            f"""SELECT account, CASE WHEN each = 1 THEN item END, taken_on {_DEMANDS} AND taken_on > :touched
            UNION ALL SELECT c.account, CASE WHEN a.each = 1 THEN a.item END, c."on"
            FROM call c LEFT JOIN action a ON a.key = c.action
            WHERE c.company = :company AND c.reached = 1 AND c."on" > :touched""",  # noqa: S608
            account=_TEXT, item=_TEXT, on=_DAY,
        )  # fmt: skip

    def calls(self) -> pl.DataFrame:
        """Calls of the last weeks, whatever came of them."""
        return self._frame(
            """SELECT account, "on", reached FROM call WHERE company = :company AND "on" > :touched""",
            account=_TEXT, on=_DAY, spoke=_YES,
        )  # fmt: skip

    def guards_off(self) -> pl.DataFrame:
        """Guards that somebody has set aside, today or for some days more."""
        return self._frame(
            """SELECT account, guard, until FROM guard_override
            WHERE company = :company AND from_day <= :on AND until >= :on""",
            account=_TEXT, guard=_TEXT, until=_DAY,
        )  # fmt: skip

    def payments(self) -> pl.DataFrame:
        return self._frame(
            """SELECT account, MAX(paid_on), ROUND(
                SUM(CASE WHEN paid_on > :year THEN CAST(amount AS FLOAT) * days_late END) / NULLIF(
                SUM(CASE WHEN paid_on > :year AND days_late IS NOT NULL THEN CAST(amount AS FLOAT) END), 0))
            FROM payment WHERE company = :company AND reversed = 0 AND paid_on <= :on GROUP BY account""",
            account=_TEXT, last_payment=_DAY, dbt=pl.Float64(),
        )  # fmt: skip

    def promises(self) -> pl.DataFrame:
        """The latest promise; those kept and broken in a year; the day the last one was broken.

        One that another has taken the place of, or that was withdrawn, counts for nothing. An instalment counts like
        any promise; those after a broken one are over with it.
        """
        promises = self._frame(
            f"""SELECT account, CASE WHEN {_BROKEN} THEN 'broken' ELSE state END,
            CASE WHEN {_BROKEN} THEN {_BROKEN_ON} ELSE settled_on END, plan, number
            FROM promise WHERE company = :company AND made_on <= :on
            AND state NOT IN ('withdrawn', 'superseded') ORDER BY made_on, id""",  # noqa: S608
            account=_TEXT, state=_TEXT, settled=_DAY, plan=_WHOLE, number=_WHOLE,
        )  # fmt: skip
        return _promises(promises, year=self.year)

    def promised(self) -> pl.DataFrame:
        """Items that an open promise covers, or one withdrawn today; where there are two, the later one.

        An instalment sets nothing aside: its plan does.
        """
        promised = self._frame(
            f"""SELECT p.account, i.item, 'promised', p.made_on, p.breaks_on,
            CASE WHEN p.state = 'withdrawn' THEN p.settled_on END FROM promise p
            JOIN promise_item i ON i.promise = p.id
            WHERE p.company = :company AND p.plan IS NULL AND p.made_on <= :on
            AND ((p.state = 'open' AND NOT ({_BROKEN})) OR (p.state = 'withdrawn' AND p.settled_on >= :on))
            ORDER BY p.made_on DESC, p.id DESC""",  # noqa: S608
            account=_TEXT, item=_TEXT, aside=_TEXT, aside_since=_DAY, aside_until=_DAY, over=_DAY,
        )  # fmt: skip
        return _over_tomorrow(promised)

    def plans(self) -> pl.DataFrame:
        plans = self._frame(
            f"""SELECT p.account, CASE WHEN p.state = 'ended' THEN 'none'
            WHEN p.state = 'kept' AND {_BREAKS_PLAN} THEN 'broken' ELSE p.state END FROM plan p
            WHERE p.company = :company AND p.state IN ('kept', 'broken', 'ended')
            ORDER BY p.made_on, p.id""",  # noqa: S608
            account=_TEXT, plan=_TEXT,
        )  # fmt: skip
        return _last(plans)

    def planned(self) -> pl.DataFrame:
        """Items in a plan that is kept, or that somebody ended today; `aside_until` is when its next payment would fail."""
        planned = self._frame(
            f"""SELECT p.account, i.item, 'planned', p.made_on,
            (SELECT MIN(b.breaks_on) FROM promise b WHERE b.company = :company AND b.account = p.account
                AND b.plan = p.id AND b.state = 'open') AS next,
            CASE WHEN p.state = 'ended' THEN p.ended_on END
            FROM plan p JOIN plan_item i ON i.plan = p.id WHERE p.company = :company AND p.made_on <= :on
            AND ((p.state = 'kept' AND NOT {_BREAKS_PLAN} AND (p.until >= :on OR EXISTS (
                SELECT 1 FROM promise b WHERE b.company = :company AND b.account = p.account
                AND b.plan = p.id AND b.state = 'open')))
            OR (p.state = 'ended' AND p.ended_on >= :on))""",  # noqa: S608
            account=_TEXT, item=_TEXT, aside=_TEXT, aside_since=_DAY, aside_until=_DAY, over=_DAY,
        )  # fmt: skip
        return _over_tomorrow(planned)

    def disputes(self) -> pl.DataFrame:
        return self._frame(
            """SELECT account, item, opened, closed, closed_for FROM dispute
            WHERE company = :company AND opened <= :on ORDER BY opened""",
            account=_TEXT, item=_TEXT, opened=_DAY, closed=_DAY, closed_for=_TEXT,
        )  # fmt: skip

    def dispute_counts(self) -> pl.DataFrame:
        return self._frame(
            """SELECT account, SUM(CASE WHEN opened > :year THEN 1 ELSE 0 END), MAX(closed) FROM dispute
            WHERE company = :company AND opened <= :on AND reason <> 'agreed credit' GROUP BY account""",
            account=_TEXT, claims=_WHOLE, dispute_closed=_DAY,
        )  # fmt: skip

    def pauses(self) -> pl.DataFrame:
        """Accounts that a person has paused today: what is held, and through which day."""
        pauses = self._frame(
            """SELECT account, kinds, COALESCE(until, '9999-12-31') FROM pause
            WHERE company = :company AND from_day <= :on AND (until IS NULL OR until >= :on)""",
            account=_TEXT, paused_kinds=_TEXT, paused_until=_DAY,
        )  # fmt: skip
        return _together(pauses)

    def answers(self) -> pl.DataFrame:
        """The last day of each thing a customer may do about a demand."""
        return self._frame(
            f"""SELECT account, MAX(disputed), MAX(vague), MAX(promised), MAX(spoke) FROM (
                SELECT account, opened AS disputed, {_NONE} AS vague, {_NONE} AS promised, {_NONE} AS spoke
                    FROM dispute WHERE company = :company AND opened <= :on AND reason <> 'agreed credit'
                UNION ALL SELECT account, {_NONE}, {_NONE}, made_on, {_NONE}
                    FROM promise WHERE company = :company
                UNION ALL SELECT account, {_NONE}, CASE WHEN outcome = 'vague promise' THEN "on" END, {_NONE},
                    "on"
                    FROM call WHERE company = :company AND reached = 1
            ) said GROUP BY account""",  # noqa: S608
            account=_TEXT, dispute_opened=_DAY, vague=_DAY, promised_on=_DAY, spoke=_DAY,
        )  # fmt: skip

    def actions(self) -> pl.DataFrame:
        present = _PRESENT.format(table="action")
        return self._frame(
            f"""SELECT t.account, t.episode, t.policy, t.step, t.item, t.each, t.kind, t.role, t.day, t.tone,
            t.state, t.since, t.not_before, t.attempts, t.respond_by, t.taken_on, t.occurrence, t."on",
            t.event {present} AND t.state NOT IN ('cancelled', 'passed over')""",
            account=_TEXT, episode=_WHOLE, policy=_TEXT, step=_TEXT, item=_TEXT, each=pl.Int8(), kind=_TEXT,
            role=_TEXT, day=_WHOLE, tone=pl.UInt8(), state=_TEXT, since=_DAY, not_before=_DAY,
            attempts=_WHOLE, respond_by=_DAY, taken_on=_DAY, occurrence=_WHOLE, on=_DAY, event=_DAY,
        )  # fmt: skip

    def marks(self) -> pl.DataFrame:
        present = _PRESENT.format(table="mark")
        marks = self._frame(
            f"SELECT t.account, t.episode, t.item, t.policy, t.step, t.event {present}",
            account=_TEXT, episode=_WHOLE, item=_TEXT, policy=_TEXT, step=_TEXT, event=_TEXT,
        )  # fmt: skip
        return _with_days(marks)


# -- what follows from the rows of an answer ---------------------------------------------------------------------------


@once_for_nothing
def _united(addresses: pl.DataFrame) -> pl.DataFrame:
    """Most accounts have one contact: only those with several are looked at together."""
    account = addresses["account"]
    alone = not (account == account.shift()).any() if account.is_sorted() else account.is_unique().all()
    if alone:
        return addresses
    return addresses.group_by("account", maintain_order=True).agg(pl.col("addresses").bitwise_or())


@once_for_nothing
def _newest(rates: pl.DataFrame) -> pl.DataFrame:
    return rates.unique("currency", keep="last")


@once_for_nothing
def _together(pauses: pl.DataFrame) -> pl.DataFrame:
    found: dict[str, list[tuple[str, date]]] = {}
    for account, what, until in pauses.iter_rows():
        found.setdefault(account, []).append((what, until))
    rows = [(account, *paused_together(theirs)) for account, theirs in found.items()]
    return pl.DataFrame(rows, schema=pauses.schema, orient="row")


@once_for_nothing
def _last(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique("account", keep="last")


@once_for_nothing
def _with_days(marks: pl.DataFrame) -> pl.DataFrame:
    return marks.with_columns(pl.col("event").str.to_date("%Y-%m-%d", strict=False))


@once_for_nothing
def _learned(learned: pl.DataFrame) -> pl.DataFrame:
    named = pl.col("field").str.replace_all("-", "_")
    return learned.group_by("account", maintain_order=True).agg(
        (pl.col("value").filter(named == field).last() == "yes").alias(f"learned_{field}")
        for field in LEARNED
    )


@once_for_nothing
def _promises(promises: pl.DataFrame, *, year: date) -> pl.DataFrame:
    failed = pl.col("state").is_in(["broken", "partly kept"])
    if promises["plan"].null_count() < promises.height:
        first = promises.filter(failed & pl.col("plan").is_not_null())
        over = first.group_by("plan").agg(over=pl.col("number").min())
        promises = promises.join(over, on="plan", how="left", maintain_order="left")
        promises = promises.filter((pl.col("number") <= pl.col("over")).fill_null(value=True))
    lately = pl.col("settled") > year
    broken = pl.col("state") == "broken"
    return (
        promises.with_columns(state=pl.when(failed).then(pl.lit("broken")).otherwise("state"))
        .group_by("account", maintain_order=True)
        .agg(
            promise=pl.col("state").last(),
            kept=((pl.col("state") == "kept") & lately).sum(),
            broken=(broken & lately).sum(),
            promise_broken=pl.col("settled").filter(broken).max(),
        )
    )


@once_for_nothing
def _over_tomorrow(asides: pl.DataFrame) -> pl.DataFrame:
    """What ended on a day (`over`) still holds on it: what releases acts from the next."""
    until = pl.coalesce(pl.col("over") + pl.duration(days=1), "aside_until")
    return asides.with_columns(aside_until=until).drop("over")


def _with_own(customers: pl.DataFrame, own: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The workspace's own columns, out of their JSON, as the types they are declared with."""
    if not own:
        return customers
    texts = pl.Struct([pl.Field(name, pl.String()) for name in own])
    parts = customers["own"].fill_null("{}").str.json_decode(texts)
    return customers.drop("own").with_columns(
        *(_own(parts.struct.field(name), kind).alias(name) for name, kind in own.items())
    )


def _own(values: pl.Series, kind: pl.DataType) -> pl.Series:
    if isinstance(kind, pl.Date):
        return values.str.to_date("%Y-%m-%d", strict=False)
    if isinstance(kind, pl.Boolean):
        return values.str.to_lowercase().is_in(["true", "yes", "1"])
    if isinstance(kind, pl.String):
        return values.str.to_lowercase()
    return values.cast(kind, strict=False)
