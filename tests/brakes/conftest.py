"""The houses of the jobs' stories."""

from tests.jobs.conftest import build, build_on_each, house

__all__ = ["build", "build_on_each", "house"]
