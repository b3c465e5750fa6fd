"""A desk to try sentences on: policies as people write them, a few accounts, and what a day brings.

Day 0 is Monday, 2 March 2026. `late=10` is ten days past due on day 0; amounts are whole dollars. Every day is open unless a
calendar is named. Each decision is made by every evaluator there is, and none may disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from engine.core.cases import guards
from engine.core.decision import questions
from engine.core.decision.allocate import Person, Room
from engine.core.decision.choose import Choice, Verdict
from engine.core.decision.decide import Decided, decide
from engine.core.decision.plan import NOTHING_PAID, after, day_of, morning
from engine.core.decision.state import (
    ACCOUNTS,
    BARRED,
    CALLS,
    EFFECTS,
    ITEMS,
    MARKS,
    OFF,
    PENDING,
    REPEATS,
    TOUCHES,
    WISHES,
    Pending,
    State,
)
from engine.core.language.check import Known, TemplateHead, check
from engine.core.language.policy import PolicyBook, Tone
from engine.core.problem import Place
from engine.core.rules import evaluators
from engine.core.workdays import ALWAYS, calendar

TODAY = date(2026, 3, 2)
TEMPLATES = {
    "statement": Tone.COURTEOUS,
    "reminder": Tone.FIRM,
    "final-notice": Tone.FINAL,
    "attorney-notice": Tone.LEGAL,
}
KNOWN = Known(
    templates=tuple(
        TemplateHead(name, "message", tone, ("en",), Place(f"templates/{name}.md"))
        for name, tone in TEMPLATES.items()
    ),
    webhooks=frozenset({"crm"}),
)

LADDER = """
policy: Ladder
clock: due date
steps:
  - day: 10
    call: collector
  - day: 20
    letter: reminder
  - day: 40
    call: supervisor
  - day: 60
    letter: final-notice
"""


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def book(*policies: str, house: str = "", **named: str) -> PolicyBook:
    """A policy book from texts. Unnamed policies are `ladder`, `ladder2`, …; named ones follow, in their order."""
    texts = {
        f"ladder{n + 1 if n else ''}": text for n, text in enumerate(policies or (() if named else (LADDER,)))
    }
    texts |= {name.replace("_", "-"): text for name, text in named.items()}
    files = {f"policies/{name}.yaml": text.encode() for name, text in texts.items()}
    files["policies/house.yaml"] = f"order: [{', '.join(texts)}]\n{house}".encode()
    found = check(files, KNOWN)
    assert found.book is not None, [str(problem.sentence) for problem in found.problems]
    return found.book


@dataclass(frozen=True)
class Seen:
    """What a day brings."""

    book: PolicyBook
    decided: Decided

    def choices(self, account: str = "A") -> list[Choice]:
        """The choice of each unit of the account: one, or one an invoice under `each: invoice`."""
        view = self.decided.portfolio
        row = view.accounts["account"].to_list().index(account)
        return [
            self.decided.choices[int(number)]
            for unit_row, number in zip(view.unit_row, self.decided.unit_class, strict=True)
            if unit_row == row
        ]

    def of(self, account: str = "A") -> str:
        """What goes: "call collector", "asks: letter reminder", or "nothing, because …"."""
        contacts = self.decided.contacts.filter(pl.col("account") == account)
        waits = contacts.height - contacts["goes"].sum()
        said = []
        for choice in self.choices(account):
            does = ", ".join(f"{action.kind.value} {action.value}" for action in choice.actions)
            if choice.verdict is Verdict.GO:
                word = (self.decided.stopped and "safety stop") or (waits and "no capacity today")
                said.append(f"nothing, because {word}" if word else does)
            elif choice.verdict is Verdict.ASK:
                said.append(f"asks: {does}")
            else:
                said.append(f"nothing, because {choice.reason.value}")
        return " + ".join(said)

    def waits(self, account: str = "A") -> str:
        """The step that is held, and the line that holds it: "letter reminder, policies/house.yaml:3"."""
        choice = self.choices(account)[0]
        return f"{choice.step}, {choice.place.file}:{choice.place.line}" if choice.place else choice.step

    def covers(self, account: str = "A") -> set[tuple[str, str]]:
        """(item, step) that count as taken when what goes today has been done."""
        row = self.decided.portfolio.accounts["account"].to_list().index(account)
        return set(self.decided.marks.filter(pl.col("row") == row).select("item", "step").iter_rows())

    def order(self) -> list[str]:
        """The accounts that go today, in the work list's order."""
        return self.decided.contacts.filter("goes")["account"].to_list()


class Desk:
    """Some accounts under some policies. `left` is the state in which the last `days` have left them."""

    left: State

    def __init__(self, policies: PolicyBook, open_on: str = ALWAYS, people: Iterable[Person] = ()) -> None:
        self.book = policies
        self.calendar = calendar(open_on)
        self.people = tuple(people)
        self.rules = evaluators(questions.rulesets(policies))
        self.rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("accounts", "items", "marks", "barred", "touches", "pending", "repeats")
        }
        self.rows |= {"calls": [], "wishes": [], "off": []}

    # -- what is known ---------------------------------------------------------------------------------------------

    def account(self, name: str = "A", **known: Any) -> Desk:
        """An account that owes nothing yet; `known` are columns of its row. Money is minor units here."""
        row = dict.fromkeys(ACCOUNTS) | {"row": len(self.rows["accounts"]), "account": name, "name": name}
        row |= {
            "addresses": 31,
            "effects": 0,
            "tone": 0,
            "promise": "none",
            "plan": "none",
            "currency": "usd",
        }
        row |= {"episode": 1, "tags": [], "broken": 0, "kept": 0, "claims": 0, "contacts": 0}
        self.rows["accounts"].append(row | known)
        return self

    def _row(self, account: str) -> int:
        names = [row["account"] for row in self.rows["accounts"]]
        if account not in names:
            self.account(account)
            return len(names)
        return names.index(account)

    def owes(
        self, item: str, late: int, amount: float = 1000, account: str = "A", terms: int = 30, **known: Any
    ) -> Desk:
        """An invoice, `late` days past due on day 0; what stands in `known` replaces columns of its row."""
        due = day(-late)
        minor = round(amount * 100)
        row = dict.fromkeys(ITEMS) | {"row": self._row(account), "item": item, "kind": "invoice", "due": due}
        row |= {"date": due - timedelta(days=terms), "amount": minor, "open": minor, "currency": "USD"}
        row |= {"rate": 1.0, "days_off": 0}
        self.rows["items"].append(row | known)
        return self

    def credit(self, amount: float, account: str = "A", kind: str = "credit_note", **known: Any) -> Desk:
        """A credit note, or a payment that is matched to nothing yet."""
        number = f"C{len(self.rows['items'])}"
        return self.owes(number, 0, -amount, account, kind=kind, **known)

    def had(
        self, step: str, *items: str, policy: str = "ladder", account: str = "A", event: date | None = None
    ) -> Desk:
        """The step has been taken for these items."""
        row = self._row(account)
        for item in items:
            mark = {"row": row, "item": item, "policy": policy, "step": step, "event": event}
            self.rows["marks"].append(mark)
        return self

    def contacted(self, days_ago: int, account: str = "A", item: str | None = None) -> Desk:
        self.rows["touches"].append({"row": self._row(account), "item": item, "on": day(-days_ago)})
        return self

    def called(self, *days_ago: int, spoke: bool = False, account: str = "A") -> Desk:
        row = self._row(account)
        self.rows["calls"] += [{"row": row, "on": day(-ago), "spoke": spoke} for ago in days_ago]
        return self

    def asked_for(
        self, wish: guards.Wish, account: str = "A", closes: int | None = None, until: int | None = None
    ) -> Desk:
        """A rule about contact: it closes what such a rule closes, if nothing else is said."""
        bits = guards.CLOSES[wish] if closes is None else closes
        row = {"row": self._row(account), "wish": guards.WISHES.index(wish), "closes": bits, "opens": 0}
        self.rows["wishes"].append(row | {"until": None if until is None else day(until)})
        return self

    def without(self, guard: str, until: int = 30, account: str = "A") -> Desk:
        """Somebody has set a guard aside for the account, through a day."""
        self.rows["off"].append({"row": self._row(account), "guard": guard, "until": day(until)})
        return self

    def under_way(
        self,
        step: str,
        state: Pending,
        days_ago: int = 0,
        *,
        policy: str = "ladder",
        account: str = "A",
        attempts: int = 0,
        again: date | None = None,
        item: str | None = None,
    ) -> Desk:
        row = {"row": self._row(account), "item": item, "policy": policy, "step": step, "state": state.value}
        row |= {"since": day(-days_ago), "not_before": again, "attempts": attempts}
        self.rows["pending"].append(row)
        return self

    def refused(self, step: str, policy: str = "ladder", account: str = "A") -> Desk:
        self.rows["barred"].append({"row": self._row(account), "policy": policy, "step": step})
        return self

    def repeated(
        self, step: str, times: int, days_ago: int, policy: str = "ladder", account: str = "A"
    ) -> Desk:
        row = {"row": self._row(account), "policy": policy, "step": step, "times": times}
        self.rows["repeats"].append(row | {"last": day(-days_ago)})
        return self

    # -- what follows ----------------------------------------------------------------------------------------------

    def state(self) -> State:
        schemas: Mapping[str, dict[str, pl.DataType]] = {
            "accounts": ACCOUNTS, "items": ITEMS, "marks": MARKS, "barred": BARRED, "touches": TOUCHES,
            "pending": PENDING, "repeats": REPEATS, "calls": CALLS, "wishes": WISHES, "off": OFF,
        }  # fmt: skip
        frames = {name: pl.DataFrame(self.rows[name], schema=schema) for name, schema in schemas.items()}
        return State(**frames | {"items": frames["items"].sort("row", "due", "item")})

    def on(self, number: int = 0, *, stale: bool = False, used: Mapping[str, int] | None = None) -> Seen:
        """What that day brings to the accounts as they stand."""
        return self._see(self.state(), number, stale, used)

    def _see(
        self, state: State, number: int, stale: bool = False, used: Mapping[str, int] | None = None
    ) -> Seen:
        moment = day_of(self.book, self.calendar, day(number), stale)
        decided = decide(self.book, state, moment, self.rules, Room(self.people, used or {}))
        assert decided.faults == ()
        return Seen(self.book, decided)

    def days(self, first: int, last: int, *, assumes: str = NOTHING_PAID) -> list[Seen]:
        """Day after day, when everything that goes is done and nothing is paid."""
        state, seen = self.state(), []
        for number in range(first, last + 1):
            state = morning(state, day(number), assumes)
            seen.append(self._see(state, number))
            state = after(self.book, state, seen[-1].decided, self.calendar)
        self.left = state
        return seen

    def calendar_of(self, first: int, last: int, account: str = "A") -> dict[int, str]:
        """day -> what goes, for the days on which something does."""
        found = {number: each.of(account) for number, each in enumerate(self.days(first, last), first)}
        return {number: said for number, said in found.items() if not said.startswith("nothing")}


def effects(*words: str) -> int:
    """The bits of effects that have happened: "terms", "hold", "hand off"."""
    return sum(1 << EFFECTS.index(word) for word in words)


def with_house(policies: PolicyBook, **changes: Any) -> PolicyBook:
    return replace(policies, house=replace(policies.house, **changes))
