"""What the properties were asked of: the shares of accounts that make them worth asking."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest


@dataclass
class Shares:
    """How many accounts of random worlds had several items, were held, or were beyond several steps when first seen."""

    accounts: int = 0
    found: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("several items", "held", "caught up"), 0)
    )

    def of(self) -> dict[str, float]:
        return {name: count / self.accounts for name, count in self.found.items()} if self.accounts else {}


_SHARES = pytest.StashKey[Shares]()


@pytest.fixture(scope="session")
def shares(pytestconfig: pytest.Config) -> Shares:
    return pytestconfig.stash.setdefault(_SHARES, Shares())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    shares = terminalreporter.config.stash.get(_SHARES, Shares())
    if shares.accounts:
        said = ", ".join(f"{share:.0%} {name}" for name, share in shares.of().items())
        terminalreporter.write_line(f"Properties: {shares.accounts:,} accounts of random worlds: {said}.")
