"""A workspace to begin with: policies, messages, settings, and a made-up ledger to try them on."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.errors import DunwellError, Refused
from engine.sample import SEED, Sample, generate
from engine.start.settings import EMPTY, IGNORED, OWN_LEDGER, SAMPLE_LEDGER, SETTINGS

LEDGER = "ledger"  # the folder of the sample's files
OFFICE = ZoneInfo("America/New_York")  # where the sample's people work
_PARTS = ("policies", "templates")
_DATABASE = "dunwell.db"


def start_set() -> Path:
    """Where the start set is: in the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    packed = package / "_start_set"
    return packed if packed.is_dir() else package.parent


def lay_out(folder: Path, on: date, sample: bool = True) -> tuple[str, ...]:
    """Makes `folder` a workspace as of the day `on`, and names the files it wrote, relative to it.

    The sample's files are ready to be imported. All or nothing: Refused where a file of ours is there
    already, DunwellError where nothing can be written.
    """
    _must_be_free(folder)
    with _staged(folder) as stage:
        _write(stage, generate(SEED, on) if sample else None)
        written = tuple(_files(stage))
        _move(stage, folder)
    return written


def lay_out_empty(folder: Path) -> tuple[str, ...]:
    """Makes `folder` a workspace with nothing in it but its settings: the desk asks for the rest. As `lay_out`."""
    _must_be_free(folder)
    with _staged(folder) as stage:
        _put(stage, {"dunwell.toml": EMPTY, ".gitignore": IGNORED})
        written = tuple(_files(stage))
        _move(stage, folder)
    return written


def demo(folder: Path, on: date, weeks: int = 6) -> str:
    """The workspace of `make preview`, and a sentence about it: the last weeks of a made-up credit team.

    The real jobs have worked through these weeks, and today's ledger has come in; today's run is not made.
    It is made once a day. Policies, templates and settings that were edited since stay; the ledger and all
    that was done with it are of the new day.
    """
    if is_ready(folder, on):
        return f"{folder}/ is as you left it."
    # All that works for a real team: whoever only lays out has no use for it.
    from engine.start.weeks import replay

    there = (folder / "dunwell.toml").exists()
    if not there:
        _must_be_free(folder)
    with _staged(folder) as stage:
        sample = generate(SEED, on)
        _write(stage, sample)
        replay(stage, sample, LEDGER, weeks)
        if not there:
            _move(stage, folder)
            return f"{folder}/ is a workspace to try things in: a made-up credit team on {_day(on)}."
        for old in folder.glob(f"{_DATABASE}*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.rmtree(folder / LEDGER, ignore_errors=True)
        for name in (_DATABASE, LEDGER):
            (stage / name).replace(folder / name)
    return f"{folder}/ is of {_day(on)} now, with new weeks behind it; its policies are as you left them."


def is_ready(folder: Path, on: date) -> bool:
    """Whether the demo in `folder` is of that day already."""
    there = all((folder / name).exists() for name in ("dunwell.toml", _DATABASE))
    return there and _is_of(on, folder / LEDGER / "ledger.csv")


def _must_be_free(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is a file", "name a folder that is new or empty")
    taken = [name for name in (*_PARTS, "dunwell.toml", "profiles", LEDGER) if (folder / name).exists()]
    if taken:
        sentence = f"{folder} has {_and(taken)} already; nothing was changed"
        raise Refused(sentence, "name a new folder, or move what is there")


@contextmanager
def _staged(folder: Path) -> Iterator[Path]:
    """A folder beside the place: all is made there first, so that a full disk leaves nothing half done."""
    try:
        beside = folder if folder.exists() else folder.absolute().parent
        beside.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".dunwell-", dir=beside) as stage:
            yield Path(stage)
    except OSError as error:
        sentence = f"{folder} cannot be written: {error.strerror or error}"
        raise DunwellError(sentence, "name another folder") from error


def _write(stage: Path, sample: Sample | None) -> None:
    for part in _PARTS:
        shutil.copytree(start_set() / part, stage / part, copy_function=shutil.copyfile)
    texts = {"dunwell.toml": SETTINGS + (SAMPLE_LEDGER if sample else OWN_LEDGER), ".gitignore": IGNORED}
    if sample:
        texts |= {f"profiles/{name}.toml": text for name, text in sample.profiles.items()}
        texts |= {f"{LEDGER}/{name}": text for name, text in sample.files(sample.on).items()}
    _put(stage, texts)


def _put(stage: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        file = stage / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")


def _files(stage: Path) -> Iterator[str]:
    for directory, _, names in os.walk(stage):
        yield from sorted(str((Path(directory) / name).relative_to(stage)) for name in names)


def _move(stage: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for entry in sorted(stage.iterdir()):
        entry.replace(folder / entry.name)


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"


def _is_of(on: date, ledger: Path) -> bool:
    try:
        with ledger.open(encoding="utf-8") as lines:
            return f"As of {on.isoformat()}\n" in lines.read(200)
    except OSError:
        return False
