"""What the whole day holds of one account: room in the day and the safety stop, as far as today's run has asked them.

They are asked of all accounts together, which would be too much to explain one. So before the run, and of another day, the
answer says that they were not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from engine.core import sentences
from engine.core.decision.allocate import Person
from engine.core.decision.choose import Choice, Verdict
from engine.core.decision.held import no_room
from engine.core.decision.state import Pending, State
from engine.core.language.policy import House
from engine.jobs.why_not import Answer
from engine.store.ran import run_of
from engine.store.view import View

_ACTS = (Verdict.GO, Verdict.ASK)


def after_its_run(house: House, view: View, state: State, choice: Choice, on: date) -> Choice:
    """A choice as the run of its day has left it. `state` has that account alone."""
    made = run_of(view, on) if choice.verdict in _ACTS else None
    if made is None:
        return choice
    room = (state.pending["state"] == Pending.CAPACITY.value) & (state.pending["step"] == choice.step)
    return held_by_the_day(house, choice, stopped=made.state == "stopped", waits=room.any())


def held_by_the_day(house: House, choice: Choice, *, stopped: bool, waits: bool = False) -> Choice:
    """The choice where the whole day is stopped, or has no room for it."""
    if choice.verdict not in _ACTS or not (stopped or waits):
        return choice
    gate, reason, place = no_room(house, "stopped" if stopped else "")
    return replace(choice, verdict=Verdict.HELD, gate=gate, reason=reason, place=place)


def why_not_today(answer: Answer, choice: Choice, sentence: str) -> Answer:
    """The answer about a step that nothing but the whole day holds; any other as it is."""
    if answer.sentence or answer.step != choice.step or choice.gate is None:
        return answer
    said = (sentences.TILL_WHEN[choice.gate],)
    return replace(answer, sentence=sentence, place=choice.place, otherwise=None, goes=None, said=said)


def not_asked(
    house: House, people: Sequence[Person], choice: Choice, answer: Answer | None, *, future: bool
) -> tuple[str, ...]:
    """What is to be said where steps go unless the whole day holds them; nothing in a house whose days never do."""
    goes = future or choice.verdict in _ACTS or (answer is not None and answer.goes is not None)
    holds = house.stop or house.capacity or any(person.capacity for person in people)
    return (sentences.DAY_NOT_ASKED,) if goes and holds else ()
