"""What a simulation of past days says of itself: what it stands on, what is missing, and what it cannot show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.core.sentences.amounts import listed, many, short_day

NO_CAUSE = (
    "It cannot show cause: customers pay on the same days whatever is sent to them. It says whom a policy would have asked, "
    "when and with how much work; not whether its contacts would have brought money sooner, or lost a customer."
)
TAKEN_FOR_GRANTED = (
    "It assumes that calls are made and reach somebody, mail is accepted, approvals are given on the day they are asked for, and "
    "that somebody agrees to whatever the safety stop holds. Nothing is promised, and no pause or wish is kept from then."
)
AS_NOW = "Customers, their addresses and exchange rates are those of now; who was insolvent or disputed something is as it was."
CASH_DATES = (
    "A payment is known on the morning after its day; one of which only a ledger told, on that ledger's day."
)


def drawn(draws: int, seed: int, by: str, own: int, accounts: int) -> str:
    """How the days of payment were drawn."""
    whose = "invoices of its own" if by == "account" else f"invoices of its {by}"
    wider = "its segment's, else everybody's" if by == "account" else "everybody's"
    of = many(accounts, "account")
    return (
        f"Bands are of {many(draws, 'draw')} (--seed {seed}): nine of ten are above the lower number, nine of ten below "
        f"the higher. Each invoice is paid on a day drawn by itself, from the {whose} for {own:,} of {of}, from {wider} for "
        "the others, which have too few. A customer who drifts or falls into trouble is spread over all days."
    )


def left_out(invoices: int) -> str:
    """Invoices that would make customers look slower than they are."""
    return f"{many(invoices, 'invoice')} from before the history began do not say how long customers take, and were left out."


def late_already(accounts: int, first: date) -> str:
    """Where a ladder begins in the middle."""
    return (
        f"{many(accounts, 'account was', 'accounts were')} past due on {short_day(first)} already. What they had been sent "
        "before is not played: each begins its ladder anew, so the first weeks have more work than they had."
    )


def no_rate(items: int, house: str) -> str:
    return f"{many(items, 'document has', 'documents have')} no exchange rate to {house}: their accounts are left alone."


def no_address(accounts: int, of: int, what: str) -> str:
    return f"{accounts:,} of {many(of, 'account')} have no {what}: a step that needs one is held for them."


def no_policy(spells: int, under: str) -> str:
    of = f" of {under}" if under else ""
    return (
        f"{many(spells, 'time', 'times')} an account fell past due and no policy{of} fitted it: nobody asked."
    )


def gap(first: date, last: date, days: int, begin: date) -> str:
    """Days of which nothing is on record."""
    return (
        f"From {short_day(first)} to {short_day(last)} ({many(days, 'day')}) no invoice, payment or ledger is on record. Take in "
        f"what is missing, or begin after it:  --from {begin}"
    )


def unseen(first: date, last: date, payments: int) -> str:
    """Payments whose day nobody knows, because no ledger came in for long."""
    told = many(payments, "payment counts", "payments count")
    return (
        f"No ledger came in between {short_day(first)} and {short_day(last)}: {told} "
        "as made on the last of these days. A file of paid invoices with their days would say when."
    )


def not_replayed(words: Sequence[str]) -> str:
    return f"The policies ask for {listed(words)}, which is not played again: it is as for an account nobody has asked yet."
