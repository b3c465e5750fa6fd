"""A house with a ledger of any size, made by the database itself: two open items an account, some of them late."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from benchmarks.lines import HOUSE, NOW, ON, POLICY, SETTINGS
from engine.jobs.workspace import Workspace, open_workspace
from engine.start import start_set
from engine.store import database

_CUSTOMERS = """INSERT INTO customer (account, name, segment, country, language, time_zone)
SELECT {code}, 'Customer ' || n, 'trade', 'US', 'en', 'America/New_York' FROM {series}"""
_CONTACTS = """INSERT INTO contact (account, role, email, email_ok, address, postcode, city, post_ok)
SELECT {code}, 'accounts payable', 'ap@c' || n || '.example', 1, n || ' Main Street', '55802', 'Duluth', 1 FROM {series}"""
_ITEMS = """INSERT INTO item (account, item, kind, date, due, amount, open, currency, first_file, last_file)
SELECT {code}, CAST(1000000000 + n * 2 + i AS varchar), 'invoice', {dated}, {due}, cents, cents, 'USD', 1, 1
FROM (
    SELECT n, i, 5000 + (n % 10007 * 7919 + i) % 495000 AS cents,
        CASE WHEN n % {one_in} = 0 THEN -(1 + (n / {one_in} * 7 + i * 13) % 80) ELSE 1 + (n * 3 + i * 11) % 40 END AS late
    FROM {series}, (SELECT 0 AS i UNION ALL SELECT 1) AS both_items
) AS made"""
_FILE = """INSERT INTO ledger_file (sha256, name, kind, as_of, imported_at, by, rows, summary)
VALUES ('benchmark', 'ledger.csv', 'ledger', :on, :at, 'benchmark', :rows, '{}')"""


def laid_out(folder: Path, url: str) -> Workspace:
    """A workspace with one ladder of four levels, its database still empty."""
    shutil.copytree(start_set() / "templates", folder / "templates")
    texts = {
        "dunwell.toml": SETTINGS.format(url=url),
        "policies/house.yaml": HOUSE,
        "policies/four-levels.yaml": POLICY,
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return open_workspace(folder)


def filled(engine: Engine, accounts: int, one_in: int = 10) -> None:
    """The ledger of today: of so many accounts one has both its items late, one to eighty days."""
    with database.writing(engine) as conn:
        on = ON.isoformat() if engine.dialect.name == "sqlite" else ON
        at = (NOW - timedelta(hours=1)).isoformat(timespec="microseconds")
        _say(conn, _FILE, on=on, at=at, rows=accounts * 2)
        words = _words(engine.dialect.name, accounts) | {"one_in": str(one_in)}
        for text in (_CUSTOMERS, _CONTACTS, _ITEMS):
            _say(conn, text.format(**words))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(sa.text("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"))


def _say(conn: Connection, text: str, **told: object) -> None:
    conn.execute(sa.text(text), told)


def _words(kind: str, accounts: int) -> dict[str, str]:
    """What the two databases say differently."""
    code = "'C' || substr(CAST(100000000 + n AS varchar), 2)"
    if kind == "postgresql":
        day = f"DATE '{ON}' + (late{{}})"
        return {
            "code": code, "series": f"generate_series(1, {accounts}) AS s(n)",
            "due": day.format(""), "dated": day.format(" - 30"),
        }  # fmt: skip
    series = f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {accounts}) SELECT n FROM s) AS s"
    day = f"date('{ON}', (late{{}}) || ' days')"
    return {"code": code, "series": series, "due": day.format(""), "dated": day.format(" - 30")}
