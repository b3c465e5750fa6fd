"""The feeds as a person looks at them: how fresh each is, and what came of its last try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from engine.screen.written import clean

if TYPE_CHECKING:
    from engine.jobs.feeds import Came
    from engine.settings import Feed
    from engine.store.feeds import FeedState

_STYLES = {"taken": "green", "refused": "red", "failed": "red", "odd": "yellow", "waits": "dim"}


def feeds_drawn(feeds: Mapping[str, Feed], states: Mapping[str, FeedState], zone: ZoneInfo) -> Table:
    """A line for each feed of the settings."""
    table = Table(box=None, pad_edge=False)
    for head in ("feed", "brings", "last try", "last taken", "as of", "what it said"):
        table.add_column(head, header_style="bold")
    for name, feed in feeds.items():
        state = states.get(name)
        source = f"{feed.what} from {feed.folder or feed.query}"
        if state is None:
            table.add_row(name, clean(source), "never", "never", "", "")
            continue
        said = Text(clean(state.sentence), "red" if state.failed else "")
        moments = [_moment(at, zone) for at in (state.tried_at, state.taken_at)]
        table.add_row(name, clean(source), *moments, str(state.as_of or ""), said)
    return table


def came_drawn(came: Sequence[Came]) -> Text:
    """What one feed brought, a line each."""
    if not came:
        return Text("nothing is there", "dim")
    return Text("\n").join(Text(clean(one.sentence), _STYLES.get(one.outcome.value, "")) for one in came)


def _moment(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else "never"
