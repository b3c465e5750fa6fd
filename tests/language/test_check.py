"""The files of the manual become the book that they describe; the checks of the whole say what is wrong."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from engine.core.language.check import Checked, check, lost_history
from engine.core.language.condition import Op
from engine.core.language.follows import PEER, Asked, Delay, Unit
from engine.core.language.policy import (
    Clock,
    Event,
    Kind,
    Late,
    Limit,
    PolicyBook,
    Repeat,
    Step,
)
from engine.core.problem import Severity, problem_text
from tests.language.workspace import FILES, HOUSE, KNOWN, STANDARD, files


def checked(**changed: str) -> Checked:
    """The examples with files replaced; policy tests are left out because they belong to the old texts."""
    texts = {file: data for file, data in files(**changed).items() if "/tests/" not in file}
    return check(texts, KNOWN)


def book(**changed: str) -> PolicyBook:
    found = checked(**changed)
    assert found.book is not None, "\n".join(map(problem_text, found.problems))
    return found.book


def step(*lines: str, head: str = "clock: due date") -> Step:
    text = f"policy: Standard\n{head}\nsteps:\n  - {lines[0]}\n" + "".join(
        f"    {line}\n" for line in lines[1:]
    )
    policy = book(standard=text).policy("standard")
    assert policy is not None
    return policy.steps[0]


def codes(found: Checked) -> list[str]:
    return [problem.code for problem in found.problems]


def test_the_examples_of_the_manual_have_no_problem() -> None:
    found = check(files(), KNOWN)
    assert found.problems == ()
    assert found.book is not None
    assert [policy.id for policy in found.book.policies] == ["broken-promise", "key-accounts", "standard"]
    assert len(found.trials) == 1


def test_the_standard_policy() -> None:
    policy = book().policy("standard")
    assert policy is not None
    assert (policy.title, policy.clock, policy.start, policy.each_invoice) == (
        "Standard terms",
        Clock.INVOICE_DATE,
        None,
        False,
    )
    terms, segment = policy.fits.tests
    assert (terms.field, terms.op, terms.values, terms.text) == ("terms", Op.IS, ("net 30",), "net 30")
    assert (segment.values, segment.text, str(segment.place)) == (
        ("trade", "retail"),
        "[trade, retail]",
        "policies/standard.yaml:4:3",
    )
    assert [(each.day, each.index, each.name) for each in policy.steps] == [
        (35, 0, "call collector"),
        (45, 1, "letter firm-reminder"),
        (60, 2, "call supervisor"),
        (90, 3, "terms cash on delivery, email cod-notice"),
    ]
    first, last = policy.steps[0], policy.steps[-1]
    assert (first.script, first.to, first.place.line) == ("first-call", "accounts payable", 8)
    assert last.approve is not None
    assert last.approve.by == "credit manager"
    assert [(action.kind, action.value, action.place.line) for action in last.actions] == [
        (Kind.TERMS, "cash on delivery", 20),
        (Kind.EMAIL, "cod-notice", 21),
    ]


def test_the_house() -> None:
    house = book().house
    assert (house.currency, house.calendar, house.closed) == ("USD", "US", "next open day")
    assert (house.opens, house.closes, house.open_days) == (510, 1020, (0, 1, 2, 3, 4))
    assert (house.answer, house.gap, house.minimum) == (7, 5, 5000)
    assert house.contact == Limit(3, 7)
    assert house.late == Late("climb")
    assert house.capacity == {"calls": 60, "letters": 40}
    assert house.stop == {"actions": 400, "letters": 100}
    assert [clause.tests[0].field for clause in house.never] == ["insolvent", "attorney"]
    review, letters = house.pause
    assert (review.kinds, review.season) == ((), None)
    assert (letters.kinds, letters.season, letters.clause.tests) == ((Kind.LETTER,), ((12, 18), (12, 31)), ())
    assert {word: place.line for word, place in house.places.items()}["minimum"] == 14


def test_an_event_starts_the_ladder() -> None:
    policy = book().policy("broken-promise")
    assert policy is not None
    assert policy.start is Event.PROMISE_BROKEN
    promise, overdue = policy.fits.tests
    assert (promise.values, overdue.op, overdue.values) == (("broken",), Op.OVER, (10_000,))


def test_outcomes_say_what_follows() -> None:
    outcomes = book().outcomes
    hung_up, check = outcomes["hung up"], outcomes["check in the mail"]
    assert [option.name for option in hung_up.offer] == [
        "call back now",
        "call back in 10 minutes",
        "call peer",
        "call supervisor",
        "close, enough was said",
    ]
    again = hung_up.offer[1].follow.call
    assert again is not None
    assert (again.by, again.after, again.script) == ("", Delay(10, Unit.MINUTE), "carry-on")
    assert hung_up.twice_running is not None
    assert hung_up.twice_running.email is not None
    assert (hung_up.twice_running.email.template, hung_up.twice_running.email.from_) == (
        "after-hang-ups",
        "supervisor",
    )
    assert check.ask == (Asked("check number"), Asked("amount"), Asked("date mailed"))
    assert check.promise is not None
    assert (check.promise.kind, check.promise.least, check.promise.most) == ("check", 5, 7)
    assert check.follow.call is not None
    assert check.follow.call.same_person
    (task,) = outcomes["dispute"].follow.tasks
    assert (task.role, task.within) == ("dispute owner", Delay(5, Unit.OPEN_DAY))
    (task,) = outcomes["hardship"].follow.tasks
    assert (task.role, task.what, task.within) == ("", "offer a payment plan", None)
    assert outcomes["angry"].follow.cool == Delay(1, Unit.OPEN_DAY)
    assert outcomes["angry"].follow.call is not None
    assert outcomes["angry"].follow.call.by == PEER
    later = outcomes["no invoice"].follow.call
    assert later is not None
    assert (later.by, later.same_person, later.after) == ("", False, Delay(3, Unit.OPEN_DAY))
    dashed = book(outcomes="hung up:\n  twice-running:\n    email: after-hang-ups\n").outcomes
    assert dashed["hung up"].twice_running is not None


def test_an_outcome_can_differ_by_reason_and_ask_in_the_team_s_own_words() -> None:
    text = """\
hardship:
  ask: [short or long, Who signs for payments there?, date if known]
  on reason:
    cash_crunch_short:
      suggest: promise within 14 days
      checklist: [ask for a part of it today, ask what comes in and when]
    hardship long:
      task: [offer a payment plan, "credit manager, review the limit in 2 days"]
      resources: [their bank's overdraft]
vague promise:
  then: call J. Ortiz in 2 hours
"""
    outcomes = book(outcomes=text).outcomes
    hardship = outcomes["hardship"]
    assert hardship.ask == (
        Asked("short or long"),
        Asked("Who signs for payments there?"),
        Asked("date", needed=False),
    )
    assert hardship.on_reason["cash crunch short"].suggest == 14
    assert len(hardship.on_reason["cash crunch short"].checklist) == 2
    offered, review = hardship.on_reason["hardship long"].tasks
    assert (offered.role, review.role, review.within) == ("", "credit manager", Delay(2, Unit.DAY))
    call = outcomes["vague promise"].follow.call
    assert call is not None
    assert (call.by, call.after, call.text) == ("J. Ortiz", Delay(2, Unit.HOUR), "call J. Ortiz in 2 hours")


@pytest.mark.parametrize(
    ("line", "op", "values", "negated"),
    [
        ("balance: over 1,000", Op.OVER, (100_000,), False),
        ("balance: under 1,000.50 USD", Op.UNDER, (100_050,), False),
        ("balance: at least $5", Op.AT_LEAST, (500,), False),
        ("balance: between 1,000 and 5,000", Op.BETWEEN, (100_000, 500_000), False),
        ("balance: not between 1 and 2", Op.BETWEEN, (100, 200), True),
        ("unapplied: 0", Op.IS, (0,), False),
        ("broken: 2", Op.IS, (2,), False),
        ("broken: [1, 2]", Op.IS, (1, 2), False),
        ("oldest: at most 60 days", Op.AT_MOST, (60,), False),
        ("used: at least 90%", Op.AT_LEAST, (9_000,), False),
        ("used: not over 99.5%", Op.OVER, (9_950,), True),
        ("disputed: yes", Op.IS, (True,), False),
        ("insolvent: not yes", Op.IS, (True,), True),
        ("segment: Chain", Op.IS, ("chain",), False),
        ("segment: not [a, B c]", Op.IS, ("a", "b c"), True),
        ("time-zone: America/New_York", Op.IS, ("America/New_York",), False),
        ("segment: Straße", Op.IS, ("strasse",), False),
        ("legal-form: Sole  Trader", Op.IS, ("sole trader",), False),
        ("country: NO", Op.IS, ("no",), False),
        ("country: [Germany, at, UK]", Op.IS, ("de", "at", "gb"), False),
        ("language: German", Op.IS, ("de",), False),
        ("currency: EUR", Op.IS, ("eur",), False),
        ("terms: [Net30, n/60, COD]", Op.IS, ("net 30", "net 60", "cash on delivery"), False),
        ("tags: [Seasonal, chain]", Op.IS, ("seasonal", "chain"), False),
        ("first-time: no", Op.IS, (False,), False),
        ("rating: over 300", Op.OVER, (300,), False),
        ("sales region: North", Op.IS, ("north",), False),
        ("owner: not JOrtiz", Op.IS, ("JOrtiz",), True),
        ("status: over limit", Op.IS, ("over limit",), False),
    ],
)
def test_a_line_of_for(line: str, op: Op, values: tuple[object, ...], negated: bool) -> None:
    text = f"policy: Standard\nfor:\n  {line}\nclock: due date\nsteps:\n  - day: 1\n    call: collector\n"
    policy = book(standard=text).policy("standard")
    assert policy is not None
    test = policy.fits.tests[0]
    assert (test.op, test.values, test.negated) == (op, values, negated)
    assert test.field == line.split(":")[0].replace("-", "_")
    assert [type(value) for value in test.values] == [type(value) for value in values]


def test_the_house_currency_counts_everywhere() -> None:
    euros = book(house=HOUSE.replace("USD", "EUR"))
    assert euros.house.minimum == 5000
    yen = book(house=HOUSE.replace("USD", "JPY"))
    assert yen.house.minimum == 50
    policy = yen.policy("broken-promise")
    assert policy is not None
    assert policy.fits.tests[1].values == (100,)


def test_words_of_a_step() -> None:
    found = step(
        "day: 40",
        "name: last call",
        "hold: orders",
        "hand off: agency",
        "task: J. Ortiz, visit the customer, today",
        "webhook: crm",
        "letter: firm-reminder",
        "to: principal",
        "from: M. Chen",
        "notify: account owner",
        "approve: {by: credit manager, when: [{amount: over 500}, {days-overdue: over 30, used: over 90%}]}",
        "restore-after: 3 clean months",
    )
    assert found.name == "last call"
    assert [action.kind for action in found.actions] == [
        Kind.HOLD,
        Kind.HAND_OFF,
        Kind.TASK,
        Kind.WEBHOOK,
        Kind.LETTER,
    ]
    assert (found.actions[2].value, found.actions[2].what) == ("J. Ortiz", "visit the customer, today")
    assert (found.to, found.from_, found.notify, found.restore_after) == (
        "principal",
        "M. Chen",
        "account owner",
        3,
    )
    assert found.approve is not None
    assert found.approve.when is not None
    assert [len(clause.tests) for clause in found.approve.when.clauses] == [1, 2]


def test_repeat_and_own_rules_of_a_policy() -> None:
    head = "clock: end of month\nlate: skip 7 days\ngap: 2 weeks\nanswer: 10\neach: invoice\n"
    repeated = "{day: 5, email: firm-reminder, repeat: 'every 14 days, at most 5'}"
    text = f"policy: S\n{head}without: [call, terms]\nsteps:\n  - {repeated}\n"
    found = book(standard=text)
    policy = found.policy("standard")
    assert policy is not None
    assert policy.steps[0].repeat == Repeat(14, 5)
    assert (policy.each_invoice, policy.without) == (True, (Kind.CALL, Kind.TERMS))
    assert (found.late(policy), found.gap(policy), found.answer(policy)) == (Late("skip", 7), 14, 10)


def test_when_without_dashes_is_one_dash() -> None:
    found = step("day: 1", "call: collector", "when:", "  overdue: over 5", "  used: over 90%")
    assert found.when is not None
    assert [len(clause.tests) for clause in found.when.clauses] == [2]


@pytest.mark.parametrize(
    ("said", "days", "opens", "closes"),
    [
        ("weekdays 8:30-17:00", (0, 1, 2, 3, 4), 510, 1020),
        ("every day 0-24", (0, 1, 2, 3, 4, 5, 6), 0, 1440),
        ("Mon to Sat 9:00 to 18:00", (0, 1, 2, 3, 4, 5), 540, 1080),
        ("Sun-Thu 9-17", (0, 1, 2, 3, 6), 540, 1020),
        ("monday, wednesday and friday 9–12", (0, 2, 4), 540, 720),
    ],
)
def test_hours(said: str, days: tuple[int, ...], opens: int, closes: int) -> None:
    house = book(house=HOUSE.replace("weekdays 8:30-17:00", said)).house
    assert (house.open_days, house.opens, house.closes) == (days, opens, closes)


@pytest.mark.parametrize(
    "said", ["weekdays 17:00-8:30", "weekdays 8:75-17:00", "weekdays 8-25", "always 8-17"]
)
def test_hours_that_are_none(said: str) -> None:
    assert codes(checked(house=HOUSE.replace("weekdays 8:30-17:00", said))) == ["hours"]


def test_other_words_of_the_house() -> None:
    more = "fresh: 2 days\nusual: 2.5 times\nlive: on save\nscore: age\nowner: supervisor\n"
    found = book(house=HOUSE.replace("capacity: {calls: 60", 'capacity: {J. Ortiz: "1,060"') + more).house
    assert (found.fresh, str(found.usual), found.live, found.score) == (48, "2.5", "on save", "age")
    assert (found.owner, found.capacity) == ("supervisor", {"J. Ortiz": 1060, "letters": 40})


def test_a_score_by_weights() -> None:
    said = "score: {amount: 1, age: 1, risk: 2, promise: 2, quiet: 0}\n"
    assert book(house=HOUSE + said).house.score == {"amount": 1, "age": 1, "risk": 2, "promise": 2}


def test_a_season_may_run_over_the_new_year_and_pause_everything() -> None:
    text = HOUSE.replace("letter: 18 Dec to 31 Dec ", "{everything: 20 December to 6 January, country: DE} ")
    pause = book(house=text).house.pause[1]
    assert (pause.kinds, pause.season) == ((), ((12, 20), (1, 6)))
    assert pause.clause.tests[0].values == ("de",)


def test_terms_are_a_fact_and_an_action() -> None:
    text = HOUSE.replace("letter: 18 Dec to 31 Dec ", "{terms: mixed} ")
    assert book(house=text).house.pause[1].clause.tests[0].values == ("mixed",)
    season = HOUSE.replace("letter: 18 Dec to 31 Dec ", "{terms: 1 Jan to 2 Jan} ")
    assert book(house=season).house.pause[1].kinds == (Kind.TERMS,)


def test_one_policy_needs_no_house() -> None:
    found = check({"policies/standard.yaml": STANDARD.encode()}, KNOWN)
    assert found.book is not None
    assert found.book.house.order == ("standard",)


def test_steps_are_numbered_by_day_and_then_by_file() -> None:
    steps = (
        "steps:\n  - {day: 9, call: supervisor}\n  - {day: 5, call: collector}\n  - {day: 5, webhook: crm}\n"
    )
    found = checked(standard="policy: S\nclock: due date\n" + steps)
    assert codes(found) == ["order-of-days", "order-of-days"]
    assert found.book is not None
    policy = found.book.policy("standard")
    assert policy is not None
    assert [(each.index, each.name) for each in policy.steps] == [
        (0, "call collector"),
        (1, "webhook crm"),
        (2, "call supervisor"),
    ]


def test_a_warning_lets_the_book_live_and_an_error_does_not() -> None:
    warned = checked(standard=STANDARD.replace("net 30", "[net 30, net 60]"))
    assert {problem.severity for problem in warned.problems} == {Severity.WARNING}
    assert warned.book is not None
    assert checked(standard=STANDARD.replace("day: 35", "day: never")).book is None


def test_all_problems_of_all_files_at_once() -> None:
    found = checked(
        standard=STANDARD.replace("segment", "segmnt").replace("day: 45", "day: later"),
        key_accounts=FILES["policies/key-accounts.yaml"].replace("clock", "clok"),
        house=HOUSE.replace("gap", "gapp"),
    )
    assert {(problem.place.file, problem.code) for problem in found.problems} >= {
        ("policies/standard.yaml", "unknown-field"),
        ("policies/standard.yaml", "not-a-number"),
        ("policies/key-accounts.yaml", "unknown-word"),
        ("policies/house.yaml", "unknown-word"),
    }


def test_a_demand_before_the_due_date_is_told_for_the_terms_in_the_ledger() -> None:
    every = STANDARD.replace("  terms: net 30\n", "")
    texts = {file: data for file, data in files(standard=every).items() if "/tests/" not in file}
    terms = frozenset({"net 30", "net 45", "net 60", "cash on delivery"})
    known = replace(KNOWN, ledger_terms=lambda: terms)
    found = check(texts, known).problems
    assert [problem.sentence for problem in found] == [
        "on net 45, net 60, day 35 from the invoice is 25 days before it is due",
        "on net 60, day 45 from the invoice is 15 days before it is due",
    ]
    due = {**texts, "policies/standard.yaml": every.replace("invoice date  ", "due date  ").encode()}
    assert check(due, known).problems == ()


@pytest.mark.parametrize(
    ("earlier", "later", "reached"),
    [
        ("balance: not over 0", "balance: under 0; segment: key", False),
        ("segment: trade", "segment: trade", False),
        ("segment: [trade, key]", "segment: key", False),
        ("segment: trade", "segment: [trade, key]", True),
        ("segment: not key", "segment: trade", False),
        ("segment: not key", "segment: not [key, trade]", False),
        ("segment: trade", "segment: not key", True),
        ("balance: over 100", "balance: over 500", False),
        ("balance: over 500", "balance: over 100", True),
        ("balance: at least 100", "balance: between 100 and 200", False),
        ("balance: not over 500", "balance: under 100", False),
        ("balance: under 500", "balance: not over 100", True),
        ("broken: at least 1", "broken: 2", False),
        ("disputed: not yes", "disputed: no", False),
        ("tags: not vip", "tags: seasonal", True),
        ("tags: [vip, seasonal]", "tags: vip", False),
        ("segment: trade; balance: over 5", "segment: trade", True),
    ],
)
def test_a_policy_that_no_account_reaches(earlier: str, later: str, reached: bool) -> None:
    def text(tests: str) -> bytes:
        lines = "".join(f"  {test}\n" for test in tests.split("; "))
        return f"policy: P\nfor:\n{lines}clock: due date\nsteps: [{{day: 1, call: collector}}]\n".encode()

    found = check(
        {
            "policies/a.yaml": text(earlier),
            "policies/b.yaml": text(later),
            "policies/house.yaml": b"order: [a, b]\n",
        },
        KNOWN,
    )
    assert codes(found) == ([] if reached else ["never-reached"])


def test_a_policy_with_a_start_leaves_the_others_their_accounts() -> None:
    text = "policy: P\nfor: {segment: key}\nstart: dispute closed\nsteps: [{day: 1, call: collector}]\n"
    assert checked(broken_promise=text).problems == ()


def test_the_hash_is_of_names_and_texts() -> None:
    assert book().hash == book().hash
    assert len(book().hash) == 64
    assert book(standard=STANDARD + "\n").hash != book().hash
    assert book().texts["policies/standard.yaml"] == STANDARD
    assert "policies/tests/standard.yaml" not in check(files(), KNOWN).book.texts  # type: ignore[union-attr]


def test_lost_history_names_what_a_change_would_forget() -> None:
    old = book()
    assert lost_history(old, book(standard=STANDARD.replace("day: 45", "day: 50"))) == ()
    assert lost_history(
        old, book(standard=STANDARD.replace("letter: firm-reminder", "email: firm-reminder"))
    ) == (("standard", "letter firm-reminder"),)
    renamed = {f.replace("standard", "normal"): data for f, data in files().items() if "/tests/" not in f}
    renamed["policies/house.yaml"] = HOUSE.replace("standard]", "normal]").encode()
    new = check(renamed, KNOWN).book
    assert new is not None
    assert {id for id, _ in lost_history(old, new)} == {"standard"}
    assert len(lost_history(old, new)) == 4


def test_other_files_are_left_alone() -> None:
    more = {**files(), "policies/README.md": b"\xff not yaml", "templates/firm-reminder.md": b"---\n"}
    assert check(more, KNOWN).problems == ()


def test_two_hundred_policies_in_a_second() -> None:
    texts = {
        f"policies/p{n}.yaml": STANDARD.replace("segment: [trade, retail]", f"segment: s{n}").encode()
        for n in range(200)
    }
    texts["policies/house.yaml"] = ("order: [" + ", ".join(f"p{n}" for n in range(200)) + "]\n").encode()
    check(texts, KNOWN)  # the first call reads Babel's tables
    began = time.process_time()
    found = check(texts, KNOWN)
    assert time.process_time() - began < 1.0
    assert found.book is not None
    assert len(found.book.policies) == 200
