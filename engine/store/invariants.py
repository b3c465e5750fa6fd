"""What must always be true of the database, asked as questions whose answer should be nobody.

Each question looks at all rows at once and gives back the rows that break a rule; none changes anything. The
rules are those of the manual page `verify`: I1 once, I2 nothing lost, I3 evidence, I4 not after payment, I5 what
the ledger system was asked for, I6 amounts, I7 the journal's chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.tables import COMPANY, ActionState

MOST = 1000  # rows a question gives back; whoever has more has seen enough

_SENT_KINDS = "('email', 'letter', 'statement', 'terms', 'hold', 'hand off', 'webhook')"
EFFECTS: Final = ("terms", "hold", "hand off", "webhook")
_IN_OUTBOX = "('planned', 'sending', 'retry', 'uncertain', 'sent', 'failed')"
_STATES = ", ".join(f"'{state.value}'" for state in ActionState)


@dataclass(frozen=True, slots=True)
class Broken:
    """One row that breaks a rule. `key` is the action's; both may be empty where the rule is about more."""

    key: str
    account: str
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of one sent message outside the database. `path` and `sha256` are of its file, or empty."""

    key: str
    account: str
    kind: str
    channel: str
    desired: str
    path: str
    sha256: str
    id: str  # of a request to a ledger system
    changed_at: str


_DUPLICATE: Final = "find out whether the customer has it twice, and say sorry; then report this"
_REPORT: Final = "look at it with “dunwell outbox show KEY”; then report this"


class _Sql:
    """The few words that the two databases say differently, and the parts that several questions share."""

    def __init__(self, conn: Connection) -> None:
        self.postgres = conn.dialect.name == "postgresql"

    def text(self, column: str, *path: str) -> str:
        """A value inside JSON, as text."""
        if self.postgres:
            inner = "".join(f" -> '{name}'" for name in path[:-1])
            return f"({column}::json{inner} ->> '{path[-1]}')"
        return f"json_extract({column}, '$.{'.'.join(path)}')"

    def whole(self, column: str, *path: str) -> str:
        """A whole number inside JSON."""
        return f"({self.text(column, *path)})::bigint" if self.postgres else self.text(column, *path)

    def each(self, column: str, name: str, alias: str) -> str:
        """A list inside JSON as rows."""
        if self.postgres:
            return f"json_array_elements({column}::json -> '{name}') AS {alias}(value)"
        return f"json_each({column}, '$.{name}') AS {alias}"

    def nth(self, alias: str, n: int) -> str:
        """The n-th of a row of such a list, as text."""
        return f"({alias}.value ->> {n})" if self.postgres else f"json_extract({alias}.value, '$[{n}]')"

    def number(self, alias: str, n: int) -> str:
        return f"{self.nth(alias, n)}::bigint" if self.postgres else self.nth(alias, n)

    def base(self, column: str) -> str:
        """A key without the number it got when it was planned again: `…+1` is `…`."""
        if self.postgres:
            return f"regexp_replace({column}, '\\+[0-9]+$', '')"
        bare = f"rtrim({column}, '0123456789')"
        return f"CASE WHEN {bare} LIKE '%+' THEN substr({column}, 1, length({bare}) - 1) ELSE {column} END"

    @property
    def key(self) -> str:
        """The key of an entry of the journal. SQLite makes an index for a join only where it knows the type."""
        return f"CAST({self.text('body', 'key')} AS TEXT)"

    @property
    def listed(self) -> str:
        """The items that action `a` asks for, joined as `i`: their number, and what was open on them."""
        each = self.each("a.detail", "items", "i")
        return f"CROSS JOIN LATERAL {each}" if self.postgres else f"JOIN {each}"

    @property
    def delivered(self) -> str:
        """The journal's word that a message was sent: key, account, when it was begun and when it was known.

        Where a person found out later that a message in doubt had arrived, it was begun when it was tried.
        """
        tried = f"""(SELECT MAX({self.text("t.body", "begun")}) FROM journal t WHERE t.stream = :company
            AND t.kind = 'delivery' AND t.account = e.account AND t.seq < e.seq
            AND {self.text("t.body", "key")} = {self.text("e.body", "key")})"""  # noqa: S608
        begun = f"COALESCE({self.text('e.body', 'begun')}, {tried}, e.at)"
        return f"""SELECT {self.key} AS key, account, {begun} AS begun, at
            FROM journal e WHERE stream = :company AND kind = 'delivery' AND {self.text("body", "state")} = 'sent'"""  # noqa: S608

    @property
    def told(self) -> str:
        """What the journal says of each action that was decided: its key and what it asked for."""
        return f"""SELECT {self.key} AS key, {self.whole("body", "amount")} AS amount,
            {self.text("body", "currency")} AS currency
            FROM journal WHERE stream = :company AND kind IN ('action', 'amount changed')"""  # noqa: S608


def counted(conn: Connection, company: str = COMPANY) -> dict[str, int]:
    """How much there is to look at: actions, messages, sent messages, runs, entries of the journal."""
    mine = {"company": company}
    asked = {
        "actions": "SELECT COUNT(*) FROM action WHERE company = :company",
        "messages": "SELECT COUNT(*) FROM outbox",
        "sent": "SELECT COUNT(*) FROM outbox WHERE state = 'sent'",
        "requests": f"""SELECT COUNT(*) FROM outbox o JOIN action a ON a.key = o.action
            WHERE o.state = 'sent' AND a.kind IN {EFFECTS}""",  # noqa: S608
        "runs": "SELECT COUNT(*) FROM run WHERE company = :company",
        "entries": "SELECT COUNT(*) FROM journal WHERE stream = :company",
    }
    return {name: int(conn.execute(sa.text(query), mine).scalar_one()) for name, query in asked.items()}


# -- I1: each message at most once -----------------------------------------------------------------------------------


def once(conn: Connection, company: str = COMPANY) -> Iterator[Broken]:
    """No key is delivered twice, none that was delivered can go again."""
    sql = _Sql(conn)
    for row in _ask(
        conn,
        f"""SELECT key, MIN(account) AS account, COUNT(*) AS times FROM ({sql.delivered}) d
        GROUP BY key HAVING COUNT(*) > 1""",  # noqa: S608
        company,
    ):
        yield Broken(row.key, row.account, f"the journal says {row.times} times that it was sent", _DUPLICATE)
    for row in _ask(
        conn,
        f"""SELECT d.key, d.account, o.state FROM ({sql.delivered}) d
        LEFT JOIN outbox o ON o.action = d.key WHERE o.state IS NULL OR o.state <> 'sent'""",  # noqa: S608
        company,
    ):
        stands = f"the outbox has it as {row.state}" if row.state else "the outbox does not have it"
        yield Broken(
            row.key,
            row.account,
            f"the journal says that it was sent, and {stands}: it could go again",
            _REPORT,
        )
    # The same step for the same item, under two keys: one was planned again though the other had gone.
    for row in _ask(
        conn,
        f"""SELECT MAX(key) AS key, account, step, COUNT(*) AS times FROM action
        WHERE company = :company AND state IN ('sent', 'done') AND kind IN {_SENT_KINDS}
        GROUP BY account, episode, step, item, occurrence, kind, role, event,
            CASE WHEN event IS NULL THEN '' ELSE policy END
        HAVING COUNT(*) > 1""",  # noqa: S608
        company,
    ):
        yield Broken(row.key, row.account, f"“{row.step}” was sent {row.times} times", _DUPLICATE)
    # A step that is taken and not marked would be asked again.
    for row in _ask(
        conn,
        f"""SELECT DISTINCT a.key, a.account, a.step FROM action a, {sql.each("a.detail", "marks", "m")}
        WHERE a.company = :company AND a.taken_on IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM mark k WHERE k.company = a.company AND k.account = a.account
            AND k.episode = a.episode AND k.policy = a.policy AND k.item = {sql.nth("m", 0)}
            AND k.step = {sql.nth("m", 1)})""",  # noqa: S608
        company,
    ):
        yield Broken(
            row.key,
            row.account,
            f"“{row.step}” was taken and is not marked: it would be asked again",
            _REPORT,
        )


# -- I2: nothing is lost ---------------------------------------------------------------------------------------------


def kept(conn: Connection, company: str = COMPANY) -> Iterator[Broken]:
    """Every step that was due is somewhere, in a state that action and outbox agree on, with a reason."""
    sql = _Sql(conn)
    for row in _ask(
        conn,
        f"""SELECT a.key, a.account, a.state, a.kind FROM action a LEFT JOIN outbox o ON o.action = a.key
        WHERE a.company = :company AND a.kind IN {_SENT_KINDS} AND a.state IN {_IN_OUTBOX}
        AND o.id IS NULL""",  # noqa: S608
        company,
    ):
        yield Broken(
            row.key, row.account, f"the {row.kind} is {row.state}, and the outbox does not have it", _REPORT
        )
    for row in _ask(
        conn,
        """SELECT o.action AS key, o.state FROM outbox o LEFT JOIN action a ON a.key = o.action
        WHERE a.key IS NULL""",
        company,
    ):
        yield Broken(row.key, "", f"the outbox has it as {row.state}, and no action asks for it", _REPORT)
    for row in _ask(
        conn,
        """SELECT a.key, a.account, a.state AS says, o.state FROM outbox o JOIN action a ON a.key = o.action
        WHERE a.company = :company AND a.state <> o.state
        AND NOT (a.state = 'planned' AND o.state = 'pending')
        AND NOT (a.state IN ('passed over', 'declined') AND o.state = 'cancelled')""",
        company,
    ):
        yield Broken(
            row.key, row.account, f"the action is {row.says} and its message is {row.state}", _REPORT
        )
    yield from _reasons(conn, company)
    for row in _ask(
        conn,
        f"""SELECT DISTINCT t.key FROM ({sql.told}) t LEFT JOIN action a ON a.key = t.key
        WHERE a.key IS NULL""",  # noqa: S608
        company,
    ):
        yield Broken(row.key, "", "the journal says that it was decided, and it is not there", _REPORT)
    for row in _ask(
        conn,
        f"""SELECT a.key, a.account, a.step FROM (
            SELECT key FROM action WHERE company = :company AND run IS NOT NULL
            EXCEPT SELECT key FROM ({sql.told}) t1) k
        JOIN action a ON a.key = k.key
        LEFT JOIN (SELECT DISTINCT key FROM ({sql.told}) t2) b ON b.key = {sql.base("k.key")}
        WHERE b.key IS NULL""",  # noqa: S608
        company,
    ):
        yield Broken(
            row.key, row.account, f"“{row.step}” is there, and the journal never decided it", _REPORT
        )
    for row in _ask(
        conn,
        """SELECT DISTINCT d.account, c.policy, c.step, r.business_date FROM run r
        JOIN class_choice c ON c.run = r.id AND c.time = r.times
        JOIN decision d ON d.run = c.run AND d.time = c.time AND d.class = c.number
        WHERE r.company = :company AND r.state = 'done' AND c.verdict IN ('go', 'ask') AND NOT EXISTS (
            SELECT 1 FROM action a WHERE a.company = r.company AND a.account = d.account
            AND a.policy = c.policy AND a.step = c.step)""",
        company,
    ):
        yield Broken(
            "", row.account, f"“{row.step}” was due on {row.business_date}, and no action came of it", _REPORT
        )
    yield from _runs(conn, sql, company)


def _reasons(conn: Connection, company: str) -> Iterator[Broken]:
    """What did not go says why; what is on its way says in whose hand."""
    for row in _ask(
        conn,
        """SELECT a.key, a.account, a.state FROM action a WHERE a.company = :company
        AND a.state IN ('cancelled', 'failed', 'passed over') AND COALESCE(a.reason, '') = ''
        UNION SELECT a.key, a.account, o.state FROM outbox o JOIN action a ON a.key = o.action
        WHERE a.company = :company AND o.state IN ('cancelled', 'failed', 'uncertain')
        AND COALESCE(o.reason, '') = ''""",
        company,
    ):
        yield Broken(row.key, row.account, f"it is {row.state}, and nothing says why", _REPORT)
    for row in _ask(
        conn,
        f"""SELECT a.key, a.account, a.state FROM action a
        WHERE a.company = :company AND a.state NOT IN ({_STATES})""",  # noqa: S608
        company,
    ):
        yield Broken(row.key, row.account, f"“{row.state}” is no state of an action", _REPORT)
    for row in _ask(
        conn,
        """SELECT a.key, a.account FROM outbox o JOIN action a ON a.key = o.action
        WHERE a.company = :company AND o.state = 'sending' AND (o.owner IS NULL OR o.stage IS NULL)""",
        company,
    ):
        yield Broken(
            row.key, row.account, "it is being sent, and by nobody: it would stay so for ever", _REPORT
        )


def _runs(conn: Connection, sql: _Sql, company: str) -> Iterator[Broken]:
    """The counts of each run are those that were sealed with it."""
    run, time, counts = (sql.text("j.body", name) for name in ("run", "time", "counts"))
    sealed = {
        (int(row.run), int(row.time)): orjson.loads(row.counts)
        for row in conn.execute(
            sa.text(
                f"""SELECT {run} AS run, {time} AS time, {counts} AS counts FROM journal j
                WHERE j.stream = :company AND j.kind = 'run'"""  # noqa: S608
            ),
            {"company": company},
        )
    }
    rows = conn.execute(
        sa.text("SELECT id, business_date, times, counts FROM run WHERE company = :company"),
        {"company": company},
    )
    there = set()
    for row in rows:
        there.add(row.id)
        told = sealed.get((row.id, row.times))
        if told is None:
            yield Broken("", "", f"the run of {row.business_date} is not in the journal", _REPORT)
        elif told != orjson.loads(row.counts):
            yield Broken(
                "", "", f"the run of {row.business_date} has other counts than were sealed with it", _REPORT
            )
    for number in sorted({number for number, _ in sealed} - there):
        yield Broken("", "", f"run {number} is in the journal, and it is not there", _REPORT)


# -- I3: nothing is sent without evidence ----------------------------------------------------------------------------


def proven(conn: Connection, company: str = COMPANY) -> Iterator[Broken]:
    """What counts as sent has something to show for it, and an entry in the journal."""
    sql = _Sql(conn)
    evidence, how = sql.text("o.payload", "evidence"), sql.text("o.payload", "resolved", "how")
    for row in _ask(
        conn,
        f"""SELECT a.key, a.account FROM outbox o JOIN action a ON a.key = o.action
        WHERE a.company = :company AND o.state = 'sent' AND COALESCE({evidence}, '{{}}') = '{{}}'
        AND COALESCE({how}, '') <> 'delivered'""",  # noqa: S608
        company,
    ):
        yield Broken(row.key, row.account, "it counts as sent, and nothing shows that it was", _REPORT)
    for row in _ask(
        conn,
        f"""SELECT a.key, a.account FROM (
            SELECT action AS key FROM outbox WHERE state = 'sent'
            EXCEPT SELECT key FROM ({sql.delivered}) d) k
        JOIN action a ON a.key = k.key WHERE a.company = :company""",  # noqa: S608
        company,
    ):
        yield Broken(row.key, row.account, "it counts as sent, and the journal does not know of it", _REPORT)
    for row in _ask(
        conn,
        """SELECT k.account, k.step, MIN(k.action) AS key FROM mark k LEFT JOIN action a ON a.key = k.action
        WHERE k.company = :company AND k.how = 'taken' AND k.action IS NOT NULL AND a.taken_on IS NULL
        GROUP BY k.account, k.step""",
        company,
    ):
        yield Broken(
            row.key,
            row.account,
            f"“{row.step}” is marked as taken, and nothing was done: it is lost",
            _REPORT,
        )


def proofs(conn: Connection, kinds: tuple[str, ...] = (), company: str = COMPANY) -> Iterator[Proof]:
    """What is known of each sent message outside the database, in the order in which they were planned."""
    sql = _Sql(conn)
    evidence = {name: sql.text("o.payload", "evidence", name) for name in ("path", "sha256", "id")}
    named = ", ".join(f"'{kind}'" for kind in kinds)
    only = f"AND a.kind IN ({named})" if kinds else ""
    query = sa.text(
        f"""SELECT a.key, a.account, a.kind, o.channel, {sql.text("a.detail", "value")} AS desired,
        {evidence["path"]} AS path, {evidence["sha256"]} AS sha256, {evidence["id"]} AS id, o.changed_at
        FROM outbox o JOIN action a ON a.key = o.action
        WHERE a.company = :company AND o.state = 'sent' {only} ORDER BY o.id"""  # noqa: S608
    )
    for row in conn.execute(query.execution_options(yield_per=5000), {"company": company}):
        yield Proof(*((value or "") for value in row))


# -- I4: nothing goes after the payment ------------------------------------------------------------------------------


def not_after_payment(conn: Connection, company: str = COMPANY) -> Iterator[Broken]:
    """Nothing was begun to be sent once all that it asked for was known to be settled.

    An item is known to be settled from the moment that the ledger came in which no longer had it, or whose
    payments made up its whole amount. What was on its way at that moment may finish.
    """
    sql = _Sql(conn)
    settled = """SELECT i.account, i.item, CASE WHEN i.vanished_on IS NOT NULL THEN gone.at
            WHEN paid.amount >= i.amount THEN paid.at END AS at
        FROM item i
        LEFT JOIN (SELECT as_of, MAX(imported_at) AS at FROM ledger_file
            WHERE company = :company AND kind = 'ledger' GROUP BY as_of) gone ON gone.as_of = i.vanished_on
        LEFT JOIN (SELECT p.account, p.item, SUM(p.amount) AS amount, MAX(f.imported_at) AS at
            FROM payment p JOIN ledger_file f ON f.id = p.file
            WHERE p.company = :company AND p.reversed = 0 GROUP BY p.account, p.item) paid
            ON paid.account = i.account AND paid.item = i.item
        WHERE i.company = :company AND i.open = 0"""
    for row in _ask(
        conn,
        f"""SELECT a.key, MIN(a.account) AS account, MIN(a.kind) AS kind, MIN(d.begun) AS begun
        FROM ({sql.delivered}) d JOIN action a ON a.key = d.key {sql.listed}
        LEFT JOIN ({settled}) s ON s.account = a.account AND s.item = {sql.nth("i", 0)}
        WHERE a.company = :company AND a.kind IN {_SENT_KINDS} GROUP BY a.key
        HAVING SUM(CASE WHEN s.at < d.begun THEN 0 ELSE 1 END) = 0""",  # noqa: S608
        company,
    ):
        yield Broken(
            row.key,
            row.account,
            f"the {row.kind} went at {row.begun[:16]} UTC, when all that it asks for was known to be paid",
            "say sorry, take terms and holds back; then report this",
        )


# -- I6: amounts -----------------------------------------------------------------------------------------------------


def amounts(conn: Connection, company: str = COMPANY) -> Iterator[Broken]:
    """What an action asks for is the sum of its items, the journal's, and the ledger's that it was decided on."""
    sql = _Sql(conn)
    for row in _ask(
        conn,
        f"""SELECT a.key, MIN(a.account) AS account, MIN(a.amount) AS amount, MIN(a.currency) AS currency,
            SUM({sql.number("i", 1)}) AS total, MIN(t.currency) AS items
        FROM action a {sql.listed}
        LEFT JOIN item t ON t.company = a.company AND t.account = a.account AND t.item = {sql.nth("i", 0)}
        WHERE a.company = :company GROUP BY a.key
        HAVING (COUNT(DISTINCT t.currency) = 1
            AND (SUM({sql.number("i", 1)}) <> MIN(a.amount) OR MIN(t.currency) <> MIN(a.currency)))
            OR COUNT(t.item) <> COUNT(*)""",  # noqa: S608
        company,
    ):
        yield Broken(
            row.key,
            row.account,
            f"it asks for {row.amount} {row.currency} in minor units, "
            f"and its items come to {row.total} {row.items or 'of nothing in the ledger'}",
            _REPORT,
        )
    for row in _ask(
        conn,
        f"""SELECT a.key, a.account, a.amount, a.currency FROM (
            SELECT key, amount, currency FROM action WHERE company = :company AND run IS NOT NULL
            EXCEPT SELECT key, amount, currency FROM ({sql.told}) t1) k
        JOIN action a ON a.key = k.key
        JOIN (SELECT key, MIN(CASE WHEN amount IS NULL THEN 0 ELSE 1 END) AS said FROM ({sql.told}) t2
            GROUP BY key) t ON t.key = k.key
        WHERE t.said = 1""",  # noqa: S608
        company,
    ):
        yield Broken(
            row.key,
            row.account,
            f"it asks for {row.amount} {row.currency} in minor units, and the journal decided another amount",
            _REPORT,
        )
    # What went since the newest ledger came in can be held against the ledger itself. Credits are set against
    # the oldest items first, so only accounts without any are looked at.
    for row in _ask(
        conn,
        f"""SELECT DISTINCT a.key, a.account, t.item, {sql.number("i", 1)} AS said, t.open, t.currency
        FROM ({sql.delivered}) d JOIN action a ON a.key = d.key {sql.listed}
        JOIN item t ON t.company = a.company AND t.account = a.account AND t.item = {sql.nth("i", 0)}
        WHERE a.company = :company AND a.kind IN {_SENT_KINDS}
        AND d.begun >= (SELECT MAX(imported_at) FROM ledger_file WHERE company = :company)
        AND t.open <> {sql.number("i", 1)} AND NOT EXISTS (SELECT 1 FROM item c
            WHERE c.company = a.company AND c.account = a.account AND c.open < 0)""",  # noqa: S608
        company,
    ):
        yield Broken(
            row.key,
            row.account,
            f"it said that {row.said} {row.currency} in minor units are open on {row.item}; the ledger says {row.open}",
            "correct it with the customer; then report this",
        )


def _ask(conn: Connection, query: str, company: str) -> list[Any]:
    text = sa.text(f"{query} LIMIT {MOST}")
    return list(conn.execute(text, {"company": company}))
