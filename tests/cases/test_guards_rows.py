"""What the guards read of the database is the same on each kind of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from engine.core.cases.guards import EMAILS, EVERY_WAY, PHONE, WISHES, Wish
from engine.core.cases.late_money import INTEREST, LUMP_SUM, Line
from engine.core.workdays import calendar
from engine.errors import DatabaseError, Refused
from engine.jobs import cases
from engine.jobs.cases import charges as verbs
from engine.jobs.cases import wishes
from engine.store import charges, database, journal
from engine.store import tables as t
from tests.cases.test_verbs import who
from tests.store.ledgers import day, row, state, take_in

LEDGER = (row("ACME", "101", "1 Sep", "1 Oct", 500_00), row("BOLT", "201", "1 Sep", "1 Oct", 900_00))
US = calendar("US")


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = database.open(database_url)
    take_in(engine, "20 Nov", *LEDGER)
    people = [("Ann Lee", "ann@acme.example.com", "+1 212 555 0101"), ("Bo Hart", None, "+1 212 555 0102")]
    with database.writing(engine) as conn:
        conn.execute(sa.delete(t.contact))
        for name, email, phone in people:
            known = {
                "account": "ACME",
                "role": "accounts payable",
                "name": name,
                "email": email,
                "phone": phone,
            }
            conn.execute(sa.insert(t.contact).values(**known, email_ok=int(email is not None), post_ok=0))
    yield engine
    with database.reading(engine) as conn:
        journal.verify(conn)
    engine.dispose()


def rules(engine: sa.Engine, on: str) -> list[tuple[int, Wish, int, int]]:
    """(row, rule, bits closed, bits opened) on a day."""
    found = state(engine, on).wishes.rows()
    return [(number, WISHES[wish], closes, opens) for number, wish, closes, opens, _ in found]


def test_calls_of_the_last_weeks_are_known_whatever_came_of_them(engine: sa.Engine) -> None:
    cases.log_call(engine, "ACME", "no answer", who("21 Nov"), US)
    cases.log_call(engine, "ACME", "dispute", who("22 Nov"), US)
    assert state(engine, "23 Nov").calls.rows() == [(0, day("21 Nov"), False), (0, day("22 Nov"), True)]


def test_a_rule_closes_what_nobody_else_has_and_ends_with_its_day(engine: sa.Engine) -> None:
    on = who("21 Nov")
    wishes.wish(engine, "ACME", "no contact", on, because="left", whom="Ann Lee", until=day("23 Nov"))
    assert rules(engine, "22 Nov") == [(0, Wish.NO_CONTACT, 1, 0)]  # the only address; Bo Hart can be called
    wishes.wish(engine, "ACME", "no calls", on, because="asked", whom="Bo Hart")
    both = [(0, Wish.NO_CALLS, PHONE, 0), (0, Wish.NO_CONTACT, 1 | PHONE, 0)]
    assert rules(engine, "22 Nov") == both  # nobody is left to call
    assert rules(engine, "24 Nov") == []  # Ann Lee can be called again


def test_a_number_is_found_however_it_is_written(engine: sa.Engine) -> None:
    on = who("21 Nov")
    wishes.wish(engine, "ACME", "wrong number", on, because="a stranger", whom="+1 (212) 555-0101")
    assert rules(engine, "22 Nov") == []  # the other number is left
    wishes.wish(engine, "ACME", "wrong number", on, because="a stranger", whom="+12125550102")
    assert [closes for _, _, closes, _ in rules(engine, "22 Nov")] == [PHONE, PHONE]
    with pytest.raises(Refused, match="“wrong number” is on record for 2 of ACME"):
        wishes.lift_wish(engine, "ACME", "wrong number", on)
    wishes.lift_wish(engine, "ACME", "wrong number", on, whom="+12125550102")
    assert rules(engine, "22 Nov") == []


def test_an_attorneys_address_opens_e_mail_and_closes_the_rest(engine: sa.Engine) -> None:
    wishes.wish(engine, "BOLT", "via attorney", who("21 Nov"), because="letter", whom="lee@law.example.org")
    wishes.wish(engine, "ACME", "via attorney", who("21 Nov"), because="letter")
    assert rules(engine, "22 Nov") == [
        (0, Wish.VIA_ATTORNEY, EVERY_WAY, 0),
        (1, Wish.VIA_ATTORNEY, EVERY_WAY & ~EMAILS, EMAILS),
    ]


def test_an_exception_is_known_through_its_day(engine: sa.Engine) -> None:
    with database.writing(engine) as conn:
        known = {"account": "BOLT", "guard": "calls", "from_day": day("21 Nov"), "until": day("22 Nov")}
        conn.execute(sa.insert(t.guard_override).values(**known, because="asked", by="ana"))
    found = [state(engine, on).off.rows() for on in ("20 Nov", "21 Nov", "22 Nov", "23 Nov")]
    assert found == [[], [(1, "calls", day("22 Nov"))], [(1, "calls", day("22 Nov"))], []]


def test_nothing_is_charged_twice_even_by_two_at_once(engine: sa.Engine) -> None:
    line = Line("101", INTEREST, 1_23, "USD", day("2 Oct"), day("20 Nov"), "contract", {"formula": "…"})
    lump = Line("101", LUMP_SUM, 40_00, "USD", day("2 Oct"), day("2 Oct"), "eu", {"formula": "…"})
    with database.writing(engine) as conn:
        for one in (line, lump):
            charges.add(conn, "ACME", one, on=day("20 Nov"), at="", by="ana")
    with pytest.raises(DatabaseError), database.writing(engine) as conn:
        charges.add(conn, "ACME", line, on=day("20 Nov"), at="", by="joe")
    with database.reading(engine) as conn:
        before = charges.charged(conn, "ACME")
        assert charges.through(before, "101") == (day("20 Nov"), True)
        assert [one.item for one in charges.owing(conn, "ACME", day("20 Nov"))] == ["101"]
    said = verbs.waive(engine, "ACME", who("21 Nov"), because="a good customer", kind=INTEREST)
    assert said == "ACME: 1.23 USD interest waived: a good customer"
    with database.reading(engine) as conn:
        assert [one.kind for one in charges.shown(conn, "ACME", ["101"])] == [LUMP_SUM]
