"""Which policies decide: those of the files, or those of the live release.

What makes a release live is in `releases`; whoever only asks loads nothing of it, and no SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine import settings
from engine.core.language import source
from engine.errors import DatabaseTooOld
from engine.settings.texts import from_kept
from engine.store import released
from engine.store.glance import glance
from engine.store.released import Release, State
from engine.store.view import View, rows
from engine.store.words import COMPANY

if TYPE_CHECKING:
    from engine.jobs.workspace import Workspace

ON_SAVE, ON_APPROVAL = "on save", "on approval"
_BEATS = timedelta(minutes=5)  # a service that has been silent for longer takes no files
_BEAT = "SELECT beat FROM lease WHERE company = :company AND name = 'daemon'"


def deciding(ws: Workspace, now: datetime, *, writes: bool = False) -> tuple[Workspace, str]:
    """The workspace that decides, given that of the files; and what to say where they are not the same.

    The files decide where they are live as soon as they are saved. The live release does where a second person is
    asked, where somebody has said no to just these files, and where a service runs and they have a problem.
    """
    from engine.jobs.workspace import of_texts

    with _look(ws.files, writes) as view:
        live = released.live(view) if view is not None else None
        if view is None or live is None or live.hash == ws.texts.hash:
            return ws, ""
        kept = released.texts(view, live.id)
        known = released.of_hash(view, ws.texts.hash)
        declined = known is not None and known.state is State.DECLINED
        keeps = ws.book is None and _served(view, now)
    if mode(kept) == ON_SAVE and not declined and not keeps:
        return ws, ""
    when = since(live, ws.files)
    told = f"The files differ from the policies that are live since {when}; this uses the live ones."
    if ws.errors:
        told = f"The files have {many(len(ws.errors), 'problem')}; this uses the policies that are live since {when}."
    told += "  dunwell live"
    return of_texts(ws.files, from_kept(kept), release=live.id), told


def mode(kept: Mapping[str, str]) -> str:
    """What these texts say under `live:`, also where they do not fit the settings."""
    for name, text in kept.items():
        path = PurePosixPath(name)
        if path.name == "house.yaml" and path.parent.name != "tests":
            root = source.read(name, text.encode()).root
            line = root.get("live") if isinstance(root, source.Block) else None
            said = line.value.value if line and isinstance(line.value, source.Text) else ""
            return ON_APPROVAL if " ".join(said.lower().split()) == ON_APPROVAL else ON_SAVE
    return ON_SAVE


def since(live: Release, files: settings.Workspace) -> str:
    """The moment from which a release is live, on the office's clock."""
    assert live.live_at is not None
    here = live.live_at.astimezone(ZoneInfo(files.settings.workspace.zone))
    return f"{here:%a} {here.day} {here:%b %Y %H:%M}"


@contextmanager
def _look(files: settings.Workspace, writes: bool) -> Iterator[View | None]:
    """A look into the database; None where there is none yet. What cannot be read is no reason to use other files.

    Where something will be written (`writes`) it is brought up to date first.
    """
    with ExitStack() as opened:
        view = None
        if files.has_database:
            with suppress(DatabaseTooOld):  # whoever only looks is refused by what comes next
                view = opened.enter_context(_to_write(files) if writes else glance(files.database_url))
        yield view


@contextmanager
def _to_write(files: settings.Workspace) -> Iterator[View]:
    from engine.store import database

    engine = database.open(files.database_url)
    try:
        with database.reading(engine) as conn:
            yield conn
    finally:
        engine.dispose()


def _served(view: View, now: datetime) -> bool:
    """Whether a service runs this house."""
    beats = rows(view, _BEAT, company=COMPANY)
    return bool(beats) and now - datetime.fromisoformat(beats[0][0]) < _BEATS


def many(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
