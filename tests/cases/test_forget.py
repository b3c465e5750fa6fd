"""A person is forgotten: their names and words are nowhere, the amounts and the journal are as they were."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.core.people import FORGOTTEN, Person, about, plain, told_apart, without
from engine.errors import NotFound, Refused
from engine.exports import evidence_html
from engine.jobs import evidence
from engine.jobs.forget import forget
from engine.jobs.verify import verify
from engine.store import database
from engine.store import tables as t
from engine.store.forgetting import TABLES
from engine.store.history import history
from tests.cases.told import ANA, LEE, another, everything, insert, lived, rows
from tests.jobs.world import House


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path) -> House:
    """Its own copy, in which everything is paid, and Ana Reyes is wherever a person can be."""
    house = another(lived(sqlite_template), tmp_path)
    house.paid("A1", "A2")
    house.import_ledger("2026-10-26")
    day = {"by": "joe", "at": "2026-10-07T15:00:00.000000+00:00"}
    insert(house, t.received, account="ACME", message_id="<1@x>", at=day["at"], kind="reply",
           sender="ana@acme.example.com", subject="Re: invoices", text="Ana Reyes wrote this", words="we pay")  # fmt: skip
    insert(house, t.contact_rule, account="ACME", whom="+1 212 555 0199", rule="no calls",
           from_day=date(2026, 10, 7), because="Ana asked", by="joe")  # fmt: skip
    insert(house, t.plan, account="ACME", made_on=date(2026, 10, 7), until=date(2026, 12, 1), state="ended",
           ended_on=date(2026, 10, 20), amount=500_00, currency="USD", spoken_with=ANA, because="Ana Reyes, cash",
           by="joe")  # fmt: skip
    insert(house, t.concession, account="ACME", side="ours", kind="days", days=5, text="for Ana", state="agreed",
           on=date(2026, 10, 7), **day)  # fmt: skip
    insert(
        house,
        t.contact,
        account="ACME",
        role="account owner",
        name="Olga Ours",
        email="olga@seller.example.com",
    )
    insert(house, t.call_draft, account="ACME", answers='{"story": "Ana Reyes says"}', since=day["at"], **day)
    insert(house, t.action, key="main|ACME|0|answer a mail||1|task|collector|", account="ACME", episode=0, policy="",
           step="answer a mail", item="", occurrence=1, kind="task", role="collector", day=0, state="done",
           on=date(2026, 10, 7), since=date(2026, 10, 7), amount=0, currency="USD", reason="Ms Reyes answered",
           detail='{"what": "Answer Ana Reyes: we pay", "words": "we pay", "ask_for": "Ana Reyes, +1 212 555 0199"}')  # fmt: skip
    return house


def forgotten(house: House, **more: Any) -> str:
    who = house.who("2026-10-27", "dpo")
    return forget(house.ws.files, "ACME", who, **{"because": "Ana Reyes wrote to us", **more})


def ledger(house: House) -> list[tuple[Any, ...]]:
    tables = (t.item, t.payment, t.episode, t.mark, t.ledger_file)
    return [tuple(row) for table in tables for row in house.rows(sa.select(table))]


def journal_of(house: House) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in house.rows(sa.select(t.journal).order_by(t.journal.c.seq))]


def test_one_person_is_nowhere_any_more_and_the_other_is(house: House, tmp_path: Path) -> None:
    given = evidence.give_out(
        house.ws, "ACME", house.who("2026-10-27"), evidence_html, out=tmp_path / "before.zip"
    )
    facts, book = ledger(house), journal_of(house)
    said = forgotten(house, named=ANA)
    found = re.search(r"Ana Reyes is “(person [0-9a-f]{8})” now", said)
    assert found is not None, said
    assert "2 messages, 2 files of what went out" in said
    left = everything(house)
    for word in ("Ana", "Reyes", "ana@acme", "waits for a big customer", "we pay", "very kind"):
        assert word not in left, word
    # Who refused to be called is still not called, though nobody knows who that is.
    # The whole number: four figures may stand in a letter's file by chance.
    assert len(re.findall(r"555\D?0199", left)) == 1
    assert [rule["whom"] for rule in rows(house, t.contact_rule)] == ["+1 212 555 0199"]
    # Tom Lee's call is as it was.
    assert [(call["spoken_with"], call["note"]) for call in rows(house, t.call)] == [
        (found[1], ""),
        (LEE, "Tom hung up"),
    ]
    # What she answered in numbers stays, and so do the day, the outcome, the promise's amount and who wrote it down.
    assert rows(house, t.call)[0]["answers"] == f'{{"amount":"500","why":"{FORGOTTEN}"}}'
    (promise,) = rows(house, t.promise)
    assert (promise["amount"], promise["pays_on"], promise["by"], promise["said"]) == (
        800_00,
        date(2026, 10, 9),
        "joe",
        f"{found[1]} will see to it",
    )
    assert ledger(house) == facts
    assert journal_of(house)[: len(book)] == book
    # What the messages said stays, without her name.
    texts = [row["text"] for row in house_copies(house)]
    assert all(f"Dear {found[1]}," in text for text in texts)
    assert all("1,200.00" in text for text in texts)
    # The chain, the seals and every other rule hold, and what was given out before is still what it was.
    with database.reading(house.engine) as conn:
        assert verify(conn, house.out).broken == ()
        assert evidence.recognised(conn, evidence.check(given.file).told)
        told_ = [(one.text, one.by) for one in history(conn, "ACME", kinds=["contact", "evidence"])]
    assert (f"promise to pay, spoke with {found[1]}", "joe") in told_
    assert ("1 person forgotten", "dpo") in told_
    # Why it was done is kept, without her name too.
    why = [row.value for row in house.rows(sa.select(t.journal_person)) if row.field == "because"]
    assert f"{found[1]} wrote to us" in why


def house_copies(house: House) -> list[dict[str, Any]]:
    query = sa.select(t.message_copy).where(t.message_copy.c.action.like("main|ACME|%"))
    return [dict(row._mapping) for row in house.rows(query)]


def test_evidence_that_is_given_out_afterwards_holds_too_and_has_no_name(
    house: House, tmp_path: Path
) -> None:
    forgotten(house, named=ANA)
    given = evidence.give_out(
        house.ws, "ACME", house.who("2026-10-28", "sue"), evidence_html, out=tmp_path / "after.zip"
    )
    assert evidence.check(given.file).changed == ""
    import zipfile

    with zipfile.ZipFile(given.file) as zipped:
        for name in zipped.namelist():
            assert b"Reyes" not in zipped.read(name), name
    with pytest.raises(NotFound, match="there is no person “Ana Reyes” of ACME"):
        forgotten(house, named=ANA)


def test_everybody_of_an_account(house: House) -> None:
    said = forgotten(house)
    assert "Ana Reyes is “person " in said
    assert "Tom Lee is “person " in said
    left = everything(house)
    for word in (
        "Ana",
        "Reyes",
        "Tom",
        "Lee ",
        "trade fair",
        "we pay",
        "very kind",
        "hung up",
        "Re: invoices",
    ):
        assert word not in left, word
    assert "Bea Bolt" in left, "another account's people are not meant"
    assert "Olga Ours" in left, "nor are our own"
    assert "secret of BOLT" in left
    assert "short shipment" in left, "what is contested is a fact of the invoice"
    with database.reading(house.engine) as conn:
        assert verify(conn, house.out).broken == ()
    with pytest.raises(Refused, match="ACME has no names and no words left to forget"):
        forgotten(house)


def test_a_customer_who_is_a_person(house: House) -> None:
    def work(engine: sa.Engine) -> None:
        with database.writing(engine) as conn:
            conn.execute(
                sa.update(t.customer)
                .where(t.customer.c.account == "ACME")
                .values(natural_person=1, name="Ana Reyes")
            )

    house.do(work)
    forgotten(house, named=ANA)
    assert rows(house, t.customer)[0]["name"] == "Ana Reyes", (
        "the ledger's own name goes with the whole account"
    )
    forgotten(house)
    assert rows(house, t.customer)[0]["name"] == FORGOTTEN


def test_nobody_is_forgotten_while_something_is_open_or_on_its_way(
    sqlite_template: Path, tmp_path: Path
) -> None:
    house = another(lived(sqlite_template), tmp_path)
    before = everything(house)
    with pytest.raises(
        Refused, match=r"ACME still has 2 open items, 1 open dispute\n  settle it first; or say --agree"
    ):
        forgotten(house, named=ANA)
    assert everything(house) == before

    def on_its_way(engine: sa.Engine) -> None:
        with database.writing(engine) as conn:
            key = sa.select(t.action.c.key).where(t.action.c.account == "ACME").limit(1).scalar_subquery()
            conn.execute(sa.update(t.outbox).where(t.outbox.c.action == key).values(state="uncertain"))

    with pytest.raises(NotFound, match="there is no person “Anna Rayes” of ACME\n  did you mean “Ana Reyes”"):
        forgotten(house, named="Anna Rayes", agreed=True)
    house.do(on_its_way)
    with pytest.raises(Refused, match="a message to them is on its way"):
        forgotten(house, named=ANA, agreed=True)


def test_with_a_yes_though_something_is_open(sqlite_template: Path, tmp_path: Path) -> None:
    house = another(lived(sqlite_template), tmp_path)
    assert "is “person " in forgotten(house, named=ANA, agreed=True)
    (item, other) = rows(house, t.item)
    assert (item["open"], other["open"]) == (1200_00, 800_00)
    assert rows(house, t.contact)[0]["email"] is None
    # A step that writes to them finds no address, and asks a person for one.
    house.import_ledger("2026-11-02")
    house.run("2026-11-02")
    assert house.reason("ACME", "letter") != "", house.states()


def test_every_column_of_words_is_one_that_is_known() -> None:
    """A text that a new table brings is named here, or it would be kept for ever."""
    facts = {
        "action": {"key", "detail", "reason"},
        "call": {"action", "outcome", "reason", "horizon", "circumstance", "option"},
        "charge": {"calculation", "pack", "kind", "item", "action", "waived_by"},
        "contact": {"role", "country", "language"},
        "contact_rule": {"whom", "rule"},
        "concession": {"side", "kind", "state", "approved_by"},
        "dispute": {"item", "reason", "closed_for", "opened_by", "closed_by", "owner", "person", "expected"},
        "guard_override": {"guard"},
        "learned": {"field", "value"},
        "note": {"kind", "topic"},
        "pause": {"kinds"},
        "plan": {"state", "approved_by"},
        "promise": {"state", "kind", "check_number", "made_at"},
        "received": {"message_id", "kind", "action", "status", "mailbox"},
        "restriction": {"kind", "value", "before", "reason", "state", "action", "approved_by"},
        "call_draft": {"since"},
    }
    usual = {"id", "company", "account", "by", "at", "on", "currency"}
    for each in TABLES:
        known = usual | facts[each.table.name] | {each.name, *each.ways, *each.words, *each.plain}
        texts = {column.name for column in each.table.columns if isinstance(column.type, sa.String)}
        assert texts - known == set(), each.table.name
    with_accounts = {
        table.name for table in t.metadata.sorted_tables if "account" in table.c and "company" in table.c
    }
    none_of_people = {"assignment", "customer", "item", "payment", "episode", "mark", "pushed"}
    assert with_accounts - none_of_people - {each.table.name for each in TABLES} == {"action"}


# -- names in texts --------------------------------------------------------------------------------------------------

REYES = Person(ANA, ("ana@acme.example.com", "+1 212 555 0199"), frozenset({"acme"}))


@pytest.mark.parametrize(
    ("text", "sure", "left"),
    [
        ("spoke with Ana Reyes.", True, "spoke with X."),
        ("REYES, ANA", True, "X"),
        ("Ms. Reyes is in", True, "X is in"),
        ("Reyes is in, and Ana's on leave", False, "X is in, and X's on leave"),
        ("banana, an ana, Reyesville", False, "banana, an ana, Reyesville"),
        ("write to Ana@ACME.example.com, please", True, "write to X, please"),
        (
            "xana@acme.example.com ana@acme.example.com.au",
            False,
            "xana@acme.example.com ana@acme.example.com.au",
        ),
        ("call (212) 555-0199 or 1-212-555-0199", True, "call (212) 555-0199 or X"),
        ("Mr Reyes-Lopez", False, "Mr Reyes-Lopez"),
    ],
)
def test_a_person_in_a_text(text: str, sure: bool, left: str) -> None:
    assert about(REYES, {"said": [text]}) is sure
    assert without({REYES: "X"}, {"said": [text, 7]}) == {"said": [left, 7]}


def test_the_name_of_the_company_and_a_name_that_two_have_are_not_taken_for_a_persons() -> None:
    clerk = Person("Clerk of ACME", (), frozenset({"acme"}))
    assert without({clerk: "X"}, "Dear Clerk of ACME, ACME's clerk") == "Dear X, ACME's clerk"
    (ana,) = told_apart([REYES], [REYES, Person("Ana Lopez")])
    assert without({ana: "X"}, "Ana Reyes and Ana Lopez; Ana; Reyes") == "X and Ana Lopez; Ana; X"


def test_what_names_nobody_stays() -> None:
    answers = {"amount": "1,200 EUR", "day": "2026-10-09", "sure": "yes", "check": "4711", "n": 3}
    assert plain(answers) == answers
    assert plain({"who": "Ana", "tel": "+1 212 555 0199", "all": ["x", "5%"]}) == {
        "who": FORGOTTEN,
        "tel": FORGOTTEN,
        "all": [FORGOTTEN, "5%"],
    }
