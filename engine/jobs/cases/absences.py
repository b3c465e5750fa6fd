"""Who does not work for a while: their calls go to others who have the role."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core.sentences import is_away, is_back
from engine.errors import NotFound, Refused
from engine.jobs.cases.who import Who, day_of, near
from engine.store import absences, journal
from engine.store import tables as t
from engine.store.database import writing
from engine.store.journal import Entry
from engine.store.tables import UNDER_WAY


def absent(
    engine: Engine,
    person: str,
    who: Who,
    names: Mapping[str, str],
    *,
    until: date,
    from_day: date | None = None,
    because: str = "",
) -> str:
    """Somebody does not work from a day (today) through another. `names` gives everybody's name by their id."""
    first = from_day or who.on
    name = _known(person, names)
    if until < first:
        raise Refused(
            f"{day_of(until)} is before {day_of(first)}", "--until is the last day away, not the day back"
        )
    with writing(engine) as conn:
        for one in absences.away(conn, first, who.company):
            if one.person == person and one.from_day <= first and until <= one.until:
                raise Refused(f"{name} is away through {day_of(one.until)} already")
        row = {"person": person, "from_day": first, "until": until, "because": because, "by": who.by}
        conn.execute(sa.insert(t.absence).values(company=who.company, **row))
        body = {"person": person, "from": first, "until": until, "by": who.by, "on": who.on}
        told = {"because": because} if because else {}
        journal.append(conn, [Entry("absent", "", body, told)], who.at, who.company)
        return is_away(name, first, until, _open(conn, person, who.company))


def back(engine: Engine, person: str, who: Who, names: Mapping[str, str]) -> str:
    """Somebody works again from today; an absence to come is called off too."""
    name = _known(person, names)
    yesterday = who.on - timedelta(days=1)
    with writing(engine) as conn:
        mine = (
            t.absence.c.company == who.company,
            t.absence.c.person == person,
            t.absence.c.until > yesterday,
        )
        ended = conn.execute(sa.update(t.absence).where(*mine).values(until=yesterday))
        if not ended.rowcount:
            raise Refused(f"{name} is not away")
        body = {"person": person, "by": who.by, "on": who.on}
        journal.append(conn, [Entry("back", "", body)], who.at, who.company)
        return is_back(name, who.on)


def _known(person: str, names: Mapping[str, str]) -> str:
    if person not in names:
        raise NotFound("person", person, near(person, list(names)))
    return names[person]


def _open(conn: Connection, person: str, company: str) -> int:
    """How much is on their list."""
    mine = (t.action.c.company == company, t.action.c.person == person, sa.text(f"action.{UNDER_WAY}"))
    return int(conn.execute(sa.select(sa.func.count()).select_from(t.action).where(*mine)).scalar_one())
