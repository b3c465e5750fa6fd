"""A workspace to begin with: policies, messages, settings, and a made-up ledger to try them on."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

from engine.core.promises import breaks_on
from engine.core.workdays import calendar
from engine.errors import DunwellError, Refused
from engine.sample import SEED, Sample, generate
from engine.store import bulk, database
from engine.store.outbox import text as moment_text
from engine.store.tables import promise

LEDGER = "ledger"  # the folder of the sample's files
_PARTS = ("policies", "templates")


def start_set() -> Path:
    """Where the start set is: in the installed package, or at the top of a checkout."""
    here = Path(__file__).resolve().parent
    packed = here / "_start_set"
    return packed if packed.is_dir() else here.parent


def lay_out(folder: Path, on: date, sample: bool = True) -> tuple[str, ...]:
    """Makes `folder` a workspace as of the day `on`, and names the files it wrote, relative to it.

    All or nothing: Refused where a file of ours is there already, DunwellError where nothing can be written.
    """
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is a file", "name a folder that is new or empty")
    taken = [name for name in (*_PARTS, "dunwell.toml", "profiles", LEDGER) if (folder / name).exists()]
    if taken:
        sentence = f"{folder} has {_and(taken)} already; nothing was changed"
        raise Refused(sentence, "name a new folder, or move what is there")
    try:
        # Everything is written beside its place first, so that a full disk leaves nothing half done.
        beside = folder if folder.exists() else folder.absolute().parent
        beside.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".dunwell-", dir=beside) as stage:
            written = tuple(_write(Path(stage), generate(SEED, on) if sample else None))
            folder.mkdir(exist_ok=True)
            for entry in sorted(Path(stage).iterdir()):
                entry.replace(folder / entry.name)
    except OSError as error:
        sentence = f"{folder} cannot be written: {error.strerror or error}"
        raise DunwellError(sentence, "name another folder") from error
    return written


def demo(folder: Path, on: date) -> str:
    """The workspace of `make preview`, and a sentence about it: laid out once, its ledger renewed every day.

    Policies, templates and settings that were edited since stay. A new ledger begins a new history, so the
    demo's database goes with the old one.
    """
    if not (folder / "dunwell.toml").exists():
        lay_out(folder, on)
        return f"{folder}/ is a workspace to try things in, with a made-up ledger of {_day(on)}."
    if f"As of {on.isoformat()}\n" in _head(folder / LEDGER / "ledger.csv"):
        return f"{folder}/ is as you left it."
    for old in folder.glob("dunwell.db*"):
        old.unlink()
    (folder / LEDGER).mkdir(exist_ok=True)
    sample = generate(SEED, on)
    for name, text in sample.files.items():
        (folder / LEDGER / name).write_text(text, "utf-8", newline="\n")
    _remember(folder, sample)
    return f"{folder}/ has a new made-up ledger, of {_day(on)}; its policies are as you left them."


def _write(stage: Path, sample: Sample | None) -> Iterator[str]:
    for part in _PARTS:
        shutil.copytree(start_set() / part, stage / part, copy_function=shutil.copyfile)
    texts = {"dunwell.toml": _SETTINGS + (_SAMPLE_LEDGER if sample else _OWN_LEDGER), ".gitignore": _IGNORED}
    if sample:
        texts |= {f"profiles/{name}.toml": text for name, text in sample.profiles.items()}
        texts |= {f"{LEDGER}/{name}": text for name, text in sample.files.items()}
    for name, text in texts.items():
        file = stage / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")
    if sample:
        _remember(stage, sample)
    for directory, _, names in os.walk(stage):
        yield from sorted(str((Path(directory) / name).relative_to(stage)) for name in names)


def _remember(folder: Path, sample: Sample) -> None:
    """A ledger tells what was paid, not what was promised: earlier promises go into the database.

    Those still open are left for a person to write down with `dunwell promise`.
    """
    open_on = calendar("US")
    columns = ("account", "made_on", "made_at", "pays_on", "breaks_on", "amount", "currency", "state", "paid")
    rows = []
    for one in sample.promises:
        if one.state == "open":
            continue
        kept, breaks = one.state == "kept", breaks_on(one.pays, open_on)
        made_at = moment_text(datetime.combine(one.made, time(15), UTC))
        days = (one.account, one.made, made_at, one.pays, breaks)
        money = (one.amount, one.currency, one.state, one.amount if kept else 0)
        rows.append((*days, *money, one.pays if kept else breaks, "jortiz"))
    engine = database.open(f"sqlite:///{folder.absolute() / 'dunwell.db'}")
    with database.writing(engine) as conn:
        bulk.insert(conn, promise, (*columns, "settled_on", "by"), rows)
    engine.dispose()


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _head(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as lines:
            return lines.read(200)
    except OSError:
        return ""


_IGNORED = """\
dunwell.db*
out/
*.password
"""

_SETTINGS = """\
# Who we are, who works here, and where things are. Every setting: dunwell help settings

[company]                       # made up: write your own
name = "Fernhollow Supply Co."
address = ["400 Fernhollow Road", "Dayton, OH 45402"]
email = "accounts@fernhollow.example"
phone = "+1 202 555 0100"
pay = ["Fernhollow Supply Co., account 000123456", "Please name the invoice numbers"]
pay_url = "https://pay.fernhollow.example"
disputes = "disputes@fernhollow.example"

[workspace]
name = "Credit"
zone = "America/New_York"       # of the office, and of customers whose own is unknown

[database]
url = "sqlite:///dunwell.db"

# [mail]                        # without a mail server, messages go to the folder "out"
# host = "smtp.example.com"
# user = "accounts"
# password_file = "mail.password"
# from = "accounts@example.com"

[people.mchen]
name = "M. Chen"
roles = ["credit manager", "dispute owner"]
email = "m.chen@fernhollow.example"
phone = "+1 202 555 0101"

[people.rkim]
name = "R. Kim"
roles = ["supervisor"]
email = "r.kim@fernhollow.example"
phone = "+1 202 555 0102"
calls = 15                      # a day

[people.jortiz]
name = "J. Ortiz"
roles = ["collector", "peer"]
email = "j.ortiz@fernhollow.example"
phone = "+1 202 555 0103"
calls = 30

[people.apatel]
name = "A. Patel"
roles = ["collector", "peer"]
email = "a.patel@fernhollow.example"
phone = "+1 202 555 0104"
calls = 30

[people.lgrant]
name = "L. Grant"
roles = ["account owner"]
email = "l.grant@fernhollow.example"
phone = "+1 202 555 0105"

[people.svega]
name = "S. Vega"
roles = ["account owner"]
email = "s.vega@fernhollow.example"
phone = "+1 202 555 0106"

[people.tbauer]
name = "T. Bauer"
roles = ["account owner"]
email = "t.bauer@fernhollow.example"
phone = "+1 202 555 0107"

[documents]                     # where the copy of an invoice is
"*" = "copies/{number}.pdf"

"""

_SAMPLE_LEDGER = """\
[ledger]
profile = "ledger"              # profiles/ledger.toml says how the export is read
customers_profile = "customers"
currency = "USD"
"""

_OWN_LEDGER = """\
[ledger]
# profile = "ledger"            # “dunwell import --propose FILE” proposes one for your export
currency = "USD"
"""
