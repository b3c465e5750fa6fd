"""What followed on each side of a comparison, from records that can be counted by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from io import StringIO
from random import Random
from typing import Any

import polars as pl
import pytest
from rich.console import Console, RenderableType

from engine.core.decision import questions
from engine.core.language.policy import Split
from engine.core.problem import Place
from engine.core.rules import evaluators
from engine.core.trust.compare import COST, LOTS, PAID, PROMISES, Comparison, compared
from engine.core.trust.trial import run_trials
from engine.jobs.compare import Compared
from engine.screen.compare import compared_drawn, compared_value, verdicts
from tests.decision.builder import LADDER
from tests.figures.builder import known
from tests.trust.test_deep import checked, proof


def written(what: RenderableType) -> str:
    screen = Console(width=100, file=StringIO())
    with screen.capture() as text:
        screen.print(what)
    return text.get()


START = date(2026, 3, 1)
SPLIT = Split(
    "earlier", {"now": 50, "early": 50}, date(2026, 12, 31), "who pays sooner?", Place("house.yaml", 9)
)
COSTS = {"calls": 600, "letters": 150, "emails": 0, "statements": 0}


def lots(*rows: tuple[str, str, int]) -> pl.DataFrame:
    """(account, side, days after the start on which it was drawn)."""
    made = [(account, side, "trade", 1, START + timedelta(days=day)) for account, side, day in rows]
    return pl.DataFrame(made, schema=dict(LOTS), orient="row")


def on(day: int) -> str:
    return (START + timedelta(days=day)).isoformat()


def found(drawn: pl.DataFrame, as_of: int, split: Split | None = SPLIT, **given: Any) -> Comparison:
    records = known(on(as_of), **given)
    return compared("earlier", split, drawn, records, START + timedelta(days=as_of), COSTS, "USD")


def paid(account: str, day: int | None, number: int = 1) -> Mapping[str, Any]:
    return {
        "account": account,
        "number": number,
        "started": on(0),
        "ended": None if day is None else on(day),
    }


# -- what is counted -----------------------------------------------------------------------------------------------------


def test_each_account_counts_on_its_side_and_for_its_thirty_days() -> None:
    drawn = lots(("A", "now", 0), ("B", "now", 5), ("C", "early", 0), ("D", "early", 20), ("E", "early", 2))
    told = found(
        drawn, 40, episodes=[paid("A", 30), paid("B", 36), paid("C", 31), paid("D", 22), paid("E", None)]
    )
    now, early = told.sides
    assert (now.accounts, now.followed, now.paid) == (2, 2, 1)  # B paid on its 31st day
    assert (early.accounts, early.followed, early.paid) == (3, 2, 0)  # D was drawn 20 days ago only
    assert (now.median, early.median) == (30, 31)  # of all: D on its 2nd day, C on its 31st, E not yet
    later = found(drawn, 40, episodes=[paid("C", 3, number=2), paid("C", None)])
    assert later.sides[1].paid == 0  # another episode than the one that began


def test_what_was_done_promised_and_complained_of_in_these_days() -> None:
    drawn = lots(("A", "now", 10), ("B", "early", 10))
    told = found(
        drawn,
        60,
        episodes=[paid("A", None), paid("B", None)],
        actions=[
            {"account": "A", "kind": "letter", "taken_on": on(12)},
            {"account": "A", "kind": "letter", "taken_on": on(41)},  # its 31st day
            {"account": "A", "kind": "letter", "taken_on": on(9)},  # before it was drawn
            {"account": "B", "kind": "email", "taken_on": on(40)},
            {"account": "B", "kind": "letter", "taken_on": on(20), "state": "cancelled"},
        ],
        calls=[
            {"account": "A", "on": on(13), "outcome": "no answer"},
            {"account": "B", "on": on(14), "outcome": "angry"},
            {"account": "B", "on": on(15), "outcome": "abusive"},
        ],
        stands=[
            {"account": "A", "what": "no calls", "from_day": on(11)},
            {"account": "B", "what": "pause", "from_day": on(11)},
        ],
        promises=[
            {"account": "A", "made_on": on(15), "breaks_on": on(20), "amount": 1, "state": "kept"},
            {"account": "A", "made_on": on(21), "breaks_on": on(25), "amount": 1, "state": "partly kept"},
            {"account": "A", "made_on": on(26), "breaks_on": on(59), "amount": 1, "state": "open"},
            {"account": "B", "made_on": on(15), "breaks_on": on(20), "amount": 1, "state": "withdrawn"},
        ],
    )
    now, early = told.sides
    assert (now.cost, early.cost) == (600 + 150, 2 * 600)
    assert (now.counts["letters"], now.counts["calls"], early.counts["emails"]) == (1, 1, 1)
    assert (now.due, now.kept, early.due) == (2, 1, 0)
    assert (now.complained, early.complained) == (1, 1)  # two angry calls are one account
    assert told.difference(COST, "early").difference == 1200 - 750
    assert told.difference(PROMISES, "early").difference is None


def crowd(size: int, early: float, as_of: int = 60) -> Comparison:
    """So many accounts, of which half of one side and a share of the other pay within their thirty days."""
    rng = Random(7)
    drawn, episodes = [], []
    for number in range(size):
        side = ("now", "early")[number % 2]
        drawn.append((f"A{number}", side, number % 25))
        in_time = rng.random() < (early if side == "early" else 0.5)
        episodes.append(paid(f"A{number}", number % 25 + (12 if in_time else 34)))
    return found(lots(*drawn), as_of, episodes=episodes)


def test_while_there_are_few_accounts_it_says_how_many_more_it_takes() -> None:
    few = crowd(60, 0.55)
    (needs,) = few.needs
    assert 3000 < needs.five < 3200
    assert "too few accounts to tell about early" in " ".join(sentence for sentence, _ in verdicts(few))
    many = crowd(4000, 0.60)
    (needs,) = many.needs
    assert needs.five == 0
    interval = many.difference(PAID, "early")
    assert interval.sure
    ((sentence, _),) = verdicts(many)
    assert sentence.startswith("early is paid within 30 days more often than now: by ")


def test_nothing_is_said_of_a_handful() -> None:
    handful = crowd(6, 1.0)
    said = [sentence for sentence, _ in verdicts(handful)]
    assert len(said) == 1
    assert said[0].startswith("too few accounts")
    nobody = found(lots(), 10)
    assert (nobody.first, nobody.sides[0].accounts, nobody.sides[0].median) == (None, 0, None)
    young = found(lots(("A", "now", 5), ("B", "early", 5)), 10)
    assert (
        next(iter(verdicts(young)))[0] == "nobody was drawn 30 days ago or more, so nothing has followed yet"
    )


def test_a_comparison_that_the_house_no_longer_has_is_still_told() -> None:
    gone = found(lots(("A", "early", 0), ("B", "now", 0), ("C", "now", 0)), 40, split=None)
    assert [side.name for side in gone.sides] == ["now", "early"]
    other = found(lots(("A", "late", 0), ("B", "now", 0)), 40)  # a side that it had under another name
    assert [(side.name, side.accounts) for side in other.sides] == [("now", 1), ("early", 0), ("late", 1)]
    value = compared_value(Compared((gone,), ("calls",)))
    assert value["comparisons"][0]["sides"][0]["share"] is None  # type: ignore[index]
    assert "house.yaml has this comparison no longer" in written(compared_drawn(Compared((gone,), ())))


def test_a_holdout_beside_the_two_is_compared_with_the_champion() -> None:
    three = Split(
        "earlier",
        {"now": 60, "early": 30, "holdout": 10},
        date(2026, 12, 31),
        "x",
        Place("house.yaml"),
        holdout=9,
    )
    drawn = lots(("A", "now", 0), ("B", "early", 0), ("C", "holdout", 0))
    each = found(drawn, 40, split=three, episodes=[paid("A", 3), paid("B", 3), paid("C", 33)])
    assert [(one.measure, one.side) for one in each.differences if one.measure == PAID] == [
        (PAID, "early"),
        (PAID, "holdout"),
    ]
    assert each.difference(PAID, "holdout").difference == -1
    assert each.strata == {"trade": {"now": 1, "early": 1, "holdout": 1}}


def test_what_a_credit_manager_sees() -> None:
    drawn = written(compared_drawn(Compared((crowd(60, 0.55),), ("calls", "letters"))))
    for words in (
        "less now",
        "paid within 30 days",
        "half have paid after",
        "points",
        "Newcombe",
        "more accounts",
    ):
        assert words in drawn
    assert max(map(len, drawn.splitlines())) <= 100


# -- policies that are compared, in tests and proofs ---------------------------------------------------------------------

EARLY = LADDER.replace("Ladder", "Early").replace("day: 10", "day: 4")
COMPARED = """gap: 5 days
minimum: 50
split:
  earlier-call:
    shares: {ladder: 50%, early: 50%}
    until: 2020-01-01
    because: who pays sooner?
"""
HOLDOUT = COMPARED.replace("{ladder: 50%, early: 50%}", "{ladder: 90%, holdout: 10%}\n    holdout: 14 days")
TRIAL = """policy: {policy}
account: {{terms: net 30, {more}invoices: [{{number: A1, date: 2026-01-05, amount: 1200}}]}}
tests:
  - name: it
    expect: {{{expect}}}
"""


def passes(policy: str, expect: str, more: str = "", house: str = COMPARED, **policies: str) -> Sequence[str]:
    """What is wrong with a test of a policy: nothing, where it passes."""
    text = TRIAL.format(policy=policy, expect=expect, more=more)
    book = checked(house=house, tests=[text], **(policies or {"ladder": LADDER, "early": EARLY}))
    assert book.book is not None
    (result,) = run_trials(book.book, book.trials, evaluators(questions.rulesets(book.book)))
    return [f"{failure.day}: {failure.is_}" for failure in result.failures]


@pytest.mark.parametrize(
    ("policy", "more", "expect"),
    [
        ("ladder", "", "10: call collector"),
        ("early", "", "4: call collector"),
        ("early", "side: ladder, ", "10: call collector under ladder"),
        ("ladder", "side: [early], ", "4: call collector under early"),
    ],
)
def test_a_test_of_a_policy_is_about_an_account_of_its_side(policy: str, more: str, expect: str) -> None:
    assert passes(policy, expect, more) == []
    assert passes(policy, "11: call collector", more) != []


def test_a_test_of_the_holdout() -> None:
    alone = {"ladder": LADDER}
    held = "10: nothing because held out, 15: call collector, 20: letter reminder"
    assert passes("ladder", held, "side: holdout, ", HOLDOUT, **alone) == []
    assert passes("ladder", held, "", HOLDOUT, **alone) != []


def test_a_proof_walks_both_sides() -> None:
    both = proof(house=COMPARED, ladder=LADDER, early=EARLY)
    assert both.whole
    assert not [
        each.problem.sentence for each in both.findings if each.problem.code in ("never-reached", "no-step")
    ]
    rule = "- must never: call collector\n  before: 6 days past due\n"
    broken = proof(house=COMPARED, invariants=rule, ladder=LADDER, early=EARLY)
    (one,) = [each for each in broken.findings if each.problem.code == "must-never"]
    assert one.policy == "early"
    assert "side: [early]" in one.test
