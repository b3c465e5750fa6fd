"""Figures of calls, messages, promises and customers, each worked out on paper."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.figures.disputes import suppressions
from engine.core.figures.facts import Facts
from engine.core.figures.followed import efficiency_by_kind, outcomes_by_tone
from engine.core.figures.promises import ARRANGEMENTS, by_arrangement
from engine.core.figures.values import Value
from tests.figures.builder import in_period, known
from tests.figures.test_money import FOUR, value

ONE = ({"item": "1", "date": "04-01", "due": "04-30", "amount": 100_00},)


def may(as_of: str = "05-31", **given: Any) -> Facts:
    given.setdefault("documents", ONE)
    return in_period(known(as_of, **given), "05-01", "05-31", counting=True)


def called(on: str, **more: Any) -> dict[str, Any]:
    return {"on": on, **more}


def test_calls_and_whom_they_reach() -> None:
    calls = (
        called("05-04", outcome="no answer", reached=False),
        called("05-05", spoken_with="Ana", right_party=True, outcome="promise to pay"),
        called("05-06", outcome="hung up"),
        called("05-07", spoken_with="Bo", right_party=True, outcome="vague promise"),
        called("04-30", spoken_with="Bo", right_party=True, outcome="promise to pay"),
    )
    facts = may(calls=calls)
    assert value("contact rate", facts) == Value(75.0, 3, 4)
    assert value("right-party contact rate", facts) == Value(50.0, 2, 4)
    assert value("promise-to-pay rate", facts) == Value(50.0, 1, 2)
    given = (
        {"breaks_on": "05-20", "amount": 1, "state": "open", "call": 3},
    )  # a promise that names its call
    assert value("promise-to-pay rate", may(calls=calls, promises=given)).number == 100.0
    unsaid = value("right-party contact rate", may(calls=calls[:1]))
    assert unsaid.note == "no call on record says that somebody was spoken with who can pay or decide"


@pytest.mark.parametrize(
    ("then", "again"),
    [
        ({"spoken_with": " ana reyes"}, Value(100.0, 1, 1)),
        ({"spoken_with": "Bo"}, Value(0.0, 0, 1)),
        ({"reached": False, "outcome": "voicemail"}, Value(0.0, 0, 1)),
        ({"spoken_with": "Bo", "follows": 1}, Value(100.0, 1, 1)),  # it names another call than the last
    ],
)
def test_a_follow_up_that_reaches_the_same_person(then: dict[str, Any], again: Value) -> None:
    calls = [called("05-04", spoken_with="Ana Reyes"), called("05-18", **then)]
    if "follows" in then:
        calls.insert(1, called("05-04", account="A", spoken_with="Bo", follows=99))
    assert value("same-person follow-up", may(calls=calls)) == again


def test_a_call_much_later_or_of_another_account_follows_nothing() -> None:
    calls = (
        called("04-01", spoken_with="Ana"),
        called("05-10", spoken_with="Ana"),
        called("05-11", account="B"),
    )
    assert value("same-person follow-up", may(calls=calls)).note == "no call followed another in these days"


def test_actions_that_a_payment_followed() -> None:
    """Seven days must have ended in the period; the seventh day counts, the eighth and the same do not."""
    actions = (
        {"account": "A", "taken_on": "05-04", "tone": 1},  # paid on the 7th day
        {"account": "B", "taken_on": "05-04", "tone": 1, "kind": "letter"},  # paid on the 8th
        {"account": "C", "taken_on": "05-04", "tone": 2, "kind": "letter"},  # paid the same day
        {"account": "A", "taken_on": "05-26"},  # not ripe
        {"account": "A", "taken_on": "05-04", "kind": "call", "state": "done", "tone": 0},
        {"account": "A", "taken_on": "05-04", "day": -5},  # a courtesy
        {"account": "A", "taken_on": "05-04", "state": "cancelled"},
        {"account": "A", "taken_on": "05-04", "kind": "task", "state": "done"},
    )
    days = {"A": "05-11", "B": "05-12", "C": "05-04"}
    paid = [{"account": account, "item": None, "amount": 1, "paid_on": on} for account, on in days.items()]
    facts = may(
        actions=actions,
        payments=paid,
        promises=({"account": "B", "made_on": "05-06", "breaks_on": "06-01", "amount": 1, "state": "open"},),
    )
    assert value("action efficiency", facts) == Value(50.0, 2, 4)
    assert efficiency_by_kind(facts) == [("call", 1, 1, 100.0), ("email", 1, 1, 100.0), ("letter", 2, 0, 0.0)]
    assert outcomes_by_tone(facts) == [("courteous", 2, 50.0, 50.0, 0.0), ("firm", 1, 0.0, 0.0, 0.0)]


def test_how_soon_the_first_contact_comes() -> None:
    episodes = (
        {"account": "A", "started": "05-01"},
        {"account": "B", "started": "05-04"},
        {"account": "C", "started": "2024-12-01"},  # late before there was any ledger here
        {"account": "D", "started": "05-05", "ended": "05-10"},
    )
    calls = (
        called("05-03", account="A", reached=False, outcome="no answer"),
        called("05-08", account="A"),
        called("05-20", account="C"),
        called("05-20", account="D"),  # when all was paid
    )
    wrote = ({"account": "B", "taken_on": "05-05"}, {"account": "B", "taken_on": "05-20"})
    found = value("contact latency", may(episodes=episodes, calls=calls, actions=wrote))
    assert found == Value((7 + 1) / 2, of=2)


def test_accounts_that_one_call_was_enough_for() -> None:
    episodes = [{"account": a, "started": "05-01", "ended": "05-20"} for a in "ABC"]
    calls = (called("05-05", account="A"), called("05-05", account="B"), called("05-09", account="B"))
    assert value("first-contact resolution", may(episodes=episodes, calls=calls)) == Value(50.0, 1, 2)


def promised(state: str, amount: int = 100, breaks_on: str = "05-20", **more: Any) -> dict[str, Any]:
    return {"state": state, "amount": amount, "breaks_on": breaks_on, **more}


SIX = (
    promised("kept", 500), promised("kept"), promised("kept"), promised("partly kept", 200),
    promised("broken"), promised("broken", kind="check"),
    promised("superseded", 900), promised("withdrawn", 900), promised("kept", 900, "06-02"),
)  # fmt: skip


def test_promises_that_fell_due() -> None:
    facts = may(promises=SIX)
    assert value("promises kept", facts) == Value(50.0, 3, 6)
    assert value("promises partly kept", facts).number == pytest.approx(100 / 6)
    assert value("promises broken", facts).number == pytest.approx(100 / 3)
    amount = value("promises kept by amount", in_period(known(documents=ONE, promises=SIX), "05-01", "05-31"))
    assert amount == Value(pytest.approx(70 / 1.1), 700, 1_100)


def test_a_promise_whose_end_no_ledger_shows_is_neither() -> None:
    """The newest ledger is of the day of the promise itself: it cannot know."""
    unknown = promised("open", breaks_on="05-29", pays_on="05-31")
    found = value("promises kept", may(promises=(*SIX, unknown)))
    assert (found.part, found.of) == (3, 6)
    assert found.note == "1 promise has come to an end that no ledger shows yet"
    unwritten = promised("open", breaks_on="05-29", pays_on="05-27")  # and one that it does show
    assert value("promises broken", may(promises=(*SIX, unwritten))).part == 3


def test_what_customers_can_keep() -> None:
    plan = [promised("kept", kind="instalment", plan=1, instalments=3) for _ in range(3)]
    long_ = [
        promised("broken", kind="instalment", plan=2, instalments=9),
        promised("kept", 300, kind="instalment", plan=2, instalments=9),
    ]
    rows = by_arrangement(in_period(known(documents=ONE, promises=[*SIX, *plan, *long_]), "05-01", "05-31"))
    assert rows == [
        (ARRANGEMENTS[0], 5, 3, 60.0, 1_000, 700, 70.0),
        (ARRANGEMENTS[1], 1, 0, 0.0, 100, 0, 0.0),
        (ARRANGEMENTS[2], 3, 3, 100.0, 300, 300, 100.0),
        (ARRANGEMENTS[4], 2, 1, 50.0, 400, 300, 75.0),
    ]


def test_everything_that_is_set_aside() -> None:
    late = {"item": "L", "account": "L", "date": "03-01", "due": "04-01", "amount": 700}
    stands = (
        {"account": "L", "what": "pause", "from_day": "05-21"},
        {"account": "L", "what": "no calls", "from_day": "05-01", "until": "05-10"},  # over
        {"account": "Z", "what": "pause", "from_day": "05-21"},  # owes nothing
    )
    facts = in_period(
        known(
            documents=(*FOUR[:2], late),
            disputes=({"item": "2", "opened": "05-11"},),
            promises=(
                promised("open", 400, "06-05", made_on="05-27", paid=100),
                promised("open", 5, "06-05", plan=1),
            ),
            plans=({"made_on": "05-01", "until": "07-31", "amount": 900},),
            stands=stands,
            actions=(
                {
                    "state": "awaiting approval",
                    "taken_on": None,
                    "on": "05-25",
                    "since": "05-25",
                    "amount": 50,
                    "kind": kind,
                }
                for kind in ("terms", "email")
            ),
        ),
        "05-01",
        "05-31",
    )
    assert suppressions(facts) == [
        ("disputed", 1, 1, 20, 20.0, 9_000_00),
        ("payment plan", 1, 1, 30, 30.0, 900),
        ("pause", 1, 1, 10, 10.0, 700),
        ("promised", 1, 1, 4, 4.0, 300),
        ("waits for approval", 1, 1, 6, 6.0, 50),
    ]


def test_who_is_past_due_and_who_for_the_first_time() -> None:
    """A was late before, B not for two years, C never; D bought and owes nothing, E was last invoiced long ago."""
    documents = (
        *({"item": a, "account": a, "date": "04-01", "due": "05-10", "amount": 100} for a in "ABC"),
        {"item": "D", "account": "D", "date": "2025-08-01", "due": "2025-09-01", "amount": 100, "open": 0},
        {"item": "E", "account": "E", "date": "2025-03-01", "due": "2025-04-01", "amount": 100, "open": 0},
    )
    paid = (
        {"account": "A", "item": None, "amount": 1, "paid_on": "03-01", "days_late": 3},
        {"account": "B", "item": None, "amount": 1, "paid_on": "2024-03-01", "days_late": 3},
        {"account": "C", "item": None, "amount": 1, "paid_on": "03-01", "days_late": 0},
        {"account": "D", "item": "D", "amount": 100, "paid_on": "2025-09-01"},
        {"account": "E", "item": "E", "amount": 100, "paid_on": "2025-09-01"},
    )
    facts = may(documents=documents, payments=paid)
    assert value("accounts past due", facts) == Value(75.0, 3, 4)
    assert value("first time past due", facts) == Value(pytest.approx(200 / 3), 2, 3)


def test_a_record_that_is_too_short_for_first_times_says_so() -> None:
    found = value("first time past due", may())
    assert found.number == 100.0
    assert found.note == "what was before Wed 1 Jan 2025 is not on record"


def test_accounts_that_still_buy() -> None:
    """The ninetieth day after the contact must be in the period, and counts itself."""
    calls = (called("02-20", account="A"), called("02-20", account="B"), called("03-20", account="C"))
    sold = (
        {"item": "1", "account": "A", "date": "05-21", "due": "06-20", "amount": 1},
        {"item": "2", "account": "B", "date": "02-20", "due": "03-20", "amount": 1},
    )
    assert value("still buying", may(calls=calls, documents=sold)) == Value(50.0, 1, 2)


def test_steps_done_in_time() -> None:
    """By the open day after the one they were decided on: Fri 15 May to Mon 18 May."""
    actions = (
        {"key": "1", "on": "05-15", "taken_on": "05-18"},
        {"key": "2", "on": "05-15", "taken_on": "05-19"},
        {"key": "3", "on": "05-15", "taken_on": None, "since": "05-15", "state": "planned", "kind": "call"},
        {
            "key": "4",
            "on": "05-15",
            "taken_on": None,
            "since": "05-18",
            "state": "put back",
            "kind": "call",
        },  # tried
        {"key": "5", "on": "05-15", "taken_on": None, "since": "05-16", "state": "cancelled"},  # paid
        {"key": "6", "on": "05-15", "taken_on": "05-15", "episode": 0},  # of no ladder
        {
            "key": "7",
            "on": "05-29",
            "taken_on": None,
            "since": "05-29",
            "state": "planned",
        },  # its time has not passed
    )
    calls = (called("05-15", action="4", reached=False, outcome="busy"),)
    assert value("policy compliance", may(actions=actions, calls=calls)) == Value(50.0, 2, 4)
