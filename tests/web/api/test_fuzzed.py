"""The description is kept: whatever is sent to an address, it answers as it says, and never breaks.

A few requests for each address here; `benchmarks/api_fuzzed.py` sends many.
"""

from __future__ import annotations

from tests.web.api.conftest import program
from tests.web.api.fuzzed import fuzzed
from tests.web.conftest import Place


def test_every_address_keeps_its_description(place: Place) -> None:
    file = place.house.root / "dunwell.toml"
    file.write_text(file.read_text("utf-8") + "\n[web]\nrate = 100000\n", "utf-8")
    place.desk.kept.look()
    found = fuzzed(place.app, program(place).headers["authorization"], good=2, bad=1)
    assert found.wrong == {}
    assert len(found.answered) == 26
    done = [where for where, statuses in found.answered.items() if 200 in statuses]
    assert len(done) > 10, found.answered  # it is not all refused


def test_an_answer_that_is_not_as_described_is_seen(place: Place) -> None:
    """The looking is looked at."""
    described = place.app.state.api.openapi()
    described["components"]["schemas"]["Status"]["required"].append("mood")
    found = fuzzed(place.app, program(place).headers["authorization"], good=1, bad=1, only="/status")
    assert "mood" in found.wrong["GET /status"]
