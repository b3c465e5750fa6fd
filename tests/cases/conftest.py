"""Houses for the stories of casework."""

from __future__ import annotations

from tests.jobs.conftest import build, build_on_each

__all__ = ["build", "build_on_each"]
