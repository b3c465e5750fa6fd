"""What the service does by itself, in which order, and how it sees that there is something to do.

This module and all it imports stay light: a process that waits for the next morning asks them every half
minute. The work itself is loaded by its name, in the process that does it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from engine.errors import DunwellError
from engine.jobs import alarms, arrivals, events, readback, releases, reviews, verify
from engine.settings import Workspace
from engine.store import dues, received, retention


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing the service does by itself.

    `due(conn, files, now)` says from the database alone whether there is something to do; it reads little and
    changes nothing. `work` is "module:function", called in the worker as `function(ws, clock, stop)`: it gives
    sentences worth a line in the log, none where nothing was done, and returns soon after `stop` is set.
    `in_doubt`: done even while the clock cannot be believed.
    """

    name: str
    due: Callable[[Connection, Workspace, datetime], bool]
    work: str
    in_doubt: bool = False


# In this order. Policies first, so that the day is decided with those that are live; then what comes in.
DUTIES: tuple[Duty, ...] = (
    Duty("policies", releases.due, "engine.jobs.releases:take"),
    Duty("feeds", arrivals.due, "engine.jobs.feeds:work"),
    Duty("inbox", received.due, "engine.jobs.inbox:read_inbox"),
    Duty("evaluate", dues.run_due, "engine.jobs.daily:evaluate"),
    Duty("follow", dues.follow_due, "engine.jobs.daily:follow"),
    Duty("deliver", dues.messages_due, "engine.jobs.daily:deliver"),
    Duty("read back", readback.due, "engine.jobs.readback:ask"),
    Duty("events", events.due, "engine.jobs.events:tell"),
    Duty("review", reviews.due, "engine.jobs.reviews:work"),
    Duty("watch", alarms.due, "engine.jobs.alarms:watch", in_doubt=True),
    Duty("verify", verify.due, "engine.jobs.verify:nightly"),
    Duty("keep house", retention.due, "engine.jobs.housekeeping:keep_house"),
)


def due(
    conn: Connection,
    files: Workspace,
    now: datetime,
    wrong: Callable[[Duty, Exception], None] | None = None,
) -> tuple[Duty, ...]:
    """The duties that have something to do at this moment, in their order.

    `wrong` is told of a duty that cannot say whether it has; the others are asked all the same.
    """
    sure = not dues.clock_behind(conn, now)
    found = []
    for duty in DUTIES:
        if not (sure or duty.in_doubt):
            continue
        try:
            with conn.begin_nested():
                if duty.due(conn, files, now):
                    found.append(duty)
        except (DunwellError, OperationalError, InterfaceError):
            raise  # the database itself
        except Exception as error:
            if wrong is None:
                raise
            wrong(duty, error)
    return tuple(found)
