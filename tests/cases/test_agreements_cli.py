"""The commands of what is agreed with a customer, and their pages of the manual: every example is played."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa

from engine.core.cases.disputes import REASONS, read_reason
from engine.core.language.policy import ALLOWANCES, House
from engine.store import tables as t
from tests.cases.agreed import HOUSE, Kept
from tests.cli.conftest import Said, run

ROOT = Path(__file__).parents[2]
HELP = ROOT / "engine" / "help"
MORNING = datetime(2026, 10, 6, 15, tzinfo=UTC)
Command = Callable[..., Said]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Kept:
    """A house in which the account of the manual owes the invoices of the manual."""
    kept = Kept(tmp_path_factory.mktemp("manual"), sqlite_template)
    kept.shop.owes("ACME-0042", "10231", "2026-09-20", "1250.00")
    kept.shop.owes("ACME-0042", "10240", "2026-09-25", "950.00")
    kept.shop.owes("EURO", "20001", "2026-09-25", "100.00")
    kept.shop.import_ledger("2026-10-06")
    kept.keep()
    return kept


@pytest.fixture
def does(made: Kept, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command of Joe's, a collector, in that house."""
    monkeypatch.chdir(made.fresh().root)
    monkeypatch.setenv("DUNWELL_USER", "joe")
    monkeypatch.delenv("COLUMNS", raising=False)
    return lambda *words, at=MORNING: run(*words, at=at)


# -- the manual --------------------------------------------------------------------------------------------------------

_FIRST = {
    "--withdraw": "promise ACME-0042 all --by friday",
    "--end": "plan ACME-0042 --instalments 3 --first friday",
    "--close": "dispute ACME-0042 10231 --reason tax",
    "approve": "concede ACME-0042 --days 9 --because x",
    "decline": "concede ACME-0042 --days 9 --because x",
}
EXAMPLES = [
    (page, line)
    for page in ("promises", "disputes")
    for line in re.findall(r"^    dunwell (.+)$", (HELP / f"{page}.md").read_text("utf-8"), re.M)
]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 16


@pytest.mark.parametrize(("page", "line"), EXAMPLES)
def test_every_example_of_the_manual_does_what_it_is_there_for(does: Command, page: str, line: str) -> None:
    words = shlex.split(line)
    for word, before in _FIRST.items():
        if word in words:
            assert does(*shlex.split(before)).code == 0
    who = ("--by", "sue") if words[0] in ("approve", "decline") else ()
    said = does(*words, *who)
    assert said.code == 0, said.err
    assert "ACME-0042" in said.out


def test_the_reasons_on_the_page_are_the_reasons_there_are() -> None:
    page = (HELP / "disputes.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w[^|]*?) \| ([^|]*?) ?\| ([^|]*?) ?\| ([^|]*?) ?\|$", page, re.M)[1:]
    assert [(name, jde, x12) for name, jde, x12, _ in rows] == [
        (one.name, one.jde, one.x12) for one in REASONS if one.name != "agreed credit"
    ]
    for name, _, _, also in rows:
        for word in filter(None, also.split(", ")):
            found = read_reason(word)
            assert getattr(found, "name", None) == name, word


def test_the_limits_on_the_page_are_those_of_the_house_and_of_no_word() -> None:
    page = (HELP / "promises.md").read_text("utf-8")
    for line in re.findall(r"^  (?:collector|supervisor): .*$", page, re.M):
        assert line in HOUSE
        assert line.strip() in (ROOT / "policies" / "house.yaml").read_text("utf-8")
    assert House().limits == ALLOWANCES
    told = " ".join(page.split())
    assert "a collector may give 7 days and plans of 3 months, a supervisor 30 days and 6 months" in told
    assert [(one.days, one.plan, one.discount, one.waive) for one in ALLOWANCES.values()] == [
        (7, 3, 0, 0),
        (30, 6, 0, 0),
    ]


# -- the commands ------------------------------------------------------------------------------------------------------


def test_a_promise_on_the_command_line(does: Command) -> None:
    said = does("promise", "ACME", "700", "--by", "friday", "--with", "Ms Lee", "--item", "A1")
    assert said.out == (
        "ACME promises 700.00 USD by Fri 9 Oct 2026 for 1 item. "
        "They wait; on Tue 13 Oct 2026 the promise would count as broken.\n"
    )
    said = does("promise", "ACME", "all", "--check", "4711", "--mailed", "monday", "--author", "ana")
    assert "by Sat 17 Oct 2026, check 4711, for 2 items" in said.out
    assert "It takes the place of the promise of 700.00 USD" in said.out
    told = does("history", "ACME").out
    assert "promised by Ms Lee (superseded)" in " ".join(told.split())


_WRONG = [
    (
        "promise ACME 9,999 --by friday",
        1,
        "ACME owes 1,200.00 USD for these items, and 9,999.00 USD is promised",
    ),
    ("promise ACME 700 --by friday --on tomorrow", 1, "2026-10-07 is a day to come"),
    ("promise ACMF 700 --by friday", 1, "there is no account “ACMF”"),
    ("promise ACME 700", 2, "say when the money is to come: --by friday"),
    ("promise ACME 700 --check 12", 2, "or when the cheque was mailed: --mailed monday"),
    ("promise ACME --by friday", 2, "say how much: 1,200, or all"),
    ("promise ACME lots --by friday", 2, "“lots” is not an amount; write it as “1,200.50”"),
    ("promise ACME --withdraw", 2, "say why: --because"),
    ("plan ACME --instalments 3", 2, "say when the first payment comes: --first friday"),
    ("plan ACME --instalments 3 --first friday --every day", 2, "“day” is no time between payments"),
    ("plan ACME --amount 1 --first friday", 1, "it would take 1,200 instalments; a plan has at most 36"),
    ("plan ACME --end", 2, "say why: --because"),
    ("dispute ACME A1", 2, "say what is disputed: --reason"),
    ("dispute ACME A1 --close", 2, "say in whose favour it is closed"),
    ("dispute ACME A1 A2 --reason tax --amount 5", 2, "an amount is contested of one invoice"),
    ("dispute ACME A1 --reason taxes", 1, "“taxes” is no reason of a dispute"),
    ("concede ACME --discount lots% --because x", 2, "“lots%” is no share: write 5% or 2.5%"),
    ("concede ACME --days 3", 1, "a compromise has a reason"),
]


def test_what_cannot_be_done_is_said_and_nothing_is(does: Command, made: Kept) -> None:
    before = made.shop.rows(sa.select(t.journal.c.seq))
    for words, code, sentence in _WRONG:
        said = does(*shlex.split(words))
        assert (said.code, said.out) == (code, ""), words
        assert sentence in said.err, words
    assert made.shop.rows(sa.select(t.journal.c.seq)) == before


def test_a_caller_without_the_role_asks_and_somebody_who_may_agrees(does: Command) -> None:
    said = does(
        "concede", "ACME", "--discount", "5%", "--days", "5", "--because", "late", "--theirs", "a new order"
    )
    assert said.out == (
        "ACME: we give 5%, 60.00 USD off and 5 days more, to Mon 12 Oct 2026; "
        "in return: a new order and 1,140.00 USD by Mon 12 Oct 2026. "
        "It waits for the yes of a supervisor; until then nothing is given.\n"
    )
    said = does("approve", "ACME")
    assert (said.code, said.err) == (
        1, "dunwell: joe is collector, and this needs a supervisor or credit manager\n  Sue Chen or Ana Reyes may\n",
    )  # fmt: skip
    assert "needs approval" in does("worklist").out
    assert (
        does("approve", "ACME", "--by", "sue").out
        == "The concession of ACME is agreed, and holds from now on.\n"
    )
    assert does("dispute", "ACME").out.startswith("ACME: 2 open disputes\n")


def test_plans_and_disputes_as_they_are_shown(does: Command) -> None:
    assert does("plan", "ACME").out.startswith("ACME has no payment plan.")
    assert does("dispute", "ACME").out == "ACME has disputed nothing.\n"
    does("plan", "ACME", "--instalments", "2", "--first", "friday", "--item", "A1", "--with", "Ms Lee")
    does("dispute", "ACME", "A2", "--reason", "SS", "--amount", "100", "--said", "too few")
    shown = does("plan", "ACME").out
    assert "ACME  700.00 USD  kept  since Tue 6 Oct 2026, joe\n  for A1\n  agreed with Ms Lee\n" in shown
    assert "  1  Fri 9 Oct 2026  350.00 USD  open\n" in shown
    assert "Plans here, by kind:  2 × month: 0 of 0 kept, 1 running" in shown
    assert " ".join(does("dispute", "ACME").out.split()) == (
        "ACME: 1 open dispute A2 short shipment 100.00 USD since Tue 6 Oct 2026 dispute owner by Fri 9 Oct 2026 too few"
    )
    late = does("dispute", "ACME", at=datetime(2026, 10, 12, 15, tzinfo=UTC)).out
    assert "dispute owner: 3 days late" in " ".join(late.split())
    plans = orjson.loads(does("plan", "ACME", "--show", "--json").out)
    assert [part["amount"] for part in plans["plans"][0]["instalments"]] == ["350.00", "350.00"]
    assert plans["kept_rates"] == [{"kind": "2 × month", "kept": 0, "broken": 0, "running": 1}]
    (dispute,) = orjson.loads(does("dispute", "ACME", "--json").out)
    assert (dispute["code"], dispute["jde"], dispute["x12"], dispute["amount"]) == (
        "short_shipment",
        "SS",
        "06",
        "100.00",
    )


def test_an_amount_is_in_the_currency_of_what_it_is_about(does: Command, tmp_path: Path) -> None:
    head = "customer number,customer name,invoice number,invoice date,due date,open amount,currency\n"
    row = "EURO,EURO GmbH,30001,2026-08-03,2026-09-01,5000,JPY\n"
    (tmp_path / "yen.csv").write_text(head + row, "utf-8")
    at = datetime(2026, 10, 7, 15, tzinfo=UTC)
    assert does("import", str(tmp_path / "yen.csv"), "--as-of", "2026-10-07", at=at).code == 0
    said = does("promise", "EURO", "1,500", "--by", "friday", at=at)
    assert said.out.startswith("EURO promises 1,500 JPY by Fri 9 Oct 2026 for 1 item.")
