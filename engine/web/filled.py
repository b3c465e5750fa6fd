"""What somebody has filled in about an account, read field by field: all that is wrong is said at once, each at its field."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from engine.core.spoken import read_day
from engine.errors import WrongFields
from engine.jobs.cases.owing import minor_of
from engine.web.visit import Visit

_MOST = 366  # of days, or payments


@dataclass
class Filled:
    """A form about `account`. `needed` is what is said at an empty field; without it the field may be empty."""

    visit: Visit
    account: str
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def items(self) -> tuple[str, ...]:
        """The invoices that are ticked."""
        found = self.visit.form.getlist("item")
        return tuple(dict.fromkeys(one for one in found if isinstance(one, str) and one))

    def text(self, name: str, needed: str = "") -> str:
        said = self.visit.typed(name)
        if needed and not said:
            self.wrong[name] = needed
        return said

    def chosen(self, name: str, among: Collection[str], needed: str = "") -> str:
        said = self.text(name, needed)
        if said and said not in among:
            self.wrong[name] = "choose one of these"
        return said

    def ticked(self, name: str) -> bool:
        return self.visit.typed(name) == "yes"

    def day(self, name: str, needed: str = "", *, past: bool = False) -> date | None:
        """`past`: a weekday is the last one."""
        said = self.text(name, needed)
        try:
            return read_day(said, self.visit.today, past=past) if said else None
        except ValueError as error:
            self.wrong[name] = str(error)
            return None

    def number(self, name: str, least: int = 1) -> int | None:
        said = self.text(name)
        if not said:
            return None
        if not (said.isascii() and said.isdecimal() and len(said) < 5 and least <= int(said) <= _MOST):
            self.wrong[name] = f"a number from {least} to {_MOST}"
            return None
        return int(said)

    def money(self, name: str, needed: str = "") -> tuple[int | None, str | None]:
        """Minor units, and the currency where one is named. An empty field is no amount."""
        said = self.text(name, needed)
        if not said:
            return None, None
        house = self.visit.ws.live.house.currency
        try:
            return minor_of(self.visit.engine, self.account, said, house, self.items)
        except ValueError as error:
            self.wrong[name] = f"{error}; write it as “1,200.50”"
            return None, None

    def good(self) -> None:
        """WrongFields where something is wrong; else the form is taken, and never a second time."""
        if self.wrong:
            raise WrongFields(self.wrong)
        self.visit.once()
