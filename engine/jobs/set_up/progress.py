"""What of the set-up is done, told from what is there; nothing is kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy.engine import Connection

from engine.core.language.check import HOUSE
from engine.jobs.workspace import Workspace
from engine.store import ledger


class Part(StrEnum):
    """A step of the set-up; the value is its address."""

    COMPANY = "company"
    MAIL = "mail"
    CALENDAR = "calendar"
    LEDGER = "ledger"
    POLICIES = "policies"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Done:
    """A part, whether it is done, and how it stands in a few words."""

    part: Part
    done: bool
    says: str


def progress(conn: Connection, live: Workspace, files: Workspace, made_up: str = "") -> list[Done]:
    """Every part in its order. `made_up` is the name of the company that the sample invents: nobody's."""
    ours = files.settings
    company, mail = ours.company, ours.mail
    day = ledger.newest(conn)
    house = any(name.rpartition("/")[2] == HOUSE for name in files.texts.policies)
    known = bool(company.name and company.email and ours.ledger.currency) and company.name != made_up
    policies = len(live.book.policies) if live.book else 0
    return [
        Done(Part.COMPANY, known, company.name if known else ""),
        Done(Part.MAIL, bool(mail.host), f"through {mail.host}" if mail.host else ""),
        Done(Part.CALENDAR, house, ""),
        Done(Part.LEDGER, day is not None, _of(day)),
        Done(
            Part.POLICIES,
            policies > 0,
            f"{policies} {'policy' if policies == 1 else 'policies'}" if policies else "",
        ),
        Done(Part.WEEK, day is not None and policies > 0, ""),
    ]


def unfinished(conn: Connection, live: Workspace) -> bool:
    """Whether nothing can be decided yet: no ledger has come in, or there is no policy that is good."""
    return live.book is None or ledger.newest(conn) is None


def _of(day: date | None) -> str:
    return f"the ledger of {day:%A} {day.day} {day:%B %Y} is in" if day else ""
