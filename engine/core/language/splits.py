"""`split` of house.yaml: which accounts go to another policy, by lot, and what must be alike on both sides."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from engine.core.language import reading
from engine.core.language.fields import Type
from engine.core.language.known import Known
from engine.core.language.overlap import takes_all
from engine.core.language.policy import HOLDOUT, House, Kind, Policy, Split, Step
from engine.core.language.source import Block, Line, Notes, Text, short
from engine.core.language.steps import Scope
from engine.core.language.words import Where, names, nearest, sentence
from engine.core.problem import Place

LONGEST_HOLDOUT = 60  # days past due: a holdout waits, it is never forgotten
_MOST_ALIKE = 4
_EFFECTS = (Kind.TERMS, Kind.HOLD, Kind.HAND_OFF)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}", re.IGNORECASE)
_SHARE = re.compile(r"([0-9]{1,3})\s?(?:%|per ?cent)?", re.IGNORECASE)
_EXAMPLES = {
    "shares": "shares: {standard: 70%, standard-early: 30%}",
    "alike": "alike: [segment, risk]",
    "until": "until: 2027-03-31",
    "because": "because: is money in sooner with a call on day 32?",
    "holdout": "holdout: 14 days",
}
_EXAMPLE = "split: {earlier-call: {shares: {standard: 70%, standard-early: 30%}, until: …, because: …}}"


def alike(known: Known) -> tuple[str, ...]:
    """The facts that sides can be made alike in: words and yes-or-no facts that an account has before it is drawn."""
    kinds = (Type.WORD, Type.FLAG)
    return tuple(name for name, field in known.fields.items() if field.type in kinds and not field.computed)


def read_splits(line: Line, notes: Notes, scope: Scope, policies: Sequence[str]) -> tuple[Split, ...]:
    """Every comparison by its name; those that could not be read are noted and left out."""
    if not isinstance(line.value, Block):
        notes.error(
            line.value.place,
            "“split” is lines of a comparison's name and what it compares",
            f"write  {_EXAMPLE}",
            "lines-wanted",
        )
        return ()
    found: list[Split] = []
    taken: dict[str, Place] = {}
    for each in line.value.lines:
        name = each.key.value.strip()
        if not _NAME.fullmatch(name):
            notes.error(
                each.key.place,
                f"“{short(name)}” is no name for a comparison",
                "letters, digits and dashes, like  earlier-call",
                "split-name",
            )
        read = _split(each, name, notes, scope, policies)
        for side, place in read.places.items() if read else ():
            if side != HOLDOUT and side in taken:
                notes.error(
                    place,
                    f"“{side}” is compared twice: an account can be drawn for one comparison at a time",
                    "end the other comparison first, or copy the policy under another name",
                    "split-twice",
                    also=taken[side],
                )
            taken.setdefault(side, place)
        if read:
            found.append(read)
    return tuple(found)


def _split(line: Line, name: str, notes: Notes, scope: Scope, policies: Sequence[str]) -> Split | None:
    lines = reading.block(line.value, notes, "a comparison", names(Where.SPLIT), _EXAMPLES["shares"])
    if lines is None:
        return None
    words = {each.key.value: each for each in lines.lines}
    for word in ("shares", "until", "because"):
        if word not in words:
            notes.error(
                line.key.place, f"“{short(name)}” {_MISSING[word]}", f"add  {_EXAMPLES[word]}", f"no-{word}"
            )
    shares, places = _shares(words["shares"], notes, policies) if "shares" in words else ({}, {})
    columns = _alike(words["alike"], notes, scope.known) if "alike" in words else ()
    until = _day(words.get("until"), notes)
    because = reading.behind(words.get("because"), notes, _EXAMPLES["because"])
    days = reading.behind(words.get("holdout"), notes, _EXAMPLES["holdout"])
    holdout = reading.duration(days, notes, "day", LONGEST_HOLDOUT, _EXAMPLES["holdout"]) if days else 0
    if HOLDOUT in shares and not days:
        notes.error(
            places[HOLDOUT],
            "nothing says how long the holdout is left in peace",
            f"add  {_EXAMPLES['holdout']};  at most {LONGEST_HOLDOUT} days past due, then the ladder begins",
            "no-holdout",
        )
    if days and shares and HOLDOUT not in shares:
        notes.error(
            words["holdout"].key.place,
            "no account is in the holdout",
            "give it a share, like  shares: {standard: 90%, holdout: 10%},  or leave the line out",
            "no-holdout-share",
        )
    if not shares or until is None or because is None:
        return None
    return Split(name, shares, until, reading.word(because), line.key.place, columns, holdout or 0, places)


_MISSING = {
    "shares": "does not say which policies are compared",
    "until": "has no end: two customers alike are treated otherwise, and that must end",
    "because": "gives no reason why two customers alike are treated otherwise",
}


def _day(line: Line | None, notes: Notes) -> date | None:
    text = reading.behind(line, notes, _EXAMPLES["until"])
    if text is None:
        return None
    try:
        return date.fromisoformat(reading.word(text))
    except ValueError:
        notes.error(text.place, f"“{short(text.value)}” is no day", "write it as  2027-03-31", "date")
        return None


def _shares(
    line: Line, notes: Notes, policies: Sequence[str]
) -> tuple[Mapping[str, int], Mapping[str, Place]]:
    """Per cent by side, the champion first, and where each stands; none where anything is wrong with them."""
    value = line.value
    if not isinstance(value, Block):
        notes.error(
            value.place,
            "“shares” is lines of a policy and its share",
            f"write  {_EXAMPLES['shares']}",
            "lines-wanted",
        )
        return {}, {}
    found: dict[str, int] = {}
    places: dict[str, Place] = {}
    before = len(notes.problems)
    for each in value.lines:
        side = each.key.value.strip().removesuffix(".yaml")
        if side not in (*policies, HOLDOUT):
            hint = nearest(side, (*policies, HOLDOUT))
            notes.error(each.key.place, f"there is no policy “{short(side)}”", hint, "unknown-policy")
        share = _share(each, notes)
        if share is not None:
            found[side], places[side] = share, each.key.place
    if len(notes.problems) > before:
        return {}, {}
    compared = [side for side in found if side != HOLDOUT]
    if not compared or len(found) < 2 or len(compared) > 2:
        notes.error(
            value.place,
            "two sides are compared: a policy with another one, or with the holdout, or with both",
            f"write  {_EXAMPLES['shares']}  or  shares: {{standard: 90%, holdout: 10%}}",
            "split-sides",
        )
        return {}, {}
    if (whole := sum(found.values())) != 100:
        rest = 100 - whole + found[compared[0]]
        fix = f"write  {compared[0]}: {rest}%" if 0 < rest < 100 else f"write  {_EXAMPLES['shares']}"
        notes.error(value.place, f"these shares come to {whole}%, not to 100%", fix, "shares-sum")
        return {}, {}
    order = [*compared, *([HOLDOUT] if HOLDOUT in found else [])]
    return {side: found[side] for side in order}, places


def _share(line: Line, notes: Notes) -> int | None:
    text = reading.scalar(line.value, notes, f"{line.key.value}: 50%")
    if text is None:
        return None
    found = _SHARE.fullmatch(reading.word(text))
    if not found or not 0 < int(found[1]) < 100:
        notes.error(
            text.place,
            f"“{short(text.value)}” is no share of the accounts",
            "write a whole per cent from 1% to 99%, like  50%",
            "share",
        )
        return None
    return int(found[1])


def _alike(line: Line, notes: Notes, known: Known) -> tuple[str, ...]:
    texts = reading.texts(line.value, notes, _EXAMPLES["alike"]) or ()
    columns = [column for text in texts if (column := _column(text, notes, known))]
    if len(columns) > _MOST_ALIKE:
        notes.error(
            line.value.place,
            f"with {len(columns)} facts hardly two accounts are alike",
            f"name {_MOST_ALIKE} at most: those that payment depends on most",
            "too-many",
        )
    return tuple(dict.fromkeys(columns))


def _column(text: Text, notes: Notes, known: Known) -> str | None:
    name, able = reading.word(text), alike(known)
    if name in able:
        return known.fields[name].column
    if field := known.fields.get(name):
        why = (
            "a number"
            if field.type.number
            else "several words"
            if field.type is Type.TAGS
            else "worked out anew each day"
        )
        notes.error(
            text.place,
            f"the sides cannot be made alike in “{name}”: it is {why}",
            f"name facts that are a word or yes and no: {', '.join(able[:6])}, …",
            "alike-field",
        )
    else:
        notes.error(text.place, f"accounts have no “{short(name)}”", nearest(name, able), "unknown-word")
    return None


# -- what needs the policies too -----------------------------------------------------------------------------------------


def check_splits(house: House, policies: Mapping[str, Policy], notes: Notes) -> None:
    """Both sides must be for the same accounts, stand in one place of the order, and protect their accounts alike."""
    for split in house.splits:
        sides = [policies[side] for side in split.policies if side in policies]
        for policy in sides:
            if policy.start is not None:
                notes.error(
                    split.places[policy.id],
                    f"“{policy.id}” begins at an event, and accounts are drawn when they fall past due",
                    "compare policies without  start:",
                    "split-start",
                    also=policy.place,
                )
        if len(sides) == 2:
            champion, challenger = sides
            _same_accounts(split, champion, challenger, notes)
            _side_by_side(split, house, notes)
            _as_fair(split, champion, challenger, notes)


def _same_accounts(split: Split, champion: Policy, challenger: Policy, notes: Notes) -> None:
    if takes_all(champion.fits, challenger.fits) and takes_all(challenger.fits, champion.fits):
        return
    lines = " · ".join(sentence(test) for test in champion.fits.tests) or "nothing: it takes every account"
    notes.error(
        split.places[challenger.id],
        f"“{challenger.id}” is for other accounts than “{champion.id}”: what follows could not be compared",
        f"under “for” write in both what {champion.id}.yaml says: {lines}",
        "split-for",
        also=challenger.fits.place,
    )


def _side_by_side(split: Split, house: House, notes: Notes) -> None:
    champion, challenger = split.policies
    if challenger not in house.order or champion not in house.order:
        return
    if house.order.index(challenger) == house.order.index(champion) + 1:
        return
    order = [id for id in house.order if id != challenger]
    order.insert(order.index(champion) + 1, challenger)
    notes.error(
        split.places[challenger],
        f"“{challenger}” does not stand right behind “{champion}” in the order",
        f"the two share one place; write  order: [{short(', '.join(order), 200)}]",
        "split-order",
        also=house.places.get("order"),
    )


def _as_fair(split: Split, champion: Policy, challenger: Policy, notes: Notes) -> None:
    """A lot takes no protection away: what the champion spares its accounts, and who must agree, holds on the other side."""
    place = split.places[challenger.id]
    spared = [kind.value for kind in champion.without if kind not in challenger.without]
    if spared:
        notes.error(
            place,
            f"“{champion.id}” spares its accounts: {', '.join(spared)}; “{challenger.id}” does not",
            f"write in {challenger.id}.yaml  without: [{', '.join(kind.value for kind in champion.without)}]",
            "split-without",
            also=challenger.place,
        )
    same_clock = champion.clock is challenger.clock
    for kind in _EFFECTS:
        ours = [step for step in champion.steps if step.has(kind)]
        for step in (step for step in challenger.steps if step.has(kind)):
            if ours and all(_agreed(each) for each in ours) and not _agreed(step):
                notes.error(
                    place,
                    f"in “{champion.id}” somebody must agree to “{ours[0].does}”; in “{challenger.id}” nobody must",
                    f"add to “{step.name}”  approve: {ours[0].approve.by if ours[0].approve else 'credit manager'}",
                    "split-approve",
                    also=step.place,
                )
            elif not ours or (same_clock and step.day < min(each.day for each in ours)):
                sooner = f"“{champion.id}” on day {ours[0].day}" if ours else f"“{champion.id}” never"
                notes.warn(
                    place,
                    f"“{challenger.id}” takes “{step.does}” on day {step.day}, {sooner}: a lot decides whom it meets",
                    "compare calls and messages; take what weighs on a customer on the same day in both",
                    "split-harsher",
                    also=step.place,
                )


def _agreed(step: Step) -> bool:
    return step.approve is not None and step.approve.when is None
