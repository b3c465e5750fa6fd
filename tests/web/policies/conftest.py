"""The desk over a house whose one policy is small, so that a test can say all of what is drawn and changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.conftest import Place, behind_a_server, furnished

LADDER = """
policy: Standard
clock: due date
late: latest
steps:
  - day: 5
    call: collector
    script: first-call
  - day: 12
    email: friendly-reminder
  - day: 20
    letter: firm-reminder
  - day: 40
    terms: cash on delivery
    email: cod-notice
    approve: credit manager
"""


@pytest.fixture(scope="session")
def _furnished(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    folder = tmp_path_factory.mktemp("policies")
    furnished(folder, sqlite_template, policies={"standard": LADDER}, soon=False)
    return folder


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[tuple[Place, str]]:
    folder = tmp_path_factory.mktemp("policies-served")
    house = furnished(folder, sqlite_template, 8, policies={"standard": LADDER}, soon=False)
    with behind_a_server(house) as there:
        yield there
