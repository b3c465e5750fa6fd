"""A small house for the stories of guards and charges, its customers with what the law asks about."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.cli.conftest import Said, run
from tests.jobs.world import House, moment

MASTER = (
    *("customer number", "customer name", "country", "legal form", "natural person", "insolvent", "attorney"),
    *("time zone", "contact", "role", "email", "phone", "address", "postcode", "city"),
)

HOUSE = """
order: [standard]
currency: USD
calendar: none
hours: weekdays 8:30-17:00
answer: 7 days
minimum: 50
gap: 2 days
"""


def open_house(
    tmp_path: Path, template: Path, *, house: str = HOUSE, policies: Mapping[str, str] | None = None
) -> House:
    """A house whose database is there already."""
    shutil.copy(template, tmp_path / "dunwell.db")
    return House(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}", house=house, policies=policies)


def master(house: House, *customers: Mapping[str, str], on: str = "2026-10-01", at: str = "06:00") -> None:
    """Take in a customer master; a customer may stand in several rows, one a contact."""
    rows = []
    for customer in customers:
        number = customer["customer number"]
        usual = {
            "customer name": f"{number} Inc.",
            "contact": f"Clerk of {number}",
            "role": "accounts payable",
            "email": f"ap@{number.lower()}.example.com",
            "phone": "+1 212 555 0199",
            "address": "5 Side Street",
            "postcode": "10001",
            "city": "New York",
        }
        whole = usual | dict(customer)
        rows.append([whole.get(name, "") for name in MASTER])
    house.take(f"customers-{on}-{at.replace(':', '')}.csv", MASTER, rows, on, at, customers=True)


def says(house: House, on: str, *words: str, at: str = "11:00") -> Said:
    """A command typed in the house at that hour of New York."""
    return run("--workspace", str(house.root), *words, at=moment(on, at))


def told(house: House, on: str, *words: str, at: str = "11:00") -> str:
    """What a command says that goes well."""
    said = says(house, on, *words, at=at)
    assert said.code == 0, said.err
    return said.out
