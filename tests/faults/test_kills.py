"""The service killed again and again while it decides and sends: counted at the mail server, nothing twice, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import kills as long_form


@pytest.mark.long
@pytest.mark.fault(2)
@pytest.mark.fault(6)
@pytest.mark.fault(7)
def test_thirty_kills(database_url: str, tmp_path: Path) -> None:
    found = long_form.kills(tmp_path, database_url, 30, seed=7)
    assert found.said == []
    assert found.good
    assert found.kills == 30
    assert found.planned > 100
    assert found.by_service >= 30, "the service has hardly sent anything: its kills prove little"
    assert found.quiet < 25, "hardly a kill met a message on its way"
    assert found.planned == found.arrived + found.uncertain - found.uncertain_arrived
