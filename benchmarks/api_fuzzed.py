"""Many requests to every address of the API, good ones and bad ones: does each answer as its description says?

python -m benchmarks.api_fuzzed [GOOD [BAD]]     requests for each address; 60 and 30 if nothing is said
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from engine.store import database
from tests.jobs.world import moment
from tests.web.api.conftest import program
from tests.web.api.fuzzed import fuzzed
from tests.web.conftest import MONDAY, Place, furnished


def main(good: int = 60, bad: int = 30) -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        database.open(file, migrate=True).dispose()
        place = Place(furnished(Path(folder), file), moment(MONDAY, "10:30"))
        settings = place.house.root / "dunwell.toml"
        settings.write_text(settings.read_text("utf-8") + "\n[web]\nrate = 100000\n", "utf-8")
        began = time.perf_counter()
        found = fuzzed(place.app, program(place).headers["authorization"], good=good, bad=bad, steady=False)
        took = time.perf_counter() - began
    for where, statuses in found.answered.items():
        told = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
        print(f"{where:28} {told}")
    for where, wrong in found.wrong.items():
        print(f"\n{where}\n{wrong}")
    sent = sum(sum(statuses.values()) for statuses in found.answered.values())
    print(f"\n{sent:,} requests in {took:.0f} s; {len(found.wrong)} addresses are not as described")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
