"""What people agree on, as they read it: promises, payment plans, disputes, and what each side gave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.core.sentences.amounts import coded, listed, many, short_day

# -- promises ----------------------------------------------------------------------------------------------------------


def promise_made(
    account: str, amount: int, currency: str, pays_on: date, items: int, breaks: date, *, check: str = ""
) -> str:
    """A promise that was written down, and what it means for the account."""
    by_check = f", check {check}," if check else ""
    return (
        f"{account} promises {coded(amount, currency)} by {short_day(pays_on)}{by_check} for {many(items, 'item')}. "
        f"They wait; on {short_day(breaks)} the promise would count as broken."
    )


def not_part(left_out: Sequence[str]) -> str:
    """Overdue invoices that a promise or a plan without names leaves out."""
    names = ", ".join(left_out[:5]) + (f" and {len(left_out) - 5} more" if len(left_out) > 5 else "")
    return f"Not part of it, because disputed or in a plan: {names}."


def takes_the_place(promises: Sequence[tuple[int, str, date]]) -> str:
    """Promises (amount, currency, day) that a new one supersedes."""
    told = [f"{coded(amount, currency)} by {short_day(day)}" for amount, currency, day in promises]
    return f"It takes the place of the promise{'s' * (len(told) > 1)} of {listed(told)}."


def withdrawn(account: str, amount: int, currency: str, pays_on: date) -> str:
    return (
        f"The promise of {account} of {coded(amount, currency)} by {short_day(pays_on)} is withdrawn; "
        "what it covered goes on from tomorrow."
    )


# -- plans -------------------------------------------------------------------------------------------------------------


def plan_made(
    account: str, currency: str, items: int, parts: Sequence[tuple[date, int]], breaks: date, waits_for: str
) -> str:
    """A plan with its instalments (day, amount): it runs, or waits for the yes of a role."""
    total = sum(amount for _, amount in parts)
    head = (
        f"{account} pays {coded(total, currency)} for {many(items, 'item')} "
        f"in {many(len(parts), 'instalment')}:"
    )
    lines = [
        f"  {number}  {short_day(day)}  {coded(amount, currency)}"
        for number, (day, amount) in enumerate(parts, 1)
    ]
    end = (
        f"It waits for the yes of a {waits_for}; until then nothing is set aside."
        if waits_for
        else f"Its items wait while it is kept; on {short_day(breaks)} the first would count as broken."
    )
    return "\n".join([head, *lines, end])


def pays_a_month(account: str, amount: int, currency: str, months: int) -> str:
    return f"{account} has paid {coded(amount, currency)} a month, in {many(months, 'month')}."


def pays_unknown(account: str) -> str:
    return f"What {account} can pay a month is not known: no payment of its is."


def kept_rate(kind: str, kept: int, over: int) -> str:
    """How plans of a kind have ended."""
    return f"Of {many(over, 'plan')} of this kind ({kind}) that came to an end, {kept} {'was' if kept == 1 else 'were'} kept."


def too_much_a_month(
    account: str, wants: int, pays: int, currency: str, months: int, fits: int | None
) -> tuple[str, str]:
    """The refusal of a plan that asks for more than the account has paid; `fits` is how many instalments would not."""
    smaller = (
        f"with --instalments {fits} it would not; " if fits is not None else "smaller ones may be kept; "
    )
    return (
        f"this plan asks {account} for {coded(wants, currency)} a month; "
        f"it has paid {coded(pays, currency)} a month, in {many(months, 'month')}",
        f"{smaller}with --agree it is written down as it is",
    )


def plan_ended(account: str, left: int) -> str:
    more = f"; {many(left, 'instalment')} not asked for any more" if left else ""
    return f"The payment plan of {account} is ended{more}. Its items go on from tomorrow."


def plan_broken(number: int, of: int, amount: int, paid: int, currency: str, pays_on: date) -> str:
    """The owner's task when an instalment did not come."""
    came = f"{coded(paid, currency)} came of" if paid else "nothing came of"
    return (
        f"The payment plan is broken: {came} instalment {number} of {of}, {coded(amount, currency)} by "
        f"{short_day(pays_on)}. The account is back on its ladder: speak with them, or agree on a plan they can keep."
    )


# -- disputes ----------------------------------------------------------------------------------------------------------


def dispute_opened(
    account: str,
    item: str,
    reason: str,
    contested: str,
    owner: str,
    answer_by: date | None,
    expected: str,
) -> str:
    """A dispute that was written down. `contested` is the amount where it is not all of the invoice."""
    what = f"{item} of {account} is disputed ({reason}{f', {contested} of it' if contested else ''}); "
    parts = [what + "its steps wait until the dispute is closed."]
    if owner and answer_by is not None:
        parts.append(f"{owner[:1].upper()}{owner[1:]} answers by {short_day(answer_by)}.")
    if expected:
        parts.append(f"It closes by itself when {expected} is in the ledger.")
    return " ".join(parts)


def answer_dispute(
    item: str,
    reason: str,
    contested: str,
    answer_by: date,
    said: str,
    expected: str,
    *,
    missing: bool,
    ours: bool = False,
) -> str:
    """The task of whoever answers a dispute. `missing`: a credit note is what it waits for; `ours`: we agreed to it."""
    about = f"{item}, {reason}{f', {contested}' if contested else ''}"
    words = f" {'Because' if ours else 'They say'}: “{said}”." if said else ""
    if missing:
        note = f" {expected}" if expected else ""
        return f"Issue the credit note{note}: {about}. By {short_day(answer_by)}.{words}"
    return f"Answer the dispute: {about}. By {short_day(answer_by)}.{words}"


def answer_late(item: str, reason: str, answer_by: date, owner: str) -> str:
    """The supervisor's task when nobody has answered."""
    return (
        f"No answer yet to the dispute of {item} ({reason}): it was due on {short_day(answer_by)} from {owner}. "
        "Get it answered, and closed for us or for the customer."
    )


def dispute_closed(account: str, item: str, side: str) -> str:
    return f"The dispute of {item} of {account} is closed for {side}; its steps go on from tomorrow."


def no_such_reason(wanted: str, nearest: Sequence[str], known: Sequence[str]) -> tuple[str, str]:
    """The refusal of a reason that has no code: what may have been meant, and the way out."""
    quoted = [f"“{name}”" for name in nearest]
    meant = f"did you mean {listed(quoted, 'or')}? " if nearest else f"known: {', '.join(known)}. "
    return (
        f"“{' '.join(wanted.split())[:60]}” is no reason of a dispute",
        f"{meant}Else write “other”, and what they say with --said",
    )


def asked_already(account: str, what: str, items: Sequence[str]) -> tuple[str, str]:
    """The refusal of a second request for invoices of which one waits for a yes."""
    return (
        f"a {what} for {listed(items)} of {account} waits for somebody's yes already",
        f"it goes on with dunwell approve {account}, or ends with dunwell decline {account} --because TEXT",
    )


# -- what each side gave -----------------------------------------------------------------------------------------------


def agreed(account: str, ours: Sequence[str], theirs: Sequence[str], waits_for: str) -> str:
    """A compromise: it holds, or waits for the yes of a role."""
    gives = f"we give {listed(ours)}"
    takes = f"; in return: {listed(theirs)}" if theirs else ""
    if waits_for:
        return (
            f"{account}: {gives}{takes}. It waits for the yes of a {waits_for}; until then nothing is given."
        )
    return f"{account}: {gives}{takes}. It is agreed."


def agree_to(ours: Sequence[str], theirs: Sequence[str], because: str, asker: str) -> str:
    """The task of whoever may agree."""
    takes = f"; in return: {listed(theirs)}" if theirs else ""
    return f"{asker} asks: {listed(ours)}{takes}. Because: {because}"


def may_not(who: str, roles: Sequence[str], needed: Sequence[str], names: Sequence[str]) -> tuple[str, str]:
    """Somebody whose role does not go so far: the sentence, and who may."""
    has = f"{who} is {listed(roles)}" if roles else f"{who} has no role in dunwell.toml"
    able = f"{listed(names, 'or')} may" if names else "nobody in dunwell.toml has such a role yet"
    return f"{has}, and this needs a {listed(needed, 'or')}", able


def no_role(who: str) -> str:
    """Why even a little has to wait."""
    return f"{who} has no role in dunwell.toml, and so may give nothing alone."


def nobody_may(needed: Sequence[str]) -> tuple[str, str]:
    """More than the caller may give, and nobody there to ask."""
    return (
        f"this needs the yes of a {listed(needed, 'or')}, and nobody in dunwell.toml has that role",
        f'give it to somebody there:  [people.ana]  roles = ["{needed[-1]}"]',
    )
