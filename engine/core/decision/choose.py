"""One class of accounts, one choice: which step, whether it goes now, and if not, why and by which line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.core.decision import gates
from engine.core.decision.signature import NONE, Finished, Origin, Signature, Under
from engine.core.language.policy import Action, Kind, Policy, PolicyBook, Step
from engine.core.problem import Place
from engine.core.sentences import Gate, Reason, supplied_by_contract, told_of


class Verdict(StrEnum):
    """What happens to an account today."""

    GO = "go"
    ASK = "ask"  # it would go, and a person must agree first
    HELD = "held"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a class does. `actions` are the step's, in the role and the tone that were reached already.

    `passed`: the step under way is passed over, because a higher one fell due meanwhile.
    """

    verdict: Verdict
    reason: Reason
    policy: str = ""
    step: str = ""
    gate: Gate | None = None
    place: Place | None = None
    actions: tuple[Action, ...] = ()
    passed: bool = False
    tell_owner: bool = False
    only_gate: bool = False  # nothing else but this gate (and an approval) holds it


# The name under which the owner's reminder of a finished ladder is kept.
LADDER_FINISHED = "ladder finished"

_WAITING = {
    Under.CALL: Reason.CALL_OPEN,
    Under.AGAIN_LATER: Reason.CALL_AGAIN,
    Under.MESSAGE: Reason.ON_ITS_WAY,
    Under.UNCERTAIN: Reason.UNCERTAIN,
}


def choose(book: PolicyBook, at: Signature) -> Choice:
    """The choice of a class: it follows from the book and the signature alone, and is kept with the book from one day and
    one run to the next."""
    found: Choice | None = book.chosen.get(at)
    if found is None:
        found = book.chosen[at] = _chosen(book, at)
    return found


def _chosen(book: PolicyBook, at: Signature) -> Choice:
    if at.policy == NONE:
        return Choice(Verdict.NOTHING, Reason.NO_POLICY if at.overdue else Reason.NOT_OVERDUE)
    policy = book.policies[at.policy]
    waiting = _WAITING.get(Under(at.under))
    if waiting and not at.passed:
        return Choice(Verdict.HELD, waiting, policy.id, policy.steps[at.step].name if at.step != NONE else "")
    if at.origin == Origin.NOTHING:
        return _nothing(policy, at)
    step = policy.steps[at.step]
    actions = voiced(book, step, at)
    holds = list(gates.holds(book, policy, step, at))
    if holds:
        gate, reason, place = holds[0]
        asks = gate is Gate.APPROVAL and at.under != Under.APPROVAL
        return Choice(
            Verdict.ASK if asks else Verdict.HELD,
            reason,
            policy.id,
            step.name,
            gate,
            place,
            actions,
            passed=bool(at.passed),
            only_gate=all(other is Gate.APPROVAL for other, _, _ in holds[1:]),
        )
    return Choice(
        Verdict.GO, Reason.DUE, policy.id, step.name, None, step.place, actions, passed=bool(at.passed)
    )


def _nothing(policy: Policy, at: Signature) -> Choice:
    if not at.overdue:
        return Choice(Verdict.NOTHING, Reason.NOT_OVERDUE, policy.id)
    if at.finished == Finished.NO:
        return Choice(Verdict.NOTHING, Reason.NOTHING_DUE, policy.id)
    tell = at.finished == Finished.TELL and at.never == NONE
    return Choice(Verdict.NOTHING, Reason.LADDER_FINISHED, policy.id, tell_owner=tell)


def voiced(book: PolicyBook, step: Step, at: Signature) -> tuple[Action, ...]:
    """What the step does. Within an episode nothing softens: a call goes to the role, a message has the tone, already
    reached. Whoever `notify` names gets a task. Where a contract obliges us to supply, terms, a hold and their notice are
    a task for the house's owner instead.
    """
    firmer = _message(book, at.voice) if at.voice else None
    actions = []
    for action in step.actions:
        if at.under == Under.AGAIN_NOW and action.kind is not Kind.CALL:
            continue  # only the call is tried again: its letter has gone
        if at.supply and (action.kind.restricts or action.kind.written):
            continue
        if action.kind is Kind.CALL and at.role:
            action = Action(Kind.CALL, at.role, action.place)
        elif action.kind.written and firmer:
            action = Action(action.kind, firmer, action.place)
        actions.append(action)
    if at.supply and at.under != Under.AGAIN_NOW:
        actions.append(Action(Kind.TASK, book.house.owner, step.place, supplied_by_contract(step.name)))
    elif step.notify and at.under != Under.AGAIN_NOW:
        actions.append(Action(Kind.TASK, step.notify, step.place, told_of(step.name, step.ahead)))
    return tuple(actions)


def approver(book: PolicyBook, step: Step) -> str:
    """Who must agree to a step: as it says, else (for a strategic account) who gets what nobody else owns."""
    return step.approve.by if step.approve else book.house.owner


def _message(book: PolicyBook, voice: str) -> str | None:
    """The template of the firmest message of "policy/step"."""
    policy_id, _, name = voice.partition("/")
    policy = book.policy(policy_id)
    step = policy.step(name) if policy else None
    written = [action.value for action in step.actions if action.kind.written] if step else []
    return max(written, key=lambda template: tone_rank(book, template), default=None)


def tone_rank(book: PolicyBook, template: str) -> int:
    """How firm a template is; 0 when it has no tone."""
    tone = book.tones.get(template)
    return tone.rank if tone else 0


def step_tone(book: PolicyBook, step: Step) -> int:
    """The firmest tone among a step's messages; 0 when it writes nothing.

    The notice of a hold or of new terms has no tone to keep or to set: it says what nothing else may say.
    """
    if any(action.kind.effect for action in step.actions):
        return 0
    return max((tone_rank(book, action.value) for action in step.actions if action.kind.written), default=0)
