"""A house whose customers can be strategic, or supplied under a contract, and what is asked for there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from engine.core.cases.restrictions import What
from engine.jobs import cases
from engine.jobs.cases import Who, asking, restoring, restrictions
from engine.jobs.cases.listing import Listed, listed
from engine.store import database
from engine.store.history import Work
from tests.jobs.world import MASTER, House, moment

ROLES: Mapping[str, frozenset[str]] = {
    "ana": frozenset({"credit manager"}),
    "eve": frozenset({"credit manager"}),
    "joe": frozenset({"collector"}),
}
MORE = ("payment terms", "strategic", "contract supply", "account owner")

LADDER = """
policy: Standard
clock: due date
steps:
  - day: 5
    terms: cash on delivery
    email: change-notice
    approve: credit manager
    notify: account owner, 3 days ahead
    restore-after: 1 clean month
  - day: 40
    call: collector
    script: first-call
"""
CALM = """
policy: Standard
clock: due date
steps:
  - day: 60
    call: collector
    script: first-call
"""


def open_house(
    build: Callable[..., House], policy: str = CALM, *, silent: bool = False, **flags: Any
) -> House:
    """ACME owes 1,200.00 that fell due on 30 Sep 2026, BOLT nothing that is due. `flags` are of ACME's master.

    `silent`: nobody knows an address of ACME, so that nothing is written to them, which takes a second.
    """
    house = build(policies={"standard": policy})
    house.owes("ACME", "A1", "2026-09-30")
    house.owes("BOLT", "B1", "2027-03-01", "900.00")
    house.contact("ACME", **({"email": "", "address": "", "city": ""} if silent else {}))
    house.contact("BOLT")
    master(house, "2026-10-01", **flags)
    house.import_ledger("2026-10-05")
    return house


def master(house: House, on: str, at: str = "06:00", **flags: str) -> None:
    """The customer master of a day; `flags` are ACME's: terms, strategic, contract, owner."""
    rows = []
    for account, contact in house.contacts.items():
        mine = flags if account == "ACME" else {}
        rest = (mine.get("terms", "net 30"), mine.get("strategic", "no"), mine.get("contract", "no"))
        own = (mine.get("owner", ""),)
        rows.append((account, f"{account} Inc.", *(contact[name] for name in MASTER[2:]), *rest, *own))
    house.take(f"master-{on}-{at[:2]}.csv", (*MASTER, *MORE), rows, on, at, customers=True)


def who(on: str, by: str = "ana", at: str = "11:00") -> Who:
    return Who(by, moment(on, at), date.fromisoformat(on), roles=ROLES.get(by, frozenset()))


def ask(
    house: House, what: What, value: str, on: str, by: str = "ana", account: str = "ACME", **more: Any
) -> str:
    usual: dict[str, Any] = {"because": "two promises broken"}
    return str(
        house.do(
            lambda engine: asking.ask(house.ws, engine, account, what, value, who(on, by), **usual | more)
        )
    )


def restore(house: House, on: str, by: str = "ana", **more: Any) -> str:
    usual: dict[str, Any] = {"because": "a plan is agreed"}
    return str(house.do(lambda engine: restoring.restore(engine, "ACME", who(on, by), **usual | more)))


def approve(house: House, on: str, by: str = "ana", account: str = "ACME") -> str:
    return str(house.do(lambda engine: cases.approve(engine, account, who(on, by))))


def decline(house: House, on: str, by: str = "ana", **more: Any) -> str:
    return str(house.do(lambda engine: cases.decline(engine, "ACME", who(on, by), because="not yet", **more)))


def confirm(house: House, on: str, by: str = "joe", **more: Any) -> str:
    return str(house.do(lambda engine: restrictions.confirm(engine, "ACME", who(on, by), **more)))


def on_list(house: House) -> list[Listed]:
    def look(engine: Any) -> list[Listed]:
        with database.reading(engine) as conn:
            return listed(conn)

    return list(house.do(look))


def states(house: House) -> list[tuple[str, str, str]]:
    return [(one.account, one.value, one.state) for one in on_list(house)]


def todo(house: House, on: str, kind: str = "") -> list[Work]:
    return [work for work in house.worklist(on) if kind in ("", work.kind)]
