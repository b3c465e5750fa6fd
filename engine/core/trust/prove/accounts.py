"""Which accounts are different to the policies: one sort for every way in which their tests can come out.

A test on a number divides all numbers at its boundary, a test on a word divides words into those it names and all others.
One value from each part is enough: accounts that answer every test alike are decided alike, on every day. What changes while
an account is overdue (amounts, days, promises, disputes) is left open here and is moved through by `states`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain, combinations

from engine.core.decision.draw import on_side
from engine.core.decision.ladder import addresses
from engine.core.decision.questions import ITEM_FIELDS
from engine.core.decision.state import ADDRESSES
from engine.core.language.condition import Clause, Op, Test, Value
from engine.core.language.fields import Field, Type
from engine.core.language.invariants import Invariants
from engine.core.language.known import Known
from engine.core.language.policy import Clock, Event, Policy, PolicyBook
from engine.core.ledger import Terms, clock_date, due_date, read_terms

# The first invoice of every account: far from the end of a month and of a year.
FIRST = date(2026, 1, 5)

TOTALS = frozenset({"balance", "overdue", "disputed_amount"})
AMOUNTS = TOTALS | {"largest", "amount"}
TIMES = frozenset({"oldest", "days_overdue"})
SINCE = frozenset({"since_contact", "since_payment"})
COUNTS = frozenset({"invoices", "overdue_invoices"})
CHANGING = AMOUNTS | TIMES | SINCE | COUNTS | {"used", "unapplied", "disputed", "promise", "plan"}
_OWED = frozenset({"balance", "overdue", "largest", "amount", "used"})
MOST_COPIES = 20
ALL_ADDRESSES = (1 << len(ADDRESSES)) - 1

# What a policy test takes where nothing is written: these are never unknown.
_GIVEN: Mapping[str, Value] = {"first_time": False, "contacts": 0, "broken": 0, "kept": 0, "claims": 0}
_OTHERS = {"country": ("ch", "no", "jp"), "language": ("da", "fi", "ja"), "zone": ("Asia/Tokyo", "Etc/UTC")}
_OTHER_WORDS = ("other", "another", "any other")


@dataclass(frozen=True, slots=True)
class Sort:
    """Accounts that the policies tell apart from all others by what does not change while they are overdue.

    `amounts` are what the account may owe in all, one of each part, ascending, in minor units of the house's currency; who
    owes less than the house's minimum is left alone, so that a walk ends there as it ends with the last payment.
    `copies` equal invoices make up an item; `offsets` has each item's invoice date in days after the first; `due` is the day
    of the first item's due date, counted from its invoice date. `policies` are the indexes of those that can ever take it.
    """

    facts: Mapping[str, Value | None]
    terms: str
    due: int
    amounts: tuple[int, ...]
    policies: tuple[int, ...]
    promises: tuple[str, ...]  # the states of a promise that can be told apart, "none" first
    plans: bool
    disputes: bool
    events: tuple[Event, ...]  # what policies with `start:` count from
    open: frozenset[int]  # the clauses whose lasting tests hold, by number
    addresses: int = ALL_ADDRESSES
    copies: int = 1
    offsets: tuple[int, ...] = (0,)
    unapplied: int = 0

    @property
    def single(self) -> bool:
        """One open item: what is decided for every case."""
        return self.copies == 1 and len(self.offsets) == 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A clause of the book, and where it stands: ("for", policy), ("when", policy, step, dash), ("never", line), …"""

    where: tuple[str, int, int, int]
    clause: Clause

    @property
    def lasting(self) -> tuple[Test, ...]:
        return tuple(test for test in self.clause.tests if test.field not in CHANGING)

    @property
    def settled(self) -> bool:
        """Nothing that changes is asked."""
        return all(test.field not in CHANGING for test in self.clause.tests)


def asked(book: PolicyBook, invariants: Invariants) -> tuple[Asked, ...]:
    """Every clause of the book and of the invariants."""
    found = []
    for p, policy in enumerate(book.policies):
        found.append(Asked(("for", p, 0, 0), policy.fits))
        for step in policy.steps:
            for n, clause in enumerate(step.when.clauses if step.when else ()):
                found.append(Asked(("when", p, step.index, n), clause))
            whens = step.approve.when.clauses if step.approve and step.approve.when else ()
            for n, clause in enumerate(whens):
                found.append(Asked(("approve", p, step.index, n), clause))
    found += [Asked(("never", n, 0, 0), clause) for n, clause in enumerate(book.house.never)]
    found += [Asked(("pause", n, 0, 0), pause.clause) for n, pause in enumerate(book.house.pause)]
    found += [Asked(("rule", n, 0, 0), rule.fits) for n, rule in enumerate(invariants.rules) if rule.fits]
    return tuple(found)


def cuts(test: Test) -> tuple[int, ...]:
    """The whole numbers at which the answer of a test changes: it is one below, and another from there on."""
    numbers = [int(value) for value in test.values if not isinstance(value, str)]
    match test.op:
        case Op.OVER | Op.AT_MOST:
            return (numbers[0] + 1,)
        case Op.UNDER | Op.AT_LEAST:
            return (numbers[0],)
        case Op.BETWEEN:
            return (numbers[0], numbers[1] + 1)
        case Op.IS:
            return tuple(chain.from_iterable((number, number + 1) for number in numbers))


def sorts(book: PolicyBook, known: Known, invariants: Invariants) -> tuple[Sort, ...]:
    """Every sort of account with one open item that is not left to people for good, in a fixed order."""
    return _Sorting(book, known, invariants).run()


class _Sorting:
    def __init__(self, book: PolicyBook, known: Known, invariants: Invariants) -> None:
        self.book, self.known = book, known
        self.asked = asked(book, invariants)
        self.fields: dict[str, Field] = {field.column: field for field in known.fields.values()}

    def run(self) -> tuple[Sort, ...]:
        everything = (1 << len(self.asked)) - 1
        masks: dict[int, dict[str, Value | None]] = {everything: {}}
        lasting = sorted({test.field for each in self.asked for test in each.lasting} - {"terms", "limit"})
        for name in lasting:
            found: dict[int, dict[str, Value | None]] = {}
            for value in self._values(name):
                holds = self._holding(name, value)
                for mask, facts in masks.items():
                    found.setdefault(mask & holds, facts if value is None else {**facts, name: value})
            masks = found
        sorts: dict[object, Sort] = {}
        drawn = self._drawn()
        for mask, facts in masks.items():
            for terms, due in self._terms():
                with_terms = mask & self._holding("terms", terms)
                for limit in self._limits(with_terms):
                    holds = with_terms & self._holding("limit", limit)
                    given = facts if limit is None else {**facts, "limit": limit}
                    for sides in drawn:
                        self._add(sorts, holds, {**given, "sides": sides} if sides else given, terms, due)
        return tuple(sorts.values())

    def _drawn(self) -> list[frozenset[str]]:
        """Every way in which the comparisons of the house can have drawn an account to their challengers."""
        house = self.book.house
        marks = [split.mark(split.challenger) for split in house.splits if split.challenger]
        sizes = range(len(marks) + 1)
        return [frozenset(each) for size in sizes for each in combinations(marks, size)]

    def _holding(self, name: str, value: Value | None) -> int:
        """The clauses, as bits, whose tests of this fact all hold for a value."""
        mask = 0
        for number, each in enumerate(self.asked):
            if all(test.holds({name: value}) for test in each.clause.tests if test.field == name):
                mask |= 1 << number
        return mask

    # -- values ------------------------------------------------------------------------------------------------------

    def _tests(self, name: str) -> list[Test]:
        return [test for each in self.asked for test in each.clause.tests if test.field == name]

    def _values(self, name: str) -> list[Value | None]:
        field = self.fields[name]
        given = _GIVEN.get(name)
        if field.type is Type.FLAG:
            return [False, True] if given is not None else [None, True, False]
        if field.type.number:
            numbers = parts({cut for test in self._tests(name) for cut in cuts(test)}, 0)
            return [*([] if given is not None else [None]), *numbers]
        words = sorted({str(value) for test in self._tests(name) for value in test.values})
        if field.type is Type.TAGS:
            most = len(words) if len(words) <= 6 else 2
            sets = chain.from_iterable(combinations(words, size) for size in range(most + 1))
            return [frozenset(each) for each in sets]
        if name == "currency":
            return list(dict.fromkeys([self.book.house.currency.lower(), *words]))
        choices = field.choices or _OTHERS.get(field.norm, _OTHER_WORDS)
        other = next((word for word in choices if word not in words), None)
        return [None, *words, *([other] if other else [])]

    def _terms(self) -> list[tuple[str, int]]:
        """Terms and the day on which an invoice of FIRST falls due: those named, those of the ledger, and one for every
        stretch between two steps that count from something else than the due date.
        """
        named = {str(value) for test in self._tests("terms") for value in test.values}
        days = {30: "net 30"}
        for policy in self.book.policies:
            if policy.clock is Clock.DUE_DATE or policy.start is not None:
                continue
            zero = (clock_date(policy.clock, FIRST, FIRST) - FIRST).days
            bounds = sorted({max(0, zero + step.day) for step in policy.steps if step.day >= 0})
            for low, high in zip([0, *bounds], [*bounds, bounds[-1] + 31 if bounds else 31], strict=True):
                free = [day for day in range(low, high) if f"net {day}" not in named and day > 0]
                nice = [day for day in free if day % 15 == 0] or free
                if nice and not any(low <= day < high for day in days):
                    days[nice[0]] = f"net {nice[0]}"
        found = {word: day for day, word in days.items()}
        for word in sorted(named | self.known.ledger_terms()):
            meaning = read_terms(word)
            found[word] = (due_date(FIRST, meaning) - FIRST).days if isinstance(meaning, Terms) else 30
        return list(found.items())

    def _limits(self, mask: int) -> list[Value | None]:
        """Credit limits: by the tests on the limit, and so that a share of it falls between any two amounts."""
        if not any(
            test.field in ("limit", "used") for each in self._held(mask) for test in each.clause.tests
        ):
            return [None]
        limits = set(parts({cut for test in self._tests("limit") for cut in cuts(test)}, 0)) - {0}
        shares = {cut for test in self._tests("used") for cut in cuts(test) if cut > 0}
        least = max(self.book.house.minimum, 1)
        bounds = [least, *(cut for cut in sorted(self._amount_cuts(mask, 0, 1)) if cut > least)]
        for low, high in zip(bounds, [*bounds[1:], 4 * bounds[-1]], strict=True):
            limits |= {_round(low * 10_000 // share + 1, high * 10_000 // share) for share in shares}
        return [None, *sorted(limits)]

    def _held(self, mask: int) -> list[Asked]:
        return [each for number, each in enumerate(self.asked) if mask >> number & 1]

    def _amount_cuts(self, mask: int, limit: int, copies: int) -> set[int]:
        """Where what is owed in all makes a difference."""
        found = {self.book.house.minimum} - {0}
        for each in self._held(mask):
            for test in each.clause.tests:
                if test.field in TOTALS:
                    found |= set(cuts(test))
                elif test.field in AMOUNTS:
                    found |= {cut * copies for cut in cuts(test)}
                elif test.field == "used" and limit:
                    found |= {-(-cut * limit // 10_000) for cut in cuts(test)}
        return {cut for cut in found if cut > 1}

    # -- one sort ----------------------------------------------------------------------------------------------------

    def _add(
        self, sorts: dict[object, Sort], mask: int, facts: Mapping[str, Value | None], terms: str, due: int
    ) -> None:
        held = {each.where: each for each in self._held(mask)}
        if any(each.where[0] == "never" and each.settled for each in held.values()):
            return  # left to people whatever happens
        for number, pause in enumerate(self.book.house.pause):
            line = held.get(("pause", number, 0, 0))
            if line and line.settled and line.clause.tests and not pause.kinds and not pause.season:
                return  # paused whatever happens
        sides = facts.get("sides")
        policies = self._reachable(held, sides if isinstance(sides, frozenset) else frozenset())
        relevant = frozenset(
            number
            for number, each in enumerate(self.asked)
            if mask >> number & 1
            and (each.where[0] not in ("for", "when", "approve") or each.where[1] in policies)
        )
        only = sum(1 << number for number in relevant)
        tests = [test for each in self._held(only) for test in each.clause.tests]
        fields = {test.field for test in tests}
        events = tuple(
            event for event in Event if any(self.book.policies[p].start is event for p in policies)
        )
        clocked = any(
            self.book.policies[p].start is None and self.book.policies[p].clock is not Clock.DUE_DATE
            for p in policies
        )
        limit = facts.get("limit")
        whole = int(limit) if isinstance(limit, int) else 0
        amounts = parts(self._amount_cuts(only, whole, 1), max(self.book.house.minimum, 1))
        answers = [self._answers(relevant, facts, amount) for amount in amounts]
        told_apart = [n for n, answer in enumerate(answers) if n == 0 or answer != answers[n - 1]]
        key = (policies, due if clocked else 0, tuple(answers[n] for n in told_apart))
        sorts.setdefault(
            key,
            Sort(
                facts=facts,
                terms=terms,
                due=due,
                amounts=tuple(amounts[n] for n in told_apart),
                policies=policies,
                promises=_promises(
                    [test for test in tests if test.field == "promise"], Event.PROMISE_BROKEN in events
                ),
                plans="plan" in fields,
                disputes=bool(fields & {"disputed", "disputed_amount"}) or Event.DISPUTE_CLOSED in events,
                events=events,
                open=relevant,
            ),
        )

    def _answers(
        self, relevant: frozenset[int], facts: Mapping[str, Value | None], amount: int
    ) -> tuple[object, ...]:
        """What is left to be asked of an account that owes so much in one invoice, before and after it falls due.

        The dashes of a condition are taken together: whichever of them holds, the answer is the same.
        """
        limit = facts.get("limit")
        found: list[object] = []
        for overdue in (amount, 0):
            owes: dict[str, Value | None] = {"balance": amount, "largest": amount, "amount": amount}
            owes |= {"overdue": overdue, "disputed_amount": None}
            owes["used"] = amount * 10_000 // limit if isinstance(limit, int) and limit > 0 else None
            left: dict[tuple[object, ...], set[frozenset[Test]]] = {}
            for number in sorted(relevant):
                kind, one, two, three = self.asked[number].where
                if kind in ("when", "approve") and not overdue and self.book.policies[one].steps[two].demand:
                    continue  # a demand is never asked for before it is due
                dash = three if kind not in ("when", "approve") else 0
                tests = self.asked[number].clause.tests
                mine = [test for test in tests if test.field in _OWED]
                if all(test.holds(owes) for test in mine):
                    rest = frozenset(
                        test for test in tests if test.field in CHANGING and test.field not in _OWED
                    )
                    left.setdefault((kind, one, two, dash), set()).add(rest)
            found.append(
                frozenset(
                    (where, frozenset() if frozenset() in rests else frozenset(rests))
                    for where, rests in left.items()
                )
            )
        return tuple(found)

    def _reachable(
        self, held: Mapping[tuple[str, int, int, int], Asked], sides: frozenset[str]
    ) -> tuple[int, ...]:
        """The policies that can take it: those whose lasting tests hold, up to the first that surely fits."""
        found = []
        for number, policy in enumerate(self.book.policies):
            line = held.get(("for", number, 0, 0))
            if line is None or not on_side(self.book, policy.id, sides, None, FIRST):
                continue
            found.append(number)
            if line.settled and policy.start is None:
                break
        return tuple(found)


def parts(cuts: Iterable[int], least: int) -> list[int]:
    """A number from every part into which cuts divide the whole numbers from `least` on: a round one where there is one."""
    bounds = [least, *sorted({cut for cut in cuts if cut > least})]
    return [_round(low, high) for low, high in zip(bounds, [*bounds[1:], None], strict=True)]


def _round(low: int, high: int | None) -> int:
    """The roundest number from `low` to before `high`."""
    size = 1
    while True:
        larger = -(-low // (size * 10)) * size * 10
        if larger == 0 or (high is not None and larger >= high) or (high is None and size * 10 > max(low, 1)):
            return -(-low // size) * size
        size *= 10


def _promises(tests: Iterable[Test], starts: bool) -> tuple[str, ...]:
    """The states of a promise that the tests tell apart; `broken` always, where a policy starts from it."""
    found: dict[tuple[bool, ...], str] = {}
    lines = list(tests)
    for word in ("none", "broken", "kept", "open"):
        answers = tuple(test.holds({"promise": word}) for test in lines)
        found.setdefault(answers if word != "broken" or not starts else (*answers, True), word)
    return tuple(found.values())


def with_addresses(book: PolicyBook, sort: Sort) -> tuple[Sort, ...]:
    """The sort with every choice of known addresses that its steps tell apart, all of them first."""
    needs = [addresses(step) for p in sort.policies for step in book.policies[p].steps]
    used = {bit for needed, either in needs for bit in range(len(ADDRESSES)) if (needed | either) >> bit & 1}
    found: dict[tuple[bool, ...], Sort] = {}
    for size in range(len(used) + 1):
        for missing in combinations(sorted(used), size):
            known = ALL_ADDRESSES & ~sum(1 << bit for bit in missing)
            met = tuple(
                (needed & known) == needed and (not either or bool(either & known))
                for needed, either in needs
            )
            found.setdefault(met, replace(sort, addresses=known))
    return tuple(found.values())


def several(book: PolicyBook, asked_: tuple[Asked, ...], sort: Sort) -> tuple[Sort, ...]:
    """The sort with several equal invoices, as its tests on their number and on single invoices ask for."""
    tests = [test for number in sorted(sort.open) for test in asked_[number].clause.tests]
    copies = {cut for test in tests if test.field in COUNTS for cut in cuts(test)}
    singles = [
        cut for test in tests if test.field in ITEM_FIELDS | {"largest"} for cut in cuts(test) if cut > 1
    ]
    amounts = [cut for test in tests if test.field in TOTALS for cut in cuts(test)] + [book.house.minimum]
    if singles and {test.field for test in tests} & (AMOUNTS - TOTALS):
        copies |= {2, -(-max(amounts) // min(singles)) + 1}
    found = []
    for number in sorted(copies):
        if 1 < number <= MOST_COPIES:
            bounds = {cut for cut in amounts if cut > 1} | {cut * number for cut in singles}
            shares = [-(-amount // number) * number for amount in parts(bounds, number)]
            found.append(replace(sort, copies=number, amounts=tuple(dict.fromkeys(shares))))
    return tuple(found)


def with_more(sort: Sort) -> tuple[Sort, ...]:
    """The sort with a second invoice some days after the first, and with a third: a few distances out of all there are."""
    return tuple(replace(sort, offsets=offsets) for offsets in ((0, 7), (0, 25), (0, 0), (0, 12, 40)))


def zero(policy: Policy, sort: Sort, item: int = 0) -> int:
    """The day, counted from the first invoice, that is day 0 of an item on a policy's clock."""
    written = FIRST + timedelta(days=sort.offsets[item])
    due = FIRST + timedelta(days=sort.offsets[item] + sort.due)
    return (clock_date(policy.clock, written, due) - FIRST).days
