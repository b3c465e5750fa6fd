"""What people write in a test of a policy becomes an account, events and expectations."""

from __future__ import annotations

from datetime import date

import pytest

from engine.core.language.check import check
from engine.core.language.trials import DocumentKind, Trial, TrialFile, What
from engine.core.sentences import Reason
from tests.language.workspace import KNOWN, TRIALS, files

HEAD = """\
policy: standard
calendar: US
account:
  name: Harbor Supply
  segment: Trade
  terms: Net30
  tags: [Seasonal]
  limit: 5,000
  contacts: 3
  addresses: [email, phone]
  invoices:
    - {number: A1, date: 2026-01-05, due: 2026-02-04, amount: "1,200", open: 700}
    - {date: 2026-02-05, amount: 99.50 EUR, disputed: yes, statement: 2026-02-28}
  credits: [{number: C9, date: 2026-01-20, amount: 300}]
  payments: [{date: 2026-02-01, amount: 50}]
tests:
"""


def read(text: str) -> TrialFile:
    found = check({**files(), "policies/tests/standard.yaml": text.encode()}, KNOWN)
    assert found.problems == ()
    return found.trials[0]


def trial(*lines: str) -> Trial:
    return read(HEAD + "  - name: first\n" + "".join(f"    {line}\n" for line in lines)).trials[0]


def test_the_example_of_the_manual() -> None:
    found = read(TRIALS)
    ladder, dispute, key = found.trials
    assert (found.policy, found.calendar, found.file) == ("standard", None, "policies/tests/standard.yaml")
    assert [(each.day, each.wants[0].steps) for each in ladder.expect] == [
        (35, ("call collector",)),
        (45, ("letter firm-reminder",)),
        (60, ("call supervisor",)),
        (90, ("terms cash on delivery, email cod-notice",)),
    ]
    assert [(event.day, event.what) for event in dispute.events] == [
        (40, What.DISPUTE_OPENED),
        (52, What.DISPUTE_CLOSED),
    ]
    assert dispute.expect[1].because is Reason.DISPUTED
    assert dispute.expect[1].wants == ()
    assert (key.policy, key.expect, key.account.fields) == (
        "key-accounts",
        (),
        {"segment": "key", "terms": "net 30"},
    )
    assert key.account.first == ladder.account.first


def test_the_account() -> None:
    account = trial("expect: nothing").account
    assert account.name == "Harbor Supply"
    assert account.fields == {
        "segment": "trade",
        "terms": "net 30",
        "tags": frozenset({"seasonal"}),
        "limit": 500_000,
        "contacts": 3,
    }
    assert account.addresses == frozenset(
        {"email accounts payable", "email principal", "email account owner", "phone"}
    )
    first, second, credit, payment = account.documents
    assert (first.number, first.written, first.due, first.amount, first.open, first.currency) == (
        "A1",
        date(2026, 1, 5),
        date(2026, 2, 4),
        120_000,
        70_000,
        "USD",
    )
    assert (second.number, second.amount, second.currency, second.disputed, second.due) == (
        "A2",
        9_950,
        "EUR",
        True,
        None,
    )
    assert second.statement == date(2026, 2, 28)
    assert (credit.kind, credit.number, credit.open) == (DocumentKind.CREDIT_NOTE, "C9", 30_000)
    assert (payment.kind, payment.number, payment.amount) == (DocumentKind.PAYMENT, "P1", 5_000)


def test_a_test_changes_some_lines_of_the_account() -> None:
    account = trial(
        "account: {segment: key, invoices: [{date: 2026-03-01, amount: 5}], addresses: none}",
        "expect: nothing",
    ).account
    assert account.fields["segment"] == "key"
    assert account.fields["limit"] == 500_000
    assert [document.kind for document in account.documents] == ["invoice", "credit_note", "payment"]
    assert account.first is not None
    assert account.first.amount == 500
    assert account.addresses == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dispute opened", {"what": What.DISPUTE_OPENED}),
        ("dispute opened A1", {"what": What.DISPUTE_OPENED, "item": "A1"}),
        ("Dispute opened on a1", {"what": What.DISPUTE_OPENED, "item": "A1"}),
        ("dispute closed A1 for us", {"what": What.DISPUTE_CLOSED, "item": "A1", "favour": "us"}),
        ("dispute closed for the customer", {"what": What.DISPUTE_CLOSED, "favour": "customer"}),
        ("dispute closed for customer", {"what": What.DISPUTE_CLOSED, "favour": "customer"}),
        ("promise 1,200 by day 50", {"what": What.PROMISE, "amount": 120_000, "until_day": 50}),
        ("promise by 2026-03-01", {"what": What.PROMISE, "until": date(2026, 3, 1)}),
        (
            "promise 5 USD by day 50 for A1",
            {"what": What.PROMISE, "amount": 500, "until_day": 50, "item": "A1"},
        ),
        ("promise broken", {"what": What.PROMISE_BROKEN}),
        ("plan agreed", {"what": What.PLAN_AGREED}),
        ("payment 500", {"what": What.PAYMENT, "amount": 50_000}),
        ("payment of 500 on A1", {"what": What.PAYMENT, "amount": 50_000, "item": "A1"}),
        ("credit 500 on A1", {"what": What.CREDIT, "amount": 50_000, "item": "A1"}),
        ("paid", {"what": What.PAID}),
        ("paid in full", {"what": What.PAID}),
        ("paid A1", {"what": What.PAID, "item": "A1"}),
        ("call no answer", {"what": What.CALL, "outcome": "no answer"}),
        ("paused until day 60", {"what": What.PAUSED, "until_day": 60}),
        ("resumed", {"what": What.RESUMED}),
        ("declined", {"what": What.DECLINED}),
        ("insolvent", {"what": What.FACT, "column": "insolvent", "value": True}),
        ("terms net 60", {"what": What.FACT, "column": "terms", "value": "net 60"}),
        ("status is under review", {"what": What.FACT, "column": "status", "value": "under review"}),
        ("legal-form is Sole Trader", {"what": What.FACT, "column": "legal_form", "value": "sole trader"}),
        ("limit 9,000", {"what": What.FACT, "column": "limit", "value": 900_000}),
    ],
)
def test_an_event(text: str, expected: dict[str, object]) -> None:
    event = trial("events:", f"  40: {text}", "expect: nothing").events[0]
    words = ("item", "amount", "until", "until_day", "favour", "outcome", "column", "value")
    assert {
        "what": event.what,
        **{word: getattr(event, word) for word in words if getattr(event, word) is not None},
    } == (expected)
    assert (event.day, event.text) == (40, text)


def test_several_events_of_a_day_stay_in_order() -> None:
    events = trial("events: {40: [dispute opened A1, payment 5], 12: insolvent}", "expect: nothing").events
    assert [(event.day, event.what) for event in events] == [
        (12, What.FACT),
        (40, What.DISPUTE_OPENED),
        (40, What.PAYMENT),
    ]


def test_expectations() -> None:
    found = trial(
        "expect:",
        "  90: email cod-notice, terms cash on delivery",
        "  35: Call Collector",
        "  45: [letter firm-reminder, call supervisor]",
        "  50: nothing",
        "  51: nothing, because of the weekend",
        "  52: nothing because too soon after the last contact",
    )
    assert [each.day for each in found.expect] == [35, 45, 50, 51, 52, 90]
    assert [[want.steps for want in each.wants] for each in found.expect] == [
        [("call collector",)],
        [("letter firm-reminder",), ("call supervisor",)],
        [],
        [],
        [],
        [("terms cash on delivery, email cod-notice",)],
    ]
    assert [each.because for each in found.expect[2:5]] == [None, Reason.CLOSED_DAY, Reason.GAP]


def test_nobody_takes_the_account() -> None:
    assert trial("expect: no policy").policy == ""
    assert trial("expect: nothing").policy is None


def test_a_broken_policy_does_not_make_its_test_wrong() -> None:
    broken = {**files(standard="policy: S\nclock: due date\nsteps:\n  - day: soon\n    call: collector\n")}
    assert {problem.place.file for problem in check(broken, KNOWN).problems} == {"policies/standard.yaml"}
