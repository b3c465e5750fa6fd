"""May it go out? Each gate with its answer, and what it comes to, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.core import sentences
from engine.core.decision import gates
from engine.core.decision.choose import Choice, Verdict
from engine.core.decision.signature import NONE, Signature
from engine.core.language.policy import PolicyBook
from engine.core.problem import Place
from engine.core.sentences import Gate


@dataclass(frozen=True, slots=True)
class Check:
    """One gate and its answer."""

    ok: bool
    sentence: str
    place: Place | None


def gate_checks(
    book: PolicyBook, at: Signature, choice: Choice, on: date, closed: str | None
) -> tuple[Check, ...]:
    """Each gate with its answer; the two that are the whole day's come last, where one of them holds the choice."""
    if at.policy == NONE or at.step == NONE:
        return ()
    policy = book.policies[at.policy]
    step = policy.steps[at.step]
    checks = []
    held = {gate: (reason, place) for gate, reason, place in gates.holds(book, policy, step, at)}
    if choice.gate in (Gate.STOP, Gate.CAPACITY):
        held[choice.gate] = choice.reason, choice.place
    for gate in Gate:
        if gate in held:
            reason, place = held[gate]
            checks.append(Check(False, sentences.gate_holds(gate, reason, on, closed), place))
        elif said := sentences.gate_open(gate, on):
            checks.append(Check(True, said, None))
    return tuple(checks)


def verdict_said(choice: Choice, on: date, *, future: bool, bound: bool = False) -> tuple[str, ...]:
    """What it comes to. `bound`: a contract obliges us to supply, and the step would change that."""
    said = sentences.verdict(choice.verdict.value, choice.step, choice.reason, on)
    if bound and choice.verdict in (Verdict.GO, Verdict.ASK):
        said = (sentences.supplied_by_contract(choice.step),)
    return (*said, sentences.FORECAST) if future else said
