"""A test written from an account's history, and why one is not written."""

from __future__ import annotations

from collections.abc import Sequence

WHY_NOT_THE_SAME = (
    "nothing is written: the policies have changed since, or something happened that a test has no words for"
)


def nothing_decided(account: str) -> str:
    return f"no run has done anything for {account}, or held it back: there is nothing to write a test from"


def no_policy_of_now(account: str, policy: str) -> str:
    return f"the policy that {account} was under, “{policy}”, is not there any more"


def no_policy_took(account: str) -> str:
    return f"no policy has taken a step for {account}, or had it"


def nothing_owed(account: str) -> str:
    return f"{account} owed no invoice while runs were made, so there is no day to count from"


def would_not_pass(account: str, days: Sequence[tuple[int | None, str, str]]) -> str:
    """`days` are (day, what the policies do, what was done)."""
    told = "; ".join(f"day {day}: {is_}; in life: {should_be}" for day, is_, should_be in days[:3])
    more = f"; and {len(days) - 3} more" if len(days) > 3 else ""
    return f"a test from the history of {account} would not pass: {told}{more}"


def cannot_be_read(account: str, problem: str) -> str:
    return f"a test from the history of {account} could not be read: {problem}"
