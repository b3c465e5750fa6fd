"""How long a large ledger takes to come in: 77,414 paid invoices of a real supplier, played to one day.

`python -m benchmarks.ledger_in [FILE]` prints its table, then one line of JSON (`seconds`, `peak_mb`).
Where the
public file is not at hand a ledger of the same size and shape is generated.

`python -m benchmarks.ledger_in --rows 1000000` takes in a generated one of so many rows, in a process of its own as
the service does, beside an asyncio loop that measures how late its own ticks come.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from engine.jobs.imports import import_ledger
from engine.readers.ledger import read_ledger
from engine.readers.profile import Profile
from engine.readers.reading import Reading
from engine.store import database

ROWS = 77_414
AS_OF = date(2021, 6, 1)
PUBLIC = (
    Path(__file__).parents[1].parent
    / "shared"
    / "data"
    / "datarisk"
    / "base_pagamentos_desenvolvimento.csv.gz"
)
PROFILE = Profile(
    settled=True,
    currency="BRL",
    key=("date", "due", "amount"),
    set_aside=("missing amount", "due before issue", "exact duplicate"),
)


def generated(rows: int = ROWS) -> bytes:
    """A settled ledger of the same size: 1,250 customers with ids of 19 digits, some amounts missing."""
    chance = random.Random(7)
    customers = [str(chance.randrange(10**15, 10**19)) for _ in range(1_250)]
    lines = ["ID_CLIENTE;SAFRA_REF;DATA_EMISSAO_DOCUMENTO;DATA_PAGAMENTO;DATA_VENCIMENTO;VALOR_A_PAGAR;TAXA"]
    for _ in range(rows):
        issued = date(2018, 8, 1) + timedelta(days=chance.randrange(1_050))
        due = issued + timedelta(days=chance.randrange(10, 60))
        paid = due + timedelta(days=chance.choice((0, 0, 0, 1, 5, 30)))
        amount = "" if chance.random() < 0.015 else f"{chance.randrange(1_000_00, 99_000_00) / 100:.2f}"
        lines.append(f"{chance.choice(customers)};{issued:%Y-%m};{issued};{paid};{due};{amount};5.99")
    return gzip.compress("\r\n".join([*lines, ""]).encode())


def import_whole(name: str, data: bytes, database_file: Path) -> tuple[Reading, float]:
    """All that `dunwell import` does: read, then store in one transaction. Also the seconds of reading."""
    begun = time.perf_counter()
    reading = read_ledger(name, data, profile=PROFILE, as_of=AS_OF)
    read = time.perf_counter() - begun
    if reading.ok:
        engine = database.open(database_file)
        import_ledger(engine, name, data, reading, by="benchmark", at=datetime(2021, 6, 1, 12, tzinfo=UTC))
        engine.dispose()
    return reading, read


async def beside_a_loop(file: Path) -> tuple[int, float]:
    """Take a file in in another process; its exit code, and the worst lateness in seconds of a tick meanwhile."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.ledger_in", str(file))
    ended = asyncio.ensure_future(child.wait())
    worst = 0.0
    while not ended.done():
        begun = time.perf_counter()
        await asyncio.sleep(0.01)
        worst = max(worst, time.perf_counter() - begun - 0.01)
    return ended.result(), worst


def many(rows: int) -> int:
    """The measurement of `--rows`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"generated-{rows}.csv.gz"
        file.write_bytes(generated(rows))
        code, worst = asyncio.run(beside_a_loop(file))
    print(f"  the loop beside it was {worst * 1000:.0f} ms late at worst")
    print(json.dumps({"rows": rows, "worst_late_ms": round(worst * 1000)}))
    return code


def main() -> int:
    if sys.argv[1:2] == ["--rows"]:
        return many(int(sys.argv[2]))
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else PUBLIC
    name, data = (file.name, file.read_bytes()) if file.is_file() else ("generated.csv.gz", generated())
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        reading, read = import_whole(name, data, Path(folder) / "ledger.db")
        seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for problem in reading.problems:
        print(f"{problem.place}: {problem.sentence}")
    print(f"{name}: {reading.classified.get('item', 0):,} items, {reading.rows.height:,} taken in")
    for note in reading.notes:
        print(f"  {note}")
    print(f"  reading   {read:6.2f} s   {reading.rows.height / read:,.0f} rows/s")
    print(f"  storing   {seconds - read:6.2f} s")
    print(f"  whole     {seconds:6.2f} s   {peak:.0f} MB at most")
    print(json.dumps({"seconds": round(seconds, 2), "peak_mb": round(peak)}))
    return 0 if reading.ok else 1


if __name__ == "__main__":
    sys.exit(main())
