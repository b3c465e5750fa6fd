"""The daily round of the house: the journal is sealed, and names and words that are kept for long enough are let go of."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.core import sentences
from engine.jobs.workspace import Workspace
from engine.store import database, retention, seals, tokens
from engine.store.retention import Bounds


def keep_house(ws: Workspace, clock: Callable[[], datetime], stop: threading.Event) -> list[str]:
    """Seal, and let go of what is beyond the settings' years. After `stop` the rest is left for the next time."""
    now = clock()
    today = now.astimezone(ZoneInfo(ws.files.settings.workspace.zone)).date()
    bounds = Bounds.of(ws.files, today)
    counts = {"rows": 0, "messages": 0}
    engine = ws.database()
    try:
        made = seals.seal(engine, now)
        for what, work in retention.batches(bounds, today):
            while not stop.is_set():
                with database.writing(engine) as conn:
                    gone = work(conn)
                if not gone:
                    break
                counts[what] += gone
        if not stop.is_set():
            with database.writing(engine) as conn:
                retention.done(conn, today)
                tokens.forget(conn, now - tokens.KEPT)
        with database.reading(engine) as conn:
            newest = seals.last(conn)
    finally:
        engine.dispose()
    said = [sentences.sealed(newest.last)] if made and newest else []
    if any(counts.values()):
        said.append(sentences.beyond(counts["rows"], counts["messages"]))
    return said
