"""What one should know before dialling: one account alone, and the script, block after block."""

from __future__ import annotations

import io
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.core.sentences import CHECKS, INSTEAD, SELF_CHECK, checks
from engine.errors import NotFound, Refused
from engine.jobs import cases
from engine.jobs.cases.notes import industry_note
from engine.jobs.cases.reviews import review
from engine.store import tables as t
from tests.cases.desk import MONDAY, Desk, contact

RISKY = """
policy: Risky
for:
  risk: c
clock: due date
steps:
  - day: -5
    name: courtesy call
    call: collector
    script: key-account-call
  - day: 10
    letter: firm-reminder
    to: principal
"""
RULES = """
order: [risky, standard]
currency: USD
calendar: US
hours: weekdays 8:30-17:00
answer: 7 days
score: {amount: 1, age: 1, risk: 2, promise: 2, quiet: 1}
"""
STANDARD = """
policy: Standard
clock: invoice date
steps:
  - day: 35
    call: collector
    script: first-call
"""
OUTCOMES = "hung up:\n  guidance: Not about you. Most hang-ups are pressure, not refusal.\n"
TENTHS = [date(2026, month, 10) for month in (2, 3, 4, 6, 7, 8, 9)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Desk:
    """Monday morning: ACME owes two invoices and more, BOLT is of the same trade, RISK owes nothing that is due yet."""
    made = Desk(
        tmp_path_factory.mktemp("brief"),
        sqlite_template,
        rules=RULES,
        policies={"risky": RISKY, "standard": STANDARD, "outcomes": OUTCOMES},
    )
    trade = {"industry": "Construction", "account_owner": "kim"}
    made.master(
        contact("ACME", "Robin Hale", phone="+1 503 555 0166", terms="net 30", **trade),
        contact("ACME", "Dana Whitfield", "principal", phone="+1 503 555 0160"),
        contact("BOLT", "", industry="construction", phone="", address="", postcode="", city=""),
        contact("RISK", "Val Ortega", risk_class="C"),
    )
    copies = made.house.root / "copies"
    copies.mkdir()
    (copies / "A1.pdf").write_bytes(b"%PDF")
    made.ledger(
        ("ACME", "A1", "2026-08-30", "2026-09-29", "4820.50", "PO-7781", "DN-4471"),
        ("ACME", "A2", "2026-09-02", "2026-10-02", "1310.00"),
        ("ACME", "A3", "2026-09-28", "2026-10-28", "77.00", "PO-7799"),
        ("ACME", "CN9", "2026-09-20", "2026-09-20", "-20.50"),
        ("BOLT", "B1", "2026-08-30", "2026-09-29", "400.00"),
        ("RISK", "R1", "2026-09-09", "2026-10-10", "9000.00", "PO-1"),
    )
    made.paid("ACME", TENTHS, late=12)
    promises = [
        (
            "ACME",
            date(2026, 5, n),
            "",
            date(2026, 5, n),
            date(2026, 5, n + 2),
            1,
            "USD",
            state,
            "joe",
            date(2026, 6, n),
        )
        for n, state in enumerate(("kept", "kept", "kept", "broken", "partly kept"), 1)
    ]
    columns = ("account", "made_on", "made_at", "pays_on", "breaks_on", "amount", "currency", "state", "by")
    made.insert(t.promise, (*columns, "settled_on"), promises)
    made.says("run", on=MONDAY)
    return made


def blocks(found: Any) -> list[tuple[str, bool]]:
    """Each block of the script, and whether it is shown."""
    return [(one["part"], one["text"] is not None) for one in found["script"]["blocks"]]


# -- the papers --------------------------------------------------------------------------------------------------------


@pytest.mark.practice(63)
def test_all_paperwork_is_at_hand_and_what_is_missing_is_said(desk: Desk) -> None:
    said = desk.says("brief", "ACME")
    plain = " ".join(said.split())
    for line in (
        "$6,110.00 overdue, $77.00 not yet due, -$20.50 credits",
        "terms net 30",
        "A1 $4,800.00 of $4,820.50 6 days late order PO-7781 delivery DN-4471",
        "A2 $1,310.00 3 days late no order number A3",
        "CN9 -$20.50 credit note",
        "no order number on A2",
        "no copy at hand of A2, A3",
    ):
        assert line in plain, said
    found = desk.value("brief", "ACME")
    assert found["items"][0] | {"copy": None} == {
        "number": "A1",
        "kind": "invoice",
        "date": "2026-08-30",
        "due": "2026-09-29",
        "days_late": 6,
        "open": "4820.50",
        "owed": "4800.00",
        "currency": "USD",
        "po": "PO-7781",
        "delivery": "DN-4471",
        "text": None,
        "aside": None,
        "copy": None,
    }
    assert found["items"][0]["copy"].endswith("copies/A1.pdf")
    bolt = desk.value("brief", "BOLT")["missing"]
    assert bolt[-2:] == ["no principal is known", "no telephone number is known"]


@pytest.mark.practice(64)
def test_one_account_is_on_the_screen_and_no_other(desk: Desk) -> None:
    said = desk.says("brief", "ACME")
    assert said.startswith("ACME ACME Inc. · Mon 5 Oct 2026 · 10:00 there")
    assert "BOLT" not in said
    assert "RISK" not in said


@pytest.mark.practice(62)
def test_on_the_35th_day_without_a_check_it_is_on_the_telephone_list(desk: Desk) -> None:
    work = {one["account"]: one for one in desk.value("worklist")["work"]}
    assert (work["ACME"]["kind"], work["ACME"]["step"], work["ACME"]["script"]) == (
        "call",
        "call collector",
        "first-call",
    ), "the 4th of October, the 35th day, was a Sunday"
    assert "call collector (standard, day 35)" in desk.says("brief", "ACME")


@pytest.mark.practice(48)
def test_a_risky_account_gets_a_call_of_courtesy_before_it_falls_due(desk: Desk) -> None:
    work = desk.value("worklist")["work"]
    assert [one["account"] for one in work] == ["ACME", "RISK", "BOLT"], "ACME broke its last promise"
    assert (work[1]["step"], work[1]["parts"]["risk"]) == ("courtesy call", 4.0)
    said = desk.says("brief", "RISK", "--block", "3")
    assert "Nothing is asked for: nothing is overdue. It is a call of courtesy." in said


@pytest.mark.practice(15)
def test_the_older_debt_comes_first(desk: Desk) -> None:
    said = desk.says("worklist", "--why")
    assert "age 0.2" in said
    work = {one["account"]: one["parts"]["age"] for one in desk.value("worklist", on="2026-12-04")["work"]}
    assert work["ACME"] == pytest.approx(66 / 30, abs=0.001), "and grows with every day"


# -- how they pay ------------------------------------------------------------------------------------------------------


@pytest.mark.practice(39)
def test_the_payment_history_of_a_year(desk: Desk) -> None:
    said = desk.says("brief", "ACME")
    assert "7 payments in 12 months, $3,500.00; the last on Thu 10 Sep 2026, $500.00" in said
    assert "· pays 12 days beyond terms on average, in USD, weighted by amount (7 payments)" in said


@pytest.mark.practice(40)
def test_the_pattern_of_payment_as_facts(desk: Desk) -> None:
    said = desk.value("brief", "ACME")["pattern"]["said"]
    assert "pays on the 10th (7 of 7 days of payment)" in said
    assert "promises kept 3 of 5, 1 in part" in said
    assert desk.value("brief", "BOLT")["pattern"]["said"] == []


# -- people ------------------------------------------------------------------------------------------------------------


@pytest.mark.practice(29)
def test_accounts_without_a_principal_are_known_and_the_principal_is_there_to_ask_for(desk: Desk) -> None:
    gaps = desk.value("contacts", "--missing", "principal")
    assert [one["account"] for one in gaps] == ["BOLT", "RISK"]
    assert "2 accounts: no contact with the role principal" in desk.says("contacts", "--missing", "principal")
    named = desk.value("brief", "ACME")["ask_for"]
    assert [(one["name"], one["role"], one["phone"]) for one in named] == [
        ("Robin Hale", "accounts payable", "+1 503 555 0166"),
        ("Dana Whitfield", "principal", "+1 503 555 0160"),
    ]


def test_every_gap_of_contacts(desk: Desk) -> None:
    said = desk.says("contacts")
    assert said.startswith("2 accounts with something missing\n2  no contact with the role principal")
    assert "1  no telephone number" in said
    assert "No account that owes something has an address that mail does not arrive at." in desk.says(
        "contacts", "--missing", "bounced"
    )
    assert "there is no gap “principle”\n  did you mean “principal”" in desk.says(
        "contacts", "--missing", "principle", code=1
    )


# -- what goes on ------------------------------------------------------------------------------------------------------


@pytest.mark.practice(41)
def test_what_goes_on_in_their_industry_is_in_every_brief_of_it(desk: Desk) -> None:
    told = desk.says("note", "--industry", "Construction", "Two large builders have failed.")
    assert told == "Noted for the industry “construction”: 2 accounts.\n"
    for account in ("ACME", "BOLT"):
        assert "construction: Two large builders have failed.  0 days old" in desk.says("brief", account)
    assert "builders" not in desk.says("brief", "RISK")


@pytest.mark.practice(42)
def test_outside_information_has_its_source_its_day_and_its_age(desk: Desk) -> None:
    for dated, text in (("2026-01-05", "rated 61"), ("2026-09-21", "rated 48")):
        desk.says("note", "ACME", text, "--outside", "--source", "credit report", "--dated", dated)
    said = desk.says("brief", "ACME")
    assert "Mon 21 Sep 2026  credit report: rated 48  14 days old\n" in said
    assert "Mon 5 Jan 2026  credit report: rated 61  273 days old: it may no longer hold" in said
    notes = [one for one in desk.value("brief", "ACME")["notes"] if one["kind"] == "outside"]
    assert [(one["days_old"], one["stale"]) for one in notes] == [(14, False), (273, True)]


def test_notes_that_cannot_be(desk: Desk) -> None:
    who = desk.house.who(MONDAY)
    outside = {"outside": True, "source": "paper"}
    for account, text, more, why in (
        ("ACME", "x", {"outside": True}, "what comes from outside needs its source"),
        ("ACME", "x", {"source": "paper"}, "belong to what comes from outside"),
        ("ACME", " ", {}, "the note is empty"),
        ("ACME", "x", outside | {"dated": date(2026, 10, 6)}, "has not come"),
        ("NOPE", "x", {}, "there is no account “NOPE”"),
    ):
        with pytest.raises(Refused, match=why):
            desk.house.do(lambda engine, a=account, x=text, m=more: cases.note(engine, a, x, who, **m))
    with pytest.raises(NotFound, match="did you mean “construction”"):
        desk.house.do(lambda engine: industry_note(engine, "constructoin", "x", who))
    assert "write the account" in desk.says("note", "ACME", code=2)
    assert "is of no account" in desk.says("note", "ACME", "x", "--industry", "construction", code=2)
    assert len(desk.house.rows(sa.select(t.note).where(t.note.c.text == "x"))) == 0


# -- the script --------------------------------------------------------------------------------------------------------


@pytest.mark.practice(35)
def test_the_demand_is_shown_only_after_the_reason_is_on_record(desk: Desk) -> None:
    before = desk.value("brief", "BOLT")
    assert blocks(before) == [
        ("opening", True),
        ("voicemail", True),
        ("story", True),
        ("questions", True),
        ("questions", True),
        ("educate", False),
        ("motivate", False),
        ("negotiate", False),
        ("close", True),
    ]
    assert "400" not in json.dumps(before["script"])
    said = desk.says("brief", "BOLT", "--block", "8")
    assert "What we ask for is shown once the reason is on record: why has payment not been made?" in said
    assert "400" not in said
    draft = [("BOLT", "joe", '{"reason": "payment run date"}', f"{MONDAY}T14:10:00", f"{MONDAY}T14:10:00")]
    desk.insert(t.call_draft, ("account", "by", "answers", "since", "at"), draft)
    after = desk.value("brief", "BOLT")
    assert (after["reason"], all(shown for _, shown in blocks(after))) == ("payment run date", True)
    assert "The open total is $400.00." in desk.says("brief", "BOLT", "--block", "8")
    assert after["checklist"] == list(CHECKS["payment run date"])
    tomorrow = desk.value("brief", "BOLT", on="2026-10-06")
    assert ("negotiate", False) in blocks(tomorrow), "each call asks anew"


@pytest.mark.practice(37)
def test_the_script_is_read_one_block_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    said = desk.says("brief", "ACME")
    assert "1 of 9 · opening: who is on the line?" in said
    assert "2 of 9" not in said
    one = desk.says("brief", "ACME", "--block", "3")
    assert one.startswith("3 of 9 · story: open, and listen\n")
    assert "How have things been going" in one
    assert "What is the reason" not in one, "first they finish their story"
    assert "has 9 blocks" in desk.says("brief", "ACME", "--block", "10", code=1)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\n\n\n"))
    talk = desk.says("brief", "ACME", "--block", "3", "--talk")
    heads = [line for line in talk.splitlines() if " of 9 · " in line]
    assert [head.split(" ")[0] for head in heads] == ["3", "4", "5", "6", "6"], "it waits for the reason"


@pytest.mark.practice(54)
def test_a_call_educates_motivates_and_negotiates(desk: Desk) -> None:
    parts = [one["part"] for one in desk.value("brief", "ACME")["script"]["blocks"]]
    assert parts[-4:] == ["educate", "motivate", "negotiate", "close"]


@pytest.mark.practice(38)
@pytest.mark.practice(53)
@pytest.mark.practice(55)
def test_scripts_are_confident_and_accuse_nobody(desk: Desk) -> None:
    script = desk.house.root / "templates/first-call.script.md"
    good = script.read_text("utf-8")
    assert desk.says("check").endswith("no problems.\n")
    wrong = "Did you really send a check? As you should know, it is due. Pay us now!"
    bad = good.replace("## Close", f'- "{wrong}"\n\n## Close').replace(
        "## Opening", "## Demand\n\n## Opening"
    )
    script.write_text(bad, "utf-8")
    said = desk.says("check", code=1)
    script.write_text(good, "utf-8")
    for why in (
        "“Did you really” accuses",
        "“As you should know” talks down to the customer",
        "an exclamation mark raises the voice",
        "this script demands before it has asked for the reason",
    ):
        assert why in said
    last = desk.says("brief", "ACME", "--block", "9")
    for said in SELF_CHECK.values():
        assert f"· {said}" in last
    manual = desk.says("help", "brief")
    for accusing, instead in INSTEAD.items():
        assert accusing in manual
        assert instead in manual


# -- what was said -----------------------------------------------------------------------------------------------------


@pytest.mark.practice(2)
@pytest.mark.practice(52)
def test_a_line_of_guidance_helps_after_a_hang_up(desk: Desk) -> None:
    desk.says("log", "RISK", "hung up", "--by", "joe")
    said = desk.says("brief", "RISK")
    assert said.count("Not about you. Most hang-ups are pressure, not refusal.") == 1
    assert "score" not in said.lower(), "a hang-up counts against nobody"


@pytest.mark.practice(36)
def test_what_was_said_and_what_has_changed_since(desk: Desk) -> None:
    told = [
        ("ACME", "promise to pay", 1, 1, "Dana Whitfield", "+1 503 555 0177", "approval_pending",
         "The buyer was ill.", "kind", date(2026, 9, 21), "2026-09-21T15:00:00+00:00", "joe")
    ]  # fmt: skip
    columns = (
        "account",
        "outcome",
        "reached",
        "right_party",
        "spoken_with",
        "number",
        "reason",
        "story",
        "note",
        "on",
        "at",
        "by",
    )
    desk.insert(t.call, columns, told)
    desk.says("dispute", "ACME", "A2", "--reason", "short shipment", "--on", "2026-09-28", "--by", "joe")
    found = desk.value("brief", "ACME")
    assert found["ask_for"][0] == {
        "name": "Dana Whitfield",
        "role": "principal",
        "phone": "+1 503 555 0177",
        "email": "principal@acme.example.com",
        "because": "spoken with on Mon 21 Sep 2026",
    }
    assert [one["name"] for one in found["ask_for"]] == ["Dana Whitfield", "Robin Hale"]
    said = desk.says("brief", "ACME")
    for line in (
        "Since the last call, Mon 21 Sep 2026",
        "Mon 28 Sep  dispute: opened: short shipment, credit manager answers by Mon 5 Oct 2026 (A2)",
        "Mon 5 Oct  invoice: 2 invoices have fallen due: A1, A2",
        "Mon 5 Oct  invoice: 1 new invoice: A3",
        "promise to pay, with Dana Whitfield · approval pending  joe",
        "“The buyer was ill.”",
        "dispute by Mon 5 Oct (open, since Mon 28 Sep) · A2: short shipment · ana",
        "· Who approves it, and what day is that?",
        "disputed",
    ):
        assert line in said, said
    assert "$4,800.00 overdue, $1,310.00 set aside" in said


def test_whom_not_to_call(desk: Desk) -> None:
    rules = [
        ("BOLT", "", "email only", date(2026, 10, 1), None, "asked for it", "joe"),
        ("RISK", "Val Ortega", "no contact", date(2026, 10, 1), None, "", "joe"),
        ("RISK", "+1 212 555 0199", "wrong number", date(2026, 10, 1), None, "", "joe"),
        ("RISK", "", "no calls", date(2026, 9, 1), date(2026, 9, 30), "over", "joe"),
    ]
    columns = ("account", "whom", "rule", "from_day", "until", "because", "by")
    desk.insert(t.contact_rule, columns, rules)
    bolt = desk.says("brief", "BOLT")
    assert "Do not call: the account wants e-mail only: asked for it" in bolt
    assert desk.value("brief", "BOLT")["script"]["blocks"][7]["withheld"].startswith("Nothing is asked for")
    risk = desk.value("brief", "RISK")
    assert (risk["stop"], risk["ask_for"]) == ([], [])
    assert risk["not_to_call"] == [
        "Val Ortega must not be contacted",
        "+1 212 555 0199 is a wrong number",
    ]
    assert "+1 212 555 0199 is a wrong number" in risk["missing"]
    learned = [("BOLT", "insolvent", "yes", date(2026, 10, 5), "joe")]
    desk.insert(t.learned, ("account", "field", "value", "from_day", "by"), learned)
    assert "Do not call: insolvent: nothing may be asked for" in desk.says("brief", "BOLT")


@pytest.mark.practice(56)
def test_a_reviewed_call_keeps_its_marks(desk: Desk) -> None:
    answers = "--answer", "reason=cash crunch", "--with", "Val Ortega"
    desk.says("log", "RISK", "vague promise", *answers, "--by", "joe", "--another")
    number = desk.value("brief", "RISK")["calls"][0]["number"]
    said = desk.says("review", str(number), "--mark", "voice=4", "--mark", "listening=5", "--by", "sue")
    assert said == f"Call {number} with RISK on Mon 5 Oct 2026, by joe: voice 4, listening 5.\n"
    desk.says("review", str(number), "--note", "warm", "--by", "ana")
    ((quality,),) = desk.house.rows(sa.select(t.call.c.quality).where(t.call.c.id == number))
    kept = json.loads(quality)
    assert [(one["by"], one["marks"], one["note"]) for one in kept] == [
        ("sue", {"voice": 4, "listening": 5}, ""),
        ("ana", {}, "warm"),
    ]
    assert "joe, reviewed" in desk.says("brief", "RISK")
    for by, marks, why in (
        ("sue", {"vice": 4}, "there is no mark “vice”\n  did you mean “voice”"),
        ("sue", {"voice": 6}, "6 is no mark"),
        ("sue", {}, "there is nothing to keep"),
        ("Joe", {"voice": 5}, "somebody else reviews it"),
    ):
        who = desk.house.who(MONDAY, by)
        with pytest.raises(Refused, match=why):
            desk.house.do(lambda engine, w=who, m=marks: review(engine, number, m, w))
    with pytest.raises(NotFound, match="there is no call “99”"):
        desk.house.do(lambda engine: review(engine, 99, {"voice": 5}, desk.house.who(MONDAY)))
    assert "write it as listening=4" in desk.says("review", str(number), "--mark", "voice", code=2)


@pytest.mark.practice(61)
def test_a_day_of_work_is_bounded_and_says_what_went_well(desk: Desk) -> None:
    desk.insert(
        t.promise,
        (
            "account",
            "made_on",
            "made_at",
            "pays_on",
            "breaks_on",
            "amount",
            "paid",
            "currency",
            "state",
            "by",
            "settled_on",
        ),
        [
            (
                "BOLT",
                date(2026, 9, 28),
                "",
                date(2026, 10, 2),
                date(2026, 10, 6),
                100_00,
                100_00,
                "USD",
                "kept",
                "kim",
                date(2026, 10, 5),
            )
        ],
    )
    calls = [
        (f"more {n}", "BOLT", 1, "x", f"s{n}", "", n, "call", "collector", 35, "planned", date(2026, 10, 5),
         date(2026, 10, 5), 10_00 * n, "USD", "kim", "{}")
        for n in range(1, 4)
    ]  # fmt: skip
    columns = (
        "key",
        "account",
        "episode",
        "policy",
        "step",
        "item",
        "occurrence",
        "kind",
        "role",
        "day",
        "state",
        "on",
        "since",
        "amount",
        "currency",
        "person",
        "detail",
    )
    desk.insert(t.action, columns, calls)
    said = desk.says("worklist", "--person", "kim")
    assert said.startswith("2 things to do\nSince Fri 2 Oct: 1 promise was kept ($100.00).\n")
    assert "the day is full" in said


def test_a_brief_of_another_script_and_of_nobody(desk: Desk) -> None:
    assert "Script supervisor-call" in desk.says("brief", "ACME", "--script", "supervisor-call")
    assert "did you mean “first-call”" in desk.says("brief", "ACME", "--script", "firstcall", code=1)
    assert "did you mean “ACME”" in desk.says("brief", "ACNE", code=1)
    assert "there, and no hour to call: 8:30–17:00 on open days" in desk.says("brief", "ACME", at="18:00")
    late = desk.says("brief", "ACME", on="2027-06-01")
    assert "the contacts are of Thu 1 Oct 2026, 243 days old" in late


def test_what_helps_for_each_reason() -> None:
    assert checks("cash_crunch_short") == CHECKS["cash crunch short"]
    assert checks("dispute:short_shipment") == CHECKS["dispute"]
    assert checks("hardship") == CHECKS["hardship long"]
    assert checks("") == checks("nonsense") == CHECKS["unknown"]
