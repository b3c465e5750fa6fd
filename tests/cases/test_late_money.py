"""Late-payment money: the check values of the law, and a house in which it is charged once and waived with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.cases.late_money import INTEREST, Contest, Line, Owing, Whom, lines, pack_of
from engine.core.figures.interest import Interest, Stretch, half_up, interest, principals
from engine.core.figures.packs import PACKS, lump_sum
from engine.core.figures.reference_rates import RATES, NoRate, next_half_year, rate
from engine.core.language.check import check
from engine.core.language.known import Known
from engine.core.language.policy import House as Rules
from engine.core.language.policy import Kind
from engine.errors import Refused
from engine.jobs import cases, messages
from engine.jobs.cases import charges as verbs
from engine.store import database
from engine.store import tables as t
from tests.cases.office import HOUSE, master, open_house, says, told
from tests.jobs.world import House, moment

DAY = timedelta(days=1)


def come_to(pack: str, principal: int, first: date, days: int, **more: object) -> int:
    """The interest of so many days from the first, in minor units."""
    stretch = Stretch(first, first + DAY * (days - 1), principal)
    found = interest(PACKS[pack], [stretch], first, {}, **more)  # type: ignore[arg-type]
    assert isinstance(found, Interest)
    return found.amount


# -- check values --------------------------------------------------------------------------------------------------------


def test_the_united_kingdoms_example_is_rounded_once_on_the_sum() -> None:
    assert (
        come_to("uk", 5_000_00, date(2025, 7, 11), 101) == 169_49
    )  # 12.25%: not 101 times 1.68, which is 169.68


def test_the_united_kingdom_fixes_the_rate_where_interest_begins() -> None:
    begins = date(2025, 12, 31)  # Bank Rate of 30 June 2025: 4.25
    half_years = [Stretch(begins, date(2026, 3, 31), 1_000_00)]
    found = interest(PACKS["uk"], half_years, begins, {})
    assert isinstance(found, Interest)
    assert [part.percent for part in found.parts] == [Decimal("12.25")]
    later = interest(PACKS["uk"], [Stretch(begins + DAY, date(2026, 3, 31), 1_000_00)], begins + DAY, {})
    assert isinstance(later, Interest)
    assert [part.percent for part in later.parts] == [Decimal("11.75")]  # Bank Rate of 31 December 2025: 3.75


@pytest.mark.parametrize(
    ("pack", "before", "after"),
    [("eu", "11.15", "10.15"), ("germany", "11.27", "10.27"), ("france", "13.15", "12.15")],
)
def test_the_continent_counts_anew_each_half_year(pack: str, before: str, after: str) -> None:
    found = interest(
        PACKS[pack], [Stretch(date(2025, 6, 1), date(2025, 7, 10), 1_000_00)], date(2025, 6, 1), {}
    )
    assert isinstance(found, Interest)
    assert [(part.days, part.percent) for part in found.parts] == [
        (30, Decimal(before)),
        (10, Decimal(after)),
    ]
    exact = Fraction(1_000_00, 36500) * (30 * Fraction(before) + 10 * Fraction(after))
    assert found.amount == half_up(exact)


def test_a_consumer_in_germany_owes_five_points_and_no_sum() -> None:
    assert (
        come_to("germany", 1_000_00, date(2025, 7, 1), 365, points=Decimal(5)) == 62_70
    )  # 6.27%, half-years alike
    assert not isinstance(lump_sum(PACKS["germany"], 1_000_00, "EUR", consumer=True), int)


def test_a_contracts_rate_is_simple() -> None:
    assert (
        come_to("contract", 1_000_00, date(2026, 1, 1), 365, contract=Decimal(18)) == 180_00
    )  # 1.5% a month
    assert come_to("contract", 1_000_00, date(2026, 1, 1), 730, contract=Decimal(18)) == 360_00


def test_the_days_of_a_leap_year_count_by_365() -> None:
    assert come_to("contract", 365_00, date(2024, 1, 1), 366, contract=Decimal(10)) == 36_60


@pytest.mark.parametrize(
    ("pack", "debt", "currency", "wanted"),
    [
        ("uk", 999_99, "GBP", 40_00),
        ("uk", 1_000_00, "GBP", 70_00),
        ("uk", 9_999_99, "GBP", 70_00),
        ("uk", 10_000_00, "GBP", 100_00),
        ("eu", 1, "EUR", 40_00),
        ("germany", 10_000_00, "EUR", 40_00),
        ("france", 10_000_00, "EUR", 40_00),
    ],
)
def test_the_lump_sum_of_a_debt(pack: str, debt: int, currency: str, wanted: int) -> None:
    assert lump_sum(PACKS[pack], debt, currency, consumer=False) == wanted
    assert not isinstance(lump_sum(PACKS[pack], debt, "USD", consumer=False), int)


def test_a_negative_reference_lowers_the_rate() -> None:
    assert come_to("germany", 1_000_00, date(2021, 1, 1), 365) == 81_20  # 9 - 0.88


def test_a_half_year_without_a_rate_is_never_guessed_and_a_team_can_add_it() -> None:
    for name, known in RATES.items():
        last = max(known)
        assert isinstance(rate(name, next_half_year(last), {}), NoRate)
        assert all(day in (day.replace(month=1, day=1), day.replace(month=7, day=1)) for day in known)
    stretch = [Stretch(date(2026, 6, 30), date(2026, 7, 1), 1_000_00)]
    assert interest(PACKS["eu"], stretch, date(2026, 6, 30), {}) == NoRate("ecb", date(2026, 7, 1))
    added = interest(PACKS["eu"], stretch, date(2026, 6, 30), {("ecb", date(2026, 7, 1)): Decimal(2)})
    assert isinstance(added, Interest)
    assert [(part.percent, part.reference and part.reference.told) for part in added.parts] == [
        (Decimal("10.15"), False),
        (Decimal("10"), True),
    ]


# -- the principal, day by day ------------------------------------------------------------------------------------------


def test_what_was_paid_in_part_bore_interest_through_the_day_it_came() -> None:
    found = principals(600_00, [(date(2026, 3, 10), 400_00)], date(2026, 3, 2), date(2026, 3, 20))
    assert found == (
        Stretch(date(2026, 3, 2), date(2026, 3, 10), 1_000_00),
        Stretch(date(2026, 3, 11), date(2026, 3, 20), 600_00),
    )


def test_what_was_rightly_contested_bears_nothing_until_it_was_settled() -> None:
    aside = [Stretch(date(2026, 3, 2), date(2026, 3, 10), 400_00)]
    assert principals(1_000_00, [], date(2026, 3, 2), date(2026, 3, 12), aside) == (
        Stretch(date(2026, 3, 2), date(2026, 3, 10), 600_00),
        Stretch(date(2026, 3, 11), date(2026, 3, 12), 1_000_00),
    )


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    st.integers(0, 5_000_00),
    st.lists(st.tuples(st.integers(-5, 60), st.integers(1, 900_00)), max_size=4),
    st.integers(0, 50),
)
def test_charging_in_two_pieces_is_charging_at_once(owed: int, came: list[tuple[int, int]], cut: int) -> None:
    """But for the rounding of each piece: a cent, never more."""
    first, last = date(2025, 6, 1), date(2025, 7, 21)
    payments = [(first + DAY * day, amount) for day, amount in came]
    cut_day = first + DAY * cut

    def worth(start: date, end: date) -> int:
        found = interest(PACKS["germany"], principals(owed, payments, start, end), first, {})
        assert isinstance(found, Interest)
        return found.amount

    pieces = worth(first, cut_day) + worth(cut_day + DAY, last)
    assert abs(pieces - worth(first, last)) <= 1


# -- one item ------------------------------------------------------------------------------------------------------------

ITEM = Owing("A1", date(2025, 7, 10), 5_000_00, "GBP")


def rules(charge: str) -> Rules:
    """The house that says so."""
    text = f"order: [p]\n{charge}\n"
    policy = b"policy: P\nclock: due date\nsteps:\n  - {day: 1, call: collector}\n"
    found = check({"policies/p.yaml": policy, "policies/house.yaml": text.encode()}, Known())
    assert found.book is not None, found.problems
    return found.book.house


def due(charge: str, item: Owing = ITEM, through: date = date(2025, 10, 19), **more: object) -> list[Line]:
    told_: Mapping[str, object] = {"whom": Whom("gb"), "charged": None, "summed": False} | more
    whom = told_["whom"]
    assert isinstance(whom, Whom)
    rest = {name: value for name, value in told_.items() if name != "whom"}
    return list(lines(rules(charge), whom, item, through, **rest))  # type: ignore[arg-type]


def test_interest_begins_the_day_after_it_was_due_and_shows_its_calculation() -> None:
    line, lump = due("charge: uk")
    assert (line.amount, line.first, line.last) == (169_49, date(2025, 7, 11), date(2025, 10, 19))
    assert line.calculation["formula"] == "5,000.00 GBP × 12.25% × 101 days / 365 = 169.49 GBP"
    assert line.calculation["parts"][0] == {
        "from": "2025-07-11",
        "to": "2025-10-19",
        "days": 101,
        "principal": 5_000_00,
        "percent": "12.25",
        "interest": 169_49,
        "reference": "bank of england",
        "reference_percent": "4.25",
        "reference_since": "2025-07-01",
        "points": "8",
    }
    assert (lump.kind, lump.amount, lump.calculation["debt"]) == ("lump sum", 70_00, 5_000_00)
    assert due("charge: uk", through=date(2025, 7, 10)) == []


def test_what_was_charged_is_not_charged_again() -> None:
    (line,) = due("charge: uk", charged=date(2025, 10, 9), summed=True)
    assert (line.first, line.last) == (date(2025, 10, 10), date(2025, 10, 19))
    assert due("charge: uk", charged=date(2025, 10, 19), summed=True) == []


def test_a_house_charges_from_its_own_day_and_without_the_sum_if_it_says_so() -> None:
    (line,) = due("charge: {pack: uk, from: 2025-10-01}")
    assert line.first == date(2025, 10, 1)  # and no sum: it was late before
    assert line.calculation["begins"] == "2025-07-11"
    assert [one.kind for one in due("charge: {pack: uk, lump-sum: no}")] == [INTEREST]


def test_the_pack_is_that_of_the_customers_country() -> None:
    by_country = rules("charge: {DE: germany, United Kingdom: uk, US: nothing, else: contract 1.5% a month}")
    packs = {code: pack_of(by_country, Whom(code)) for code in ("de", "gb", "us", "fr", "")}
    assert {code: charge and charge.pack for code, charge in packs.items()} == {
        "de": "germany",
        "gb": "uk",
        "us": None,
        "fr": "contract",
        "": "contract",
    }
    assert pack_of(Rules(), Whom("de")) is None


def test_a_natural_person_is_charged_as_a_consumer_or_not_at_all() -> None:
    person = Whom("gb", natural_person=True)
    assert {line.waits for line in due("charge: uk", whom=person)} == {
        "Late Payment of Commercial Debts (Interest) Act 1998 is between businesses, and this is a natural person; "
        "who trades has the legal form “sole trader” in the master"
    }
    assert due("charge: uk", whom=replace(person, legal_form="sole trader"))[0].waits == ""
    german = replace(ITEM, currency="EUR")
    line, lump = due("charge: germany", german, whom=Whom("de", natural_person=True))
    assert line.calculation["parts"][0]["percent"] == "6.27"
    assert (lump.amount, lump.waits) == (0, "a consumer owes no lump sum")


def test_a_contract_needs_its_basis_on_record() -> None:
    (line,) = due("charge: contract 1.5% a month")
    assert line.amount == 249_04  # it accrues
    assert line.waits.startswith("no contract is on record")
    (named,) = due("charge: contract 1.5% a month", basis="order of 2 May, section 4")
    assert (named.waits, named.calculation["basis"]) == ("", "order of 2 May, section 4")
    (house,) = due("charge: {pack: contract, rate: 1.5% a month, basis: terms of sale}")
    assert house.calculation["basis"] == "terms of sale"


def test_a_contracts_rate_in_france_is_at_least_three_times_the_legal_one() -> None:
    french = replace(ITEM, currency="EUR")
    for charge in (
        "charge: {pack: france, rate: 8% a year}",
        "charge: {pack: contract, rate: 8% a year, basis: x}",
    ):
        line = due(charge, french, whom=Whom("fr"))[0]
        assert line.waits == "8% a year is below 3 times the legal rate of 2.76%, which is 8.28%"
    line = due("charge: {pack: france, rate: 8.28% a year}", french, whom=Whom("fr"))[0]
    assert (line.waits, line.calculation["parts"][0]["percent"]) == ("", "8.28")


def test_what_is_disputed_accrues_and_waits() -> None:
    line, lump = due("charge: uk", replace(ITEM, aside="disputed"))
    assert line.amount == 169_49
    assert "charged only if the dispute is closed against the customer" in line.waits
    assert lump.waits == line.waits


def test_a_dispute_closed_for_the_customer_bears_nothing_and_one_for_us_everything() -> None:
    lost = Contest(date(2025, 8, 1), date(2025, 10, 9), "customer", None)
    (line,) = due("charge: uk", replace(ITEM, contests=(lost,)))
    assert (line.first, line.calculation["parts"][0]["days"]) == (date(2025, 10, 10), 10)
    assert due("charge: uk", replace(ITEM, contests=(replace(lost, closed_for="us"),)))[0].amount == 169_49
    part = replace(lost, amount=1_000_00)
    line, lump = due("charge: uk", replace(ITEM, contests=(part,)))
    assert [one["principal"] for one in line.calculation["parts"]] == [4_000_00, 5_000_00]
    assert lump.calculation["debt"] == 4_000_00


def test_a_missing_rate_says_what_to_write() -> None:
    line = due("charge: eu", replace(ITEM, currency="EUR"), through=date(2026, 8, 1))[0]
    assert line.amount == 0
    assert line.waits == (
        "no rate of “ecb” is known for the half-year from 2026-07-01; write it into house.yaml:  "
        "rates: {ecb: {2026-07-01: …%}}"
    )
    told_ = "charge: eu\nrates: {ecb: {2026-07-01: 2.15%}}"
    assert due(told_, replace(ITEM, currency="EUR"), through=date(2026, 8, 1))[0].waits == ""


# -- in a house ----------------------------------------------------------------------------------------------------------

FIRM = """
policy: Firm
clock: due date
steps:
  - day: 5
    email: firm-reminder
"""


@pytest.fixture
def house(tmp_path: Path, sqlite_template: Path) -> House:
    """ACME of London owes £5,000 due 1 October 2026, and £100 more; the house charges by the United Kingdom's law."""
    text = HOUSE.replace("USD", "GBP") + "charge: {GB: uk}\nrates: {bank of england: {2026-07-01: 4.25%}}\n"
    found = open_house(tmp_path, sqlite_template, house=text, policies={"standard": FIRM})
    settings_ = (
        (found.root / "dunwell.toml").read_text("utf-8").replace('currency = "USD"', 'currency = "GBP"')
    )
    (found.root / "dunwell.toml").write_text(settings_, "utf-8")
    found.owes("ACME", "A1", "2026-10-01", "5000.00")
    found.owes("ACME", "A2", "2026-10-05", "100.00")
    master(found, {"customer number": "ACME", "country": "GB"})
    found.import_ledger("2026-10-11")
    return found


def worked_out(house: House, on: str, account: str = "ACME") -> verbs.Charges:
    def ask(engine: sa.Engine) -> verbs.Charges:
        with database.reading(engine) as conn:
            return verbs.charges(house.ws, conn, account, date.fromisoformat(on))

    found = house.do(ask)
    assert isinstance(found, verbs.Charges)
    return found


def do(house: House, on: str, verb: Callable[..., str], *words: object, **more: object) -> str:
    who = house.who(on)
    return str(house.do(lambda engine: verb(*words, engine, "ACME", who, **more)))


def test_an_account_is_charged_once_and_waived_in_one_step_with_a_reason(house: House) -> None:
    drawn = told(house, "2026-10-12", "charges", "ACME")
    assert "5,000.00 GBP × 12.25% × 10 days / 365 = 16.78 GBP" in drawn
    assert "To charge it:  dunwell charge ACME" in drawn
    said = told(house, "2026-10-12", "charge", "ACME", "--item", "A1", "--by", "ana")
    assert said.splitlines()[0] == (
        "ACME is charged 16.78 GBP interest and 70.00 GBP lump sum by Late Payment of Commercial Debts (Interest) "
        "Act 1998, through Sun 11 Oct 2026:"
    )
    again = says(house, "2026-10-12", "charge", "ACME", "--item", "A1")
    assert again.code == 1
    assert "nothing more has come to be owed by ACME through Sun 11 Oct 2026" in again.err
    house.import_ledger("2026-10-13")  # two days more
    assert [(line.item, line.kind, line.amount) for line in worked_out(house, "2026-10-14").lines] == [
        ("A1", "interest", 3_36),
        ("A2", "interest", 27),
        ("A2", "lump sum", 40_00),
    ]
    waived = told(house, "2026-10-14", "waive", "ACME", "--because", "they paid by return", "--item", "A1")
    assert waived.strip() == "ACME: 16.78 GBP interest and 70.00 GBP lump sum waived: they paid by return"
    found = json.loads(told(house, "2026-10-14", "charges", "ACME", "--json"))
    assert [(one["kind"], one["amount"], one["waived"], one["because"]) for one in found["charged"]] == [
        ("interest", "16.78", "2026-10-14", "they paid by return"),
        ("lump sum", "70.00", "2026-10-14", "they paid by return"),
    ]
    assert found["charged"][0]["calculation"]["parts"][0]["reference_by"] == "house.yaml"
    # What was waived is not charged again: only the days after it.
    assert next(line.first for line in worked_out(house, "2026-10-14").lines) == date(2026, 10, 12)
    with pytest.raises(Refused, match="is charged nothing that could be waived"):
        do(house, "2026-10-14", verbs.waive, because="again")
    kept = house.journal("charge")
    assert [one["calculation"]["formula"] for one in kept] == [
        "5,000.00 GBP × 12.25% × 10 days / 365 = 16.78 GBP",
        "for a debt of 5,000.00 GBP: 70.00 GBP",
    ]


def test_the_letter_shows_the_charge_with_its_calculation_and_the_charge_names_the_letter(
    house: House,
) -> None:
    do(house, "2026-10-12", verbs.charge, house.ws, items=["A1"])
    day = date(2026, 10, 12)
    shown = messages.message(house.ws, "ACME", day, Kind.EMAIL, now=moment("2026-10-12", "09:00"))
    shown = " ".join(shown.split())
    assert (
        "In addition we charge for late payment, by Late Payment of Commercial Debts (Interest) Act 1998:"
        in shown
    )
    assert "£5,000.00 × 12.25% × 10 / 365" in shown
    assert "12.25% a year is 4.25% (Bank of England, 1 Jul 2026) plus 8%." in shown
    assert "£86.78" in shown
    house.day("2026-10-12")
    body = house.mails()[0].get_body(("plain",))
    assert body is not None
    assert "£86.78" in body.get_content()
    (sent,) = house.rows(sa.select(t.action.c.key).where(t.action.c.state == "sent"))
    assert {key for (key,) in house.rows(sa.select(t.charge.c.action))} == {sent[0]}


def test_a_message_without_charges_says_nothing_of_them_and_waived_ones_are_not_shown(house: House) -> None:
    day, now = date(2026, 10, 12), moment("2026-10-12", "09:00")
    assert "In addition" not in messages.message(house.ws, "ACME", day, Kind.EMAIL, now=now)
    do(house, "2026-10-12", verbs.charge, house.ws)
    do(house, "2026-10-12", verbs.waive, because="a good customer")
    assert "In addition" not in messages.message(house.ws, "ACME", day, Kind.EMAIL, now=now)


def test_a_disputed_item_is_charged_when_the_dispute_is_closed_against_the_customer(house: House) -> None:
    who = house.who("2026-10-12")
    house.do(lambda engine: cases.open_dispute(engine, "ACME", "A1", "pricing error", who))
    assert do(house, "2026-10-12", verbs.charge, house.ws).count("A2") == 2
    waits = worked_out(house, "2026-10-12").lines
    assert [(line.item, line.amount) for line in waits] == [("A1", 16_78), ("A1", 70_00)]
    assert all("disputed" in line.waits for line in waits)
    with pytest.raises(Refused, match="disputed: it accrues"):
        do(house, "2026-10-12", verbs.charge, house.ws, items=["A1"])
    after = house.who("2026-10-13")
    house.do(lambda engine: cases.close_dispute(engine, "ACME", "A1", after, closed_for="us"))
    house.import_ledger("2026-10-14")
    charged = {line.kind: line for line in worked_out(house, "2026-10-14").lines if line.item == "A1"}
    assert (charged["interest"].first, charged["interest"].waits) == (date(2026, 10, 2), "")


def test_what_is_promised_is_charged_only_by_name_and_what_is_not_known_is_refused(house: House) -> None:
    who = house.who("2026-10-12")
    house.do(
        lambda engine: cases.promise(engine, "ACME", date(2026, 10, 20), who, house.ws.calendar, items=["A1"])
    )
    assert "A1: a promise to pay is open" in do(house, "2026-10-12", verbs.charge, house.ws)
    assert "16.78 GBP interest" in do(house, "2026-10-12", verbs.charge, house.ws, items=["A1"])
    with pytest.raises(Refused, match="there is no item “A9” of ACME"):
        do(house, "2026-10-12", verbs.charge, house.ws, items=["A9"])
    house.write("house", HOUSE.replace("USD", "GBP"))
    with pytest.raises(Refused, match="nothing is charged to customers in GB"):
        do(house, "2026-10-12", verbs.charge, house.ws)


def test_an_item_that_was_paid_late_is_charged_where_it_is_named(house: House) -> None:
    house.paid("A2")
    house.import_ledger("2026-10-12")
    assert {line.item for line in worked_out(house, "2026-10-13").lines} == {"A1"}
    said = do(house, "2026-10-13", verbs.charge, house.ws, items=["A2"])
    assert "100.00 GBP × 12.25% × 7 days / 365 = 0.23 GBP" in said
