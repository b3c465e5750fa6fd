"""Ways out that rest: the mail server does not answer, the folder is full; what goes that way waits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import noted
from engine.store.moments import moment_text
from engine.store.tables import COMPANY, setting


@dataclass(frozen=True, slots=True)
class Rest:
    """A way out that waits: until when, why, whether it needs a person, and the number of rests in a row."""

    channel: str
    until: datetime
    because: str
    held: bool
    times: int


def rests(conn: Connection, company: str = COMPANY) -> dict[str, Rest]:
    """The ways out that rest or rested since they last worked, by channel."""
    found = {}
    for name, value in conn.execute(_RESTS, {"of": company}):
        told = json.loads(value)
        channel = name.removeprefix(_ROUTE)
        until = datetime.fromisoformat(told["until"])
        found[channel] = Rest(channel, until, told["because"], told["held"], told["times"])
    return found


def rest(conn: Connection, rest: Rest, company: str = COMPANY) -> None:
    """Let a way out rest."""
    told = {"until": moment_text(rest.until), "because": rest.because, "held": rest.held, "times": rest.times}
    noted.put(conn, _ROUTE + rest.channel, json.dumps(told), company)


def wake(conn: Connection, channel: str, company: str = COMPANY) -> bool:
    """A way out works again, or a person says so. True where it had rested."""
    return noted.take(conn, _ROUTE + channel, company)


_ROUTE = "route "
_RESTS = sa.select(setting.c.name, setting.c.value).where(
    setting.c.company == sa.bindparam("of"), setting.c.name.startswith(_ROUTE, autoescape=True)
)
