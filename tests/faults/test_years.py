"""Houses whose days go wrong in every way at random, by seed: see `benchmarks/years.py`, of which this is the short form."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.years import play

DAYS = 5


@pytest.mark.long
@pytest.mark.fault(16)
@pytest.mark.fault(22)
@pytest.mark.fault(43)
@pytest.mark.fault(49)
@pytest.mark.fault(51)
@pytest.mark.parametrize(
    "seeds", [range(first, first + 5) for first in (1, 6, 11, 16)], ids=lambda seeds: str(seeds[0])
)
def test_nothing_twice_nothing_lost(tmp_path: Path, sqlite_template: Path, seeds: range) -> None:
    sent = runs = 0
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        world = play(folder, seed, DAYS, sqlite_template)
        assert world.violations == []
        sent += world.counts["sent"]
        runs += world.counts["evaluate"]
    assert sent > 6
    assert runs > 8
