"""The pages that everybody finds at the top, in their order."""

from __future__ import annotations

from dataclasses import dataclass

from engine.jobs.people.rights import Right


@dataclass(frozen=True, slots=True)
class Entry:
    """A page at the top. `path` is where it is; what begins with it belongs to it."""

    name: str
    path: str
    right: Right = Right.READ

    def holds(self, path: str) -> bool:
        return path == self.path or path.startswith(f"{self.path}/")


NAVIGATION = (
    Entry("Today", "/today"),
    Entry("Week", "/week"),
    Entry("Accounts", "/accounts"),
    Entry("Outbox", "/outbox"),
    Entry("Journal", "/journal"),
    Entry("Policies", "/policies"),
    Entry("Messages", "/messages"),
    Entry("Figures", "/figures"),
    Entry("People", "/people", Right.PEOPLE),
    Entry("Tokens", "/tokens", Right.PEOPLE),
    Entry("Set-up", "/set-up", Right.SET_UP),
)
