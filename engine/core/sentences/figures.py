"""Why a figure cannot be given, and what was left out of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from engine.core.money import digits
from engine.core.sentences.amounts import short_day, symbol, whole_money

# Nothing to make a share of.
NO_RECEIVABLES = "nothing is open"
NO_SALES = "nothing was invoiced in these days"
NO_PAYMENTS = "no payment is on record in these days"
NO_CALLS = "no call was made in these days"
NO_RIGHT_PARTY = "nobody who can pay or decide was spoken with in these days"
NEVER_SAID = "no call on record says that somebody was spoken with who can pay or decide"
NO_PROMISE_DUE = "no promise fell due in these days"
NO_FOLLOW_UP = "no call followed another in these days"
NO_ACTION_RIPE = "no action is old enough: its seven days must have ended in these days"
NO_CONTACT_RIPE = "no contact is old enough: its ninety days must have ended in these days"
NO_FIRST_CONTACT = "no account was contacted for the first time in these days"
NO_EPISODE_CALLED = "no account that was called was paid up in these days"
NO_DISPUTE_CLOSED = "no dispute was closed in these days"
NO_ACCOUNTS = "no account has anything open or was invoiced within a year"
NO_DELINQUENT = "no account is past due"
NO_STEP_DUE = "no step fell due in these days, as far as its time has passed"
NOTHING_IN_BUCKET = "nothing was in this bucket a month before"
NONE_REACHED_90 = "no invoice came to its 90th day past due in these days"
NOTHING_TO_COLLECT = "nothing was past due in these days"
NOT_ENOUGH_SALES = "more is open than was invoiced in all the months that are known"

# What a share that follows something does not say.
NO_CAUSE = "Correlation, not cause: nobody knows what would have happened without it."
HANG_UPS = "For information, never a score: a hang-up is no failure, and none at all may mean that nobody is assertive enough."


def known_from(day: date | None) -> str:
    """The reason why a figure of earlier days is not given."""
    return f"the ledger is known from {short_day(day)} on" if day else "no ledger has come in"


def on_record_from(day: date | None) -> str:
    """A figure that looks further back than anything is on record."""
    return f"what was before {short_day(day)} is not on record" if day else "nothing before is on record"


def half_a_year(day: date | None) -> str:
    """The same where what became of invoices must be known as well."""
    return f"it needs half a year before these days, and {known_from(day)}"


def older_left_out(items: int) -> str:
    """Open items of months whose sales are not known in full."""
    what = "1 item is" if items == 1 else f"{items:,} items are"
    return f"{what} left out: the sales of their months are not known in full"


def still_open(promises: int) -> str:
    """Promises whose time is over and of which no ledger tells yet."""
    what = "1 promise has" if promises == 1 else f"{promises:,} promises have"
    return f"{what} come to an end that no ledger shows yet"


# -- what a report stands on -------------------------------------------------------------------------------------------

AS_INVOICED = (
    "Amounts are the ledger's own, with tax. Days are calendar days, months have their true lengths."
)
CREDITS_APART = "Credits are not included: credit notes and unapplied cash stand apart."
CREDITS_NETTED = (
    "Credits are included: set against the oldest due of their account; credit notes are taken off sales."
)
SALES = (
    "Sales are invoices and debit notes by their date, as far as a ledger has shown them: one that was written and paid "
    "between two ledgers is missing."
)


def converted(rates: Mapping[str, tuple[float, date]], house: str) -> str:
    """At which rates other currencies were converted."""
    each = ", ".join(
        f"1 {code} = {rate:.6g} {house} ({short_day(on)})" for code, (rate, on) in sorted(rates.items())
    )
    return f"“All in {house}” is converted at the ledger's own rates, one for all days: {each}."


def not_converted(house: str) -> str:
    """Why the currencies are not added up."""
    return f"The ledger has no rate to {house} for all currencies, so nothing is converted."


def told_between(first: date, last: date) -> str:
    """The ledgers that were seen open."""
    if first == last:
        return f"One ledger has come in, of {short_day(first)}."
    return f"Ledgers have come in from {short_day(first)} to {short_day(last)}; past days between are put together from them."


def told_before(first: date, since: date, settled: int) -> str:
    """What days before the first ledger are put together from."""
    what = "1 paid invoice" if settled == 1 else f"{settled:,} paid invoices"
    return (
        f"Days before {short_day(first)} are put together from {what} on record, paid from {short_day(since)} on, and what "
        "was open: what was paid and is not on record is missing. Of credits, disputes and contacts before that day nothing is "
        "known."
    )


def nothing_before(since: date) -> str:
    return f"Of days before {short_day(since)} nothing is known."


def presumed(payments: int, of: int) -> str:
    """Payments whose own day is not known."""
    return (
        f"{payments:,} of {of:,} payments of these days are known from a ledger that no longer had the item, and have that "
        "ledger's day."
    )


def compared(ledgers: int, differs: Sequence[date]) -> str:
    """Whether ledgers that were put together again come to what they said."""
    what = "1 ledger of these months was" if ledgers == 1 else f"{ledgers:,} ledgers of these months were"
    if not differs:
        return f"{what} put together again: to the cent what the file said."
    days = ", ".join(map(short_day, differs[:3]))
    return f"{what} put together again, and {len(differs):,} did not come to what the file said: {days}. Please look."


def ends_earlier(asked: date, newest: date) -> str:
    return f"The newest ledger is of {short_day(newest)}: days up to {short_day(asked)} are left out."


def of_policy(policy: str, accounts: int) -> str:
    """A report of one policy's accounts."""
    what = "1 account" if accounts == 1 else f"{accounts:,} accounts"
    return f"Only the {what} that “{policy}” had in the last run of these days, or asked in them."


def written(number: float, unit: str, currency: str) -> str:
    """A figure as it is read: `32.7%`, `53.0 days`, `$27,400`, `1,284`."""
    match unit:
        case "%":
            return f"{number:,.1f}%"
        case "days":
            return f"{number:,.1f} days"
        case "money":
            return whole_money(round(number), currency)
        case _:
            return f"{number:,.0f}"


def short(number: float, unit: str, currency: str) -> str:
    """The same for the scale of a chart: `30%`, `50`, `$1.2M`."""
    if unit == "money":
        scaled = abs(number) / 10 ** digits(currency)
        size, letter = next(((size, letter) for size, letter in _SIZES if scaled >= size), (1, ""))
        sign = "-" if number < 0 else ""
        return f"{sign}{symbol(currency)}{scaled / size:.3g}{letter}"
    return f"{number:.4g}{'%' if unit == '%' else ''}"


_SIZES = ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k"))


# -- a figure that has left its band ---------------------------------------------------------------------------------------

REVIEW = "policy review"


def left_band(
    figure: str,
    value: str,
    band: str,
    place: str,
    mean: str,
    earlier: int,
    days: tuple[date, date],
    task: str,
) -> str:
    """The task of a figure that has left its band, with its evidence. `task` is its name."""
    first, last = days
    usual = f" Its mean over the {earlier} months before was {mean}." if mean else ""
    return (
        f"{figure} is {value}, its band is {band} ({place}): review the policies.{usual} "
        f'“dunwell report --from {first} --to {last}” shows the rest, “dunwell done "{task}"” ends this.'
    )


def reviewed(made: int, out: int, banded: int) -> str:
    """What a look at the bands found."""
    bands = "1 figure has a band" if banded == 1 else f"{banded:,} figures have a band"
    if not out:
        return f"{bands}; all are within."
    left = "1 has left it" if out == 1 else f"{out:,} have left it"
    tasks = "1 new task" if made == 1 else f"{made:,} new tasks"
    return f"{bands}; {left}: {tasks if made else 'the tasks of this month are there already'}."


NO_BANDS = "no figure has a band: house.yaml has no “bands:”"
