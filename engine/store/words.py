"""The words that stand in the tables: whose rows they are, what has become of an action, and the policies that no file has."""

from __future__ import annotations

from enum import StrEnum

# A company has tables of its own, in a file or a schema (`database.company`); in them the column of that name is always this.
# It is from before that was so.
COMPANY = "main"


class ActionState(StrEnum):
    """What has become of an action."""

    PROPOSED = "proposed"  # decided by a part of a run that is not sealed yet
    NO_CAPACITY = "no capacity"  # waits for room in a day
    HELD_ADDRESS = "held address"  # waits for a person to find an address
    AWAITING_APPROVAL = "awaiting approval"
    APPROVED = "approved"  # goes at the next opportunity if it is still due
    PLANNED = "planned"  # a call or task: on the list; a message: in the outbox
    PUT_BACK = "put back"  # a call that reached nobody, to be tried again on `not_before`
    SENDING = "sending"
    RETRY = "retry"
    UNCERTAIN = "uncertain"  # may or may not have been sent; a person must say
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PASSED_OVER = "passed over"
    DECLINED = "declined"

    @property
    def waiting(self) -> bool:
        """Nothing has left the house yet, so a later decision may still change what it says."""
        return self in WAITING


WAITING = frozenset(
    {
        ActionState.PROPOSED,
        ActionState.NO_CAPACITY,
        ActionState.HELD_ADDRESS,
        ActionState.AWAITING_APPROVAL,
        ActionState.APPROVED,
    }
)
# What an episode's end, or a refusal, can still stop.
OPEN = WAITING | {ActionState.PLANNED, ActionState.PUT_BACK, ActionState.RETRY}
# It ended without reaching anybody, so the same step may be asked again under a new number.
UNDONE = frozenset({ActionState.CANCELLED, ActionState.FAILED})
TAKEN = frozenset({ActionState.SENT, ActionState.DONE})

# The step under which the owner is told that a ladder is finished.
LADDER_FINISHED = "ladder finished"
# The policy of what followed an outcome of a call. It is of no episode: no ladder waits for it, and none ends it.
OUTCOMES = "outcomes"
NO_EPISODE = 0
# The policy of what people asked for themselves: no ladder made it, and none passes it over.
BY_HAND = "by hand"

# What somebody still has to do something about: few, however many are done. Queries name it as it stands
# here, since SQLite uses such an index only for the very same words.
UNDER_WAY = "state IN ({})".format(
    ", ".join(f"'{state}'" for state in sorted(OPEN | {ActionState.SENDING, ActionState.UNCERTAIN}))
)
