"""How the service is, for a person and for a program."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from engine.screen.lines import plain_table
from engine.screen.written import clean, count

if TYPE_CHECKING:
    from engine.jobs.status import Status
    from engine.store.shared import Progress

_MOST = 8


def status_drawn(status: Status, zone: tzinfo | None) -> RenderableType:
    """The service first, then its day, then what needs somebody."""
    table = plain_table(2)
    for head, line, style in _lines(status, zone):
        table.add_row(Text(head, "bold"), Text(clean(line), style))
    return Group(table)


def _lines(status: Status, zone: tzinfo | None) -> Iterator[tuple[str, str, str]]:
    yield ("service", *_service(status))
    if status.workers or status.sharing:
        yield ("workers", _workers(status), "" if status.workers else "red")
    if status.sharing:
        for line in _shared(status.sharing, zone):
            yield ("", line, "")
    for halt in status.halts:
        yield ("halted", f"{halt.sentence}; {halt.remedy}", "red")
    made = status.last_run
    if made is None:
        yield ("last run", "none yet", "")
    else:
        how = "asked first, and waits" if made.state == "stopped" else _planned(made.counts.get("actions", 0))
        at = f", made {_moment(status.run_at, zone)}" if status.run_at else ""
        yield ("last run", f"of {made.business_date}{at}: {how}", "yellow" if made.state == "stopped" else "")
    if status.asks_first:
        yield (
            "",
            f"the next run asks first: {status.asks_first}; “dunwell run --agree” lets it go",
            "yellow",
        )
    yield ("next run", _moment(status.next_run, zone), "")
    for number, line in enumerate(status.policies):
        yield ("" if number else "policies", line, "")
    for number, feed in enumerate(status.feeds):
        taken = f"last took something in {_moment(feed.taken_at, zone)}" if feed.taken_at else "nothing yet"
        failed = f"; failed {count(feed.failed, 'time')}: {feed.sentence}" if feed.failed else ""
        yield ("" if number else "feeds", f"{feed.name}: {taken}{failed}", "red" if failed else "")
    for line in status.inbox:
        yield ("inbox", line, "")
    yield ("messages", _messages(status), "")
    for rest in status.rests:
        held = " It needs a person." if rest.held else ""
        yield ("", f"{rest.channel} rests until {_moment(rest.until, zone)}: {rest.because}.{held}", "yellow")
    for number, alarm in enumerate(status.alarms[:_MOST]):
        yield ("" if number else "wrong", f"{alarm.kind}: {alarm.sentence}", "red")
    if not status.alarms:
        yield ("wrong", "nothing", "")
    elif len(status.alarms) > _MOST:
        yield ("", f"and {len(status.alarms) - _MOST} more: “dunwell alarms”", "red")


def _service(status: Status) -> tuple[str, str]:
    one = status.service
    if one is None:
        return "no service works; “dunwell serve” starts one", "yellow"
    where = f"process {one.pid} on {one.host}"
    ago = _ago(status.now - one.beat)
    if not status.works:
        return f"it has ended without a word ({where}); it last looked {ago} ago", "red"
    if status.silent:
        return f"it lives but does not look ({where}); it last looked {ago} ago", "red"
    doing = f", now at: {one.doing}" if one.doing else ""
    return f"works ({where}), last looked {ago} ago{doing}", "green"


def _workers(status: Status) -> str:
    if not status.workers:
        return "none gives a sign of life, and a run waits for them; “dunwell serve --join” lends some"
    return f"{count(status.workers, 'worker')} on hand"


def _shared(one: Progress, zone: tzinfo | None) -> Iterator[str]:
    """How far a run is, and who has done how much of it."""
    share = f"{100 * one.done // one.parts} %" if one.parts else "100 %"
    yield (
        f"the run of {one.on}, begun {_moment(one.begun_at, zone)}: {one.done:,} of {count(one.parts, 'part')} "
        f"decided ({share}), {count(one.accounts, 'account')}"
    )
    for worker, parts in sorted(one.workers.items()):
        yield f"{worker}: {count(parts, 'part')}"


def _messages(status: Status) -> str:
    """What is not finished, by its state."""
    total: dict[str, int] = {}
    for (_, state), number in status.messages.items():
        total[state] = total.get(state, 0) + number
    told = ", ".join(f"{number:,} {state}" for state, number in sorted(total.items()) if number)
    return told or "none waits"


def _planned(actions: int) -> str:
    return f"{count(actions, 'action')} planned"


def _moment(at: datetime | None, zone: tzinfo | None) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else ""


def _ago(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return count(seconds // size, word)
    return count(seconds, "second")


def status_value(status: Status) -> dict[str, Any]:
    """The same for a program; moments in UTC."""
    one, made = status.service, status.last_run
    return {
        "well": status.well,
        "service": {
            "works": status.works,
            "silent": status.silent,
            "owner": one.owner if one else None,
            "host": one.host if one else None,
            "pid": one.pid if one else None,
            "since": one.since.isoformat() if one else None,
            "beat": one.beat.isoformat() if one else None,
            "beat_age_seconds": round((status.now - one.beat).total_seconds(), 1) if one else None,
            "doing": one.doing if one else "",
        },
        "workers": status.workers,
        "sharing": {
            "on": status.sharing.on.isoformat(),
            "begun_at": status.sharing.begun_at.isoformat(),
            "parts": status.sharing.parts,
            "done": status.sharing.done,
            "accounts": status.sharing.accounts,
            "workers": dict(status.sharing.workers),
        }
        if status.sharing
        else None,
        "last_run": {
            "on": made.business_date.isoformat(),
            "at": status.run_at.isoformat() if status.run_at else None,
            "state": made.state,
            "counts": dict(made.counts),
        }
        if made
        else None,
        "next_run": status.next_run.isoformat(),
        "asks_first": status.asks_first,
        "halts": [
            {"kind": halt.kind, "because": halt.because, "by": halt.by, "at": halt.at.isoformat()}
            for halt in status.halts
        ],
        "policies": list(status.policies),
        "feeds": [
            {
                "name": feed.name,
                "taken_at": feed.taken_at.isoformat() if feed.taken_at else None,
                "as_of": feed.as_of.isoformat() if feed.as_of else None,
                "failed": feed.failed,
                "sentence": feed.sentence,
            }
            for feed in status.feeds
        ],
        "inbox": list(status.inbox),
        "messages": [
            {"channel": channel, "state": state, "count": number}
            for (channel, state), number in sorted(status.messages.items())
        ],
        "rests": [
            {
                "channel": rest.channel,
                "until": rest.until.isoformat(),
                "because": rest.because,
                "held": rest.held,
            }
            for rest in status.rests
        ],
        "alarms": [
            {
                "kind": alarm.kind,
                "about": alarm.about,
                "sentence": alarm.sentence,
                "first_at": alarm.first_at.isoformat(),
            }
            for alarm in status.alarms
        ],
    }
