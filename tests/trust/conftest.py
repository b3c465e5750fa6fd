"""A house with its days, for tests of policies that are written from what happened in it."""

from tests.jobs.conftest import build, house

__all__ = ["build", "house"]
