"""Of whom some days say anything at all: the others can be left out of a look at those days.

What becomes of an account follows from what is known of it alone, but for what the day has room for. So an account for which
no day has a step though there were room for everything has none where there is not; whether those of which a day says
something go is seen once they are put together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.core.decision.after import after
from engine.core.decision.choose import Verdict
from engine.core.decision.decide import proposed
from engine.core.decision.plan import dawn, moment
from engine.core.decision.rest import Rest
from engine.core.decision.signature import Signature
from engine.core.decision.state import State
from engine.core.language.policy import PolicyBook
from engine.core.rules import Rules
from engine.core.sentences import Reason
from engine.core.workdays import Calendar

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Concerned:
    """`rows` are of the accounts that a plan of the days says something of, ascending; `no_policy`: how many are overdue on
    the first day that is shown and fit no policy. `agreed`: the evaluators were of one mind; where not, all accounts have to
    be looked at.
    """

    rows: NDArray[Any]
    no_policy: int
    agreed: bool


def concerned(
    book: PolicyBook,
    state: State,
    days: Sequence[date],
    calendar: Calendar,
    rules: Sequence[Rules],
    assumes: str,
    seen: set[Signature],
    since: date | None = None,
) -> Concerned:
    """Look at accounts on days, which are ascending; `seen` as `decide` has it, `since` as `plan`.

    A house that compares policies draws its accounts from all of them: there none can be left out.
    """
    told = np.zeros(state.accounts.height, dtype=bool)
    told[state.pending["row"].to_numpy()] = True
    unfit = np.zeros(state.accounts.height, dtype=bool)  # whoever rests stays so
    no_policy, agreed = 0, True
    rest = Rest(book, state)
    for number, on in enumerate(days):
        state = dawn(book, state, on, assumes, number == 0)
        rows = rest.awake(on)
        part = proposed(book, state.part(rows), moment(book, state, calendar, on, number == 0), rules, seen)
        says = [choice.verdict is not Verdict.NOTHING or choice.tell_owner for choice in part.choices]
        told[rows[part.portfolio.unit_row[np.array([*says, False])[part.unit_class]]]] = True
        agreed &= not part.faults
        none = [choice.reason is Reason.NO_POLICY for choice in part.choices]
        unfit[rows[part.portfolio.unit_row]] = np.array([*none, False])[part.unit_class]
        if on == (since or days[0]):
            no_policy = int(unfit.sum())
        decided = rest.placed(part, rows, state)
        state = after(book, state, decided, calendar)
        rest.keep(part, rows, state)
    return Concerned(np.flatnonzero(told), no_policy, agreed)
