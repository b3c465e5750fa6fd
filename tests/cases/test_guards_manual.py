"""The pages about guards and interest are true: their commands run, their files are read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from engine.core.cases.guards import GUARDS
from engine.core.figures.packs import PACKS
from engine.core.figures.reference_rates import REFERENCES
from engine.core.language.check import check
from engine.core.language.known import Known
from tests.cases.office import HOUSE, master, open_house, told
from tests.jobs.world import House

HELP = Path(__file__).parents[2] / "engine" / "help"
POLICY = "policy: P\nclock: due date\nsteps:\n  - day: 5\n    email: friendly-reminder\n"
ACME, BOLT = {"customer number": "ACME-0042", "country": "GB"}, {"customer number": "BOLT-0007"}


@pytest.fixture
def house(tmp_path: Path, sqlite_template: Path) -> House:
    """The customers of the examples, both written to; then a master comes that says something else of BOLT-0007."""
    text = HOUSE.replace("USD", "GBP") + "charge: uk\nrates: {bank of england: {2026-07-01: 3.75%}}\n"
    found = open_house(tmp_path, sqlite_template, house=text, policies={"standard": POLICY})
    found.settings('\n[people.rkim]\nname = "R. Kim"\nroles = ["supervisor"]\n')
    found.owes("ACME-0042", "10231", "2026-09-30", "5000.00")
    found.owes("BOLT-0007", "20001", "2026-09-30")
    settings = (
        (found.root / "dunwell.toml").read_text("utf-8").replace('currency = "USD"', 'currency = "GBP"')
    )
    (found.root / "dunwell.toml").write_text(settings, "utf-8")
    dana = {"contact": "Dana Whitfield", "email": "dana@acme-0042.example.com"}
    master(found, ACME, ACME | dana, BOLT)
    found.import_ledger("2026-10-05")
    found.day("2026-10-05")
    master(found, BOLT | {"email": "ap@elsewhere.example.net"}, on="2026-10-06")
    return found


def test_the_commands_of_the_pages_run_in_their_order(house: House) -> None:
    for page in ("guards", "interest"):
        found = re.findall(r"(?m)^    dunwell (.*)$", (HELP / f"{page}.md").read_text("utf-8"))
        assert len(found) >= 3
        for command in found:
            told(house, "2026-10-07", *shlex.split(command))


def test_the_files_of_the_pages_are_read() -> None:
    for page, count in (("guards", 1), ("interest", 3)):
        blocks = re.findall(r"```yaml\n(.*?)```", (HELP / f"{page}.md").read_text("utf-8"), re.DOTALL)
        assert len(blocks) == count
        for block in blocks:
            files = {
                "policies/p.yaml": POLICY.replace("email: friendly-reminder", "call: collector").encode()
            }
            files["policies/house.yaml"] = f"order: [p]\n{block}".encode()
            assert check(files, Known()).problems == ()


def test_the_pages_name_every_guard_pack_and_reference() -> None:
    guards, interest = ((HELP / f"{page}.md").read_text("utf-8") for page in ("guards", "interest"))
    assert [guard.name for guard in GUARDS if f"`{guard.name}`" not in guards] == []
    assert [pack for pack in PACKS if f"| `{pack}` |" not in interest] == []
    assert [name for name in REFERENCES if f"  {name}: " not in interest] == []
