"""What people say and decide: calls, approvals, promises, plans, disputes, compromises, pauses, notes, each kept in the journal.

Every verb names its author and its moment; `on` is the day it happened in the customer's calendar. A refusal
is `Refused` or `NotFound`, and nothing has changed.
"""

from engine.core.cases.outcomes import NOT_REACHED, OUTCOMES, PUT_BACK
from engine.jobs.cases.approvals import approve, decline
from engine.jobs.cases.calls import log_call
from engine.jobs.cases.concessions import Give, concede
from engine.jobs.cases.disputes import close_dispute, open_dispute
from engine.jobs.cases.form import save
from engine.jobs.cases.notes import note
from engine.jobs.cases.pauses import lift_pause, pause, paused
from engine.jobs.cases.plans import end_plan, plan
from engine.jobs.cases.promises import promise, withdraw
from engine.jobs.cases.who import Who, must_know

__all__ = [
    "NOT_REACHED",
    "OUTCOMES",
    "PUT_BACK",
    "Give",
    "Who",
    "approve",
    "close_dispute",
    "concede",
    "decline",
    "end_plan",
    "lift_pause",
    "log_call",
    "must_know",
    "note",
    "open_dispute",
    "pause",
    "paused",
    "plan",
    "promise",
    "save",
    "withdraw",
]
