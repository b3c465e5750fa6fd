"""What a report is made from, each question about all accounts at once. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import orjson
import polars as pl
from sqlalchemy.engine import Connection

from engine.core.figures.records import FRAMES, Rate, Records, Shown, gathered
from engine.store.tables import COMPANY
from engine.store.view import frame

# The columns are in the order of core.figures.records.
_QUESTIONS: Mapping[str, str] = {
    "documents": """SELECT i.account, i.item, i.kind, COALESCE(i.date, f.as_of, i.due), i.due, i.amount, i.open,
        i.currency, f.as_of, i.vanished_on
        FROM item i LEFT JOIN ledger_file f ON f.id = i.first_file WHERE i.company = :company""",
    "payments": """SELECT account, item, amount, currency, paid_on, days_late, presumed
        FROM payment WHERE company = :company AND reversed = 0""",
    "episodes": "SELECT account, number, started, ended FROM episode WHERE company = :company",
    "calls": """SELECT id, account, action, outcome, reached, right_party, spoken_with, "on", at, follows, "by"
        FROM call WHERE company = :company ORDER BY at, id""",
    "promises": """SELECT p.id, p.account, p.made_on, p.pays_on, p.breaks_on, p.amount, p.currency, p.state, p.paid,
        p.settled_on, p.kind, p.plan, n.instalments, p.call
        FROM promise p LEFT JOIN (
            SELECT plan, COUNT(DISTINCT number) AS instalments FROM promise
            WHERE company = :company AND plan IS NOT NULL GROUP BY plan
        ) n ON n.plan = p.plan WHERE p.company = :company ORDER BY p.id""",
    "plans": """SELECT account, made_on, until, state, amount, currency, ended_on
        FROM plan WHERE company = :company ORDER BY id""",
    "disputes": """SELECT account, item, opened, closed, amount, reason
        FROM dispute WHERE company = :company ORDER BY id""",
    "actions": """SELECT key, account, episode, policy, step, kind, day, tone, state, "on", since, taken_on, amount,
        currency FROM action WHERE company = :company""",
    "stands": """SELECT account, CASE WHEN kinds = '' THEN 'pause' ELSE 'pause of ' || kinds END, from_day, until
        FROM pause WHERE company = :company
        UNION ALL SELECT account, rule, from_day, until FROM contact_rule WHERE company = :company
        UNION ALL SELECT account, field, from_day, until FROM learned
            WHERE company = :company AND field IN ('insolvent', 'attorney') AND value = 'yes'""",
}
_POLICY = """SELECT d.account FROM decision d
    JOIN class_choice c ON c.run = d.run AND c.time = d.time AND c.number = d.class
    WHERE c.policy = :policy AND d.run = (
        SELECT MAX(id) FROM run WHERE company = :company AND business_date = (
            SELECT MAX(business_date) FROM run WHERE company = :company AND business_date <= :last))
    UNION SELECT account FROM action
    WHERE company = :company AND policy = :policy AND "on" >= :first AND "on" <= :last"""


def records(conn: Connection, company: str = COMPANY) -> Records:
    """All that is on record: documents, payments, what people did and said, the ledgers that came in, the rates."""
    of = {"company": company}
    frames = {name: frame(conn, sql, of, FRAMES[name]) for name, sql in _QUESTIONS.items()}
    return gathered(frames, _ledgers(conn, company), _rates(conn, company))


def accounts_of(
    conn: Connection, policy: str, first: date, last: date, company: str = COMPANY
) -> frozenset[str]:
    """The accounts that a policy had: in the last run up to the last day, or by an action decided in these days."""
    of = {"company": company, "policy": policy, "first": first, "last": last}
    return frozenset(frame(conn, _POLICY, of, {"account": pl.String()})["account"])


def _ledgers(conn: Connection, company: str) -> tuple[Shown, ...]:
    """The ledgers that came in; of several of one day the last."""
    rows = frame(
        conn,
        """SELECT as_of, summary FROM ledger_file
        WHERE company = :company AND kind = 'ledger' AND as_of IS NOT NULL ORDER BY as_of, id""",
        {"company": company},
        {"as_of": pl.Date(), "summary": pl.String()},
    )
    shown = {on: Shown(on, orjson.loads(summary).get("totals") or {}) for on, summary in rows.iter_rows()}
    return tuple(shown.values())


def _rates(conn: Connection, company: str) -> dict[str, tuple[Rate, ...]]:
    rows = frame(
        conn,
        'SELECT currency, rate, "on" FROM rate WHERE company = :company ORDER BY "on" DESC',
        {"company": company},
        {"currency": pl.String(), "rate": pl.Float64(), "on": pl.Date()},
    )
    found: dict[str, list[Rate]] = {}
    for code, rate, on in rows.iter_rows():
        found.setdefault(code, []).append(Rate(rate, on))
    return {code: tuple(rates) for code, rates in found.items()}
