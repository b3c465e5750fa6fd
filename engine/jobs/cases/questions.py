"""A call's form as questions: why first, who, what this outcome needs, and then what else was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from engine.core.cases import answers as forms
from engine.core.cases import reasons
from engine.core.cases.outcomes import NATURES, OUTCOMES, needed
from engine.core.language.policy import PolicyBook
from engine.core.sentences import calls as sentences
from engine.jobs.cases import calls
from engine.jobs.cases.who import Who
from engine.jobs.workspace import Workspace

_ALWAYS = ("circumstance", "story", "request stated")  # what else may be said, whatever the outcome
_FIRST = ("reason", "spoken with")
_LONG = ("story",)
_DAYS = ("date", "date mailed", "date paid", "first date")


@dataclass(frozen=True, slots=True)
class Question:
    """One answer of the form. `sentence` says what it is, `example` how it is written.

    `kind` is text, long, day, choice or items; a choice has its answers with how people say them.
    """

    name: str
    label: str
    sentence: str
    example: str
    kind: str
    needed: bool
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What may follow an outcome: `options` by number, each in words; what is not offered, and why not."""

    guidance: str
    options: Mapping[int, str]
    withheld: tuple[str, ...]
    must_choose: bool


def grouped() -> dict[str, tuple[str, ...]]:
    """The outcomes in groups, as a collector looks for them."""
    reached = [name for name in OUTCOMES if NATURES[name].reached]
    return {
        "Nobody reached": tuple(name for name in OUTCOMES if not NATURES[name].reached),
        "Something agreed": tuple(name for name in reached if NATURES[name].agreed),
        "Said": tuple(name for name in reached if not NATURES[name].agreed),
    }


def asked(ws: Workspace, outcome: str = "") -> tuple[Question, ...]:
    """The questions of a call: before its outcome is known those that every call asks."""
    if not outcome:
        return tuple(_question(name, "", needed=False) for name in (*_FIRST, *_ALWAYS))
    follows = ws.live.outcomes.get(outcome)
    nature = NATURES[outcome]
    must = needed(outcome, follows, nature.right_party, nature.reason)
    may = [one.name for one in follows.ask if not one.needed] if follows else []
    first = [name for name in _FIRST if nature.reached or name in must]
    if nature.reason and "reason" not in must:
        first.remove("reason")  # the outcome says it
    rest = [*must, *may, *(_ALWAYS if nature.reached else ("story",))]
    return tuple(_question(name, outcome, needed=name in must) for name in dict.fromkeys([*first, *rest]))


def own(book: PolicyBook) -> tuple[str, ...]:
    """Every question that is the team's own."""
    return tuple({one.name: None for outcome in book.outcomes.values() for one in outcome.ask})


def wrong(ws: Workspace, outcome: str, typed: Mapping[str, str], who: Who) -> dict[str, str]:
    """What cannot be read, or is missing, by the answer's name; nothing where the call can be logged."""
    follows = ws.live.outcomes.get(outcome)
    told, odd = forms.read(typed, who.on, ws.live.house.currency)
    found = {one.name: one.sentence for one in odd}
    nature = NATURES[outcome]
    right_party = nature.right_party if told.right_party is None else told.right_party
    must = needed(outcome, follows, right_party, told.reason or nature.reason)
    missing = {name: _lower(forms.asked(name)) for name in forms.missing(told, must)}
    return {name: f"this is needed: {what}" for name, what in missing.items()} | found


def offer(
    ws: Workspace, conn: Connection, account: str, outcome: str, typed: Mapping[str, str], who: Who
) -> Offer:
    """What may follow an outcome as things stand. Refused where the call cannot be logged by this author, or was already."""
    found = calls.may_follow(ws, conn, account, outcome, typed, who)
    options = {}
    for number, option in found.options.items():
        script = option.follow.call.script if option.follow.call else None
        options[number] = f"{option.name}{f' · script {script}' if script else ''}"
    withheld = tuple(
        sentences.not_offered(found.outcome.offer[int(nth) - 1].name, sentences.withheld(one.test.field))
        for one in found.withheld
        if (nth := one.part.removeprefix("option ")).isdigit()
    )
    return Offer(found.outcome.guidance, options, withheld, found.must_choose)


def _question(name: str, outcome: str, *, needed: bool) -> Question:
    choices: Sequence[tuple[str, str]] = ()
    kind = "long" if name in _LONG else "day" if name in _DAYS else "text"
    if name == "reason":
        contested = outcome in ("dispute", "return agreed")
        codes = [f"{reasons.DISPUTE}:{code}" for code in reasons.CONTESTED]
        choices = [
            (code, reasons.spoken(code)) for code in (codes if contested else [*reasons.CODES, *codes])
        ]
    elif name == "circumstance":
        choices = [(code, code.replace("_", " ")) for code in reasons.CIRCUMSTANCES]
    elif name == "short or long":
        choices = [(word, word) for word in reasons.HORIZONS]
    elif name in ("right party", "request stated"):
        choices = [("yes", "yes"), ("no", "no")]
    elif name == "invoice":
        kind = "items"
    if choices:
        kind = "choice"
    sentence = "" if name.endswith("?") else forms.asked(name)
    return Question(
        name, f"{name[:1].upper()}{name[1:]}", sentence, forms.example(name), kind, needed, tuple(choices)
    )


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
