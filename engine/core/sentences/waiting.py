"""What is said of a message that waits and that somebody has changed."""

from __future__ import annotations

from datetime import date

from engine.core.sentences.amounts import short_day


def edited(account: str, step: str) -> str:
    return f"“{step}” for {account} goes with these words; amounts and days are filled in when it is sent."


def as_template(account: str, step: str) -> str:
    return f"“{step}” for {account} goes as its template says."


def put_off(by: str, until: date, because: str) -> str:
    """Why a message waits, as the outbox shows it."""
    return f"put off until {short_day(until)} by {by}: {because}"


def waits_until(account: str, step: str, until: date) -> str:
    return f"“{step}” for {account} waits until {short_day(until)}, and goes then if it is still due."
