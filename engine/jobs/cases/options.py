"""What may follow an outcome here and now, asked of both evaluators; and the option that the collector has picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.core.cases import reasons
from engine.core.cases.answers import Answers
from engine.core.cases.outcomes import (
    NATURES,
    Allowed,
    Disagreement,
    Situation,
    allowed,
    pick,
    rules,
)
from engine.core.language.follows import PEER, Option
from engine.core.rules import Rules, evaluators
from engine.core.sentences import calls as sentences
from engine.errors import NotFound, Refused
from engine.jobs.cases import ours
from engine.jobs.cases.cause import Desk
from engine.jobs.cases.who import near
from engine.jobs.documents import copies
from engine.jobs.workspace import Workspace


def may_follow(
    desk: Desk, answers: Answers, reason: str, evaluated_by: Sequence[Rules] | None = None
) -> Allowed:
    """What may follow. Refused where the evaluators do not agree: then nothing follows, and nothing is logged."""
    asked = evaluated_by or evaluators({desk.name: rules(desk.outcome)})
    found = allowed(desk.outcome, _situation(desk, answers, reason), asked)
    if isinstance(found, Disagreement):
        raise Refused(*sentences.disagree(desk.account, desk.name, found.answers))
    return found


def _situation(desk: Desk, answers: Answers, reason: str) -> Situation:
    it, calls = desk.known, desk.known.calls
    lately = [call for call in calls if it.since is None or call.on >= it.since]
    # A try that reached nobody is no answer of the customer's: it breaks no row of hang-ups.
    told = [call for call in calls if call.reached or not NATURES[desk.name].reached]
    running = next((n for n, call in enumerate(told) if call.outcome != desk.name), len(told))
    whom = answers.text("spoken with")
    numbers = [name for name, _ in it.about(answers.invoices).items]
    emails = {role for role, _ in it.emails} | ({"accounts payable"} if answers.email else set())
    return Situation(
        running=running + 1,
        last_option=next((call.option for call in calls if call.option), None),
        reason=reasons.family(reason) if reason else "",
        circumstance=answers.circumstance,
        reason_on_record=bool(reason) or any(call.reason for call in lately),
        request_stated=answers.request_stated or any(call.intention for call in lately),
        person_known=bool(whom) and not it.barred(whom, answers.text("number")),
        peers=_peers(desk),
        left_alone=bool(it.left_alone) or desk.name == "insolvent",
        no_calls=it.no_calls,
        no_emails=it.no_emails,
        owes=bool(it.open),
        addresses=tuple(sorted(emails)),
        documents=bool(numbers) and len(copies(desk.ws, numbers).missing) < len(numbers),
    )


def _peers(desk: Desk) -> int:
    """How many colleagues are left; looked up only where a peer may be asked for."""
    if not any(block.call and block.call.by == PEER for block in desk.outcome.parts.values()):
        return 0
    return len(ours.peers(desk.ws, desk.conn, desk.known.callers, desk.person, desk.who.on))


def picked(desk: Desk, found: Allowed, then: str, script: str) -> Option | None:
    """The option that was picked, with another script where one is named. Refused, with all that are offered, where one has to
    be picked, or another was."""
    if not then and not found.must_choose:
        return None
    if not then:
        raise Refused(*sentences.choose(desk.account, desk.name, desk.outcome.guidance, _offer(found)))
    option = pick(found, then)
    if option is None:
        raise Refused(*sentences.no_option(then, _offer(found)))
    return _with_script(desk.ws, option, script) if script else option


def _offer(found: Allowed) -> list[str]:
    """A line an option, with its number; then those that are not offered, and why."""
    offered = [
        sentences.offered(number, option.name, option.follow.call.script if option.follow.call else None)
        for number, option in found.options.items()
    ]
    withheld = [
        sentences.not_offered(found.outcome.offer[int(number) - 1].name, sentences.withheld(one.test.field))
        for one in found.withheld
        if (number := one.part.removeprefix("option ")).isdigit()
    ]
    return offered + withheld


def _with_script(ws: Workspace, option: Option, script: str) -> Option:
    """The same option with another script, such as address-it for carry-on."""
    call = option.follow.call
    if call is None:
        raise Refused(f"“{option.name}” is no call, so it has no script")
    if script not in ws.known.names("script"):
        raise NotFound("script", script, near(script, ws.known.names("script")))
    return option.with_call(replace(call, script=script))
