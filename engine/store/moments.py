"""Moments as the database keeps them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment_text(at: datetime) -> str:
    """A moment as the database keeps it: UTC, always of the same length, so that text sorts as time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
