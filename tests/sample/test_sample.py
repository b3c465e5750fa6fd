"""The made-up ledger: the same for a seed, of this week, read by our own readers, with everybody in it."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta
from itertools import groupby

import pytest

from engine.core.problem import Severity
from engine.readers.customers import CustomersReading, read_customers
from engine.readers.ledger import read_ledger
from engine.readers.profile import Profile, read
from engine.readers.reading import Reading
from engine.sample import SEED, Sample, generate

ON = date(2026, 11, 23)


@pytest.fixture(scope="module")
def sample() -> Sample:
    return generate(SEED, ON)


def profile(sample: Sample, name: str) -> Profile:
    found, problems = read(f"{name}.toml", sample.profiles[name])
    assert problems == ()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def ledger(sample: Sample) -> Reading:
    return read_ledger("ledger.csv", sample.files["ledger.csv"].encode(), profile=profile(sample, "ledger"))


@pytest.fixture(scope="module")
def history(sample: Sample) -> Reading:
    return read_ledger(
        "history.csv", sample.files["history.csv"].encode(), profile=profile(sample, "history")
    )


@pytest.fixture(scope="module")
def customers(sample: Sample) -> CustomersReading:
    data = sample.files["customers.csv"].encode()
    return read_customers("customers.csv", data, profile=profile(sample, "customers"))


def test_the_same_seed_and_day_give_the_same_files(sample: Sample) -> None:
    assert generate(SEED, ON).files == sample.files
    assert generate(SEED + 1, ON).files != sample.files


def test_another_day_moves_every_date_with_it(sample: Sample) -> None:
    for days in (1, 7, 100, 500):
        then = ON + timedelta(days=days)
        moved = generate(SEED, then)
        dates = [row["Document Date"] for row in csv.DictReader(moved.files["ledger.csv"].splitlines()[3:])]
        newest = max(date.fromisoformat(day) for day in dates if day)
        assert then - timedelta(days=4) <= newest < then
        people = [line.rpartition(",")[0] for line in moved.files["customers.csv"].splitlines()]
        assert people == [line.rpartition(",")[0] for line in sample.files["customers.csv"].splitlines()]


def test_the_ledger_is_read_whole_and_its_totals_agree(ledger: Reading) -> None:
    assert ledger.ok
    assert ledger.problems == ()
    assert ledger.as_of == ON
    assert ledger.currencies == ("EUR", "USD")
    assert ledger.total_in_file == ledger.total_of_rows
    assert set(ledger.rows["kind"]) == {"invoice", "credit_note", "payment"}
    assert ledger.rows["disputed"].sum() > 10


def test_nothing_is_open_that_was_also_paid(ledger: Reading, history: Reading) -> None:
    assert history.ok
    assert history.as_of == ON - timedelta(days=1)
    assert not set(ledger.rows["item"]) & set(history.rows["item"])
    assert history.rows["item"].is_unique().all()
    assert (history.rows["open"] == 0).all()


def test_history_reaches_back_eighteen_months(history: Reading) -> None:
    first, last = history.rows["date"].min(), history.rows["date"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    assert timedelta(days=530) < ON - first <= timedelta(days=552)
    assert last < ON


def test_the_customers_are_read_and_only_what_was_typed_wrong_is_said(customers: CustomersReading) -> None:
    assert customers.ok
    assert len(customers.customers) == 400
    assert {problem.severity for problem in customers.problems} == {Severity.WARNING}
    assert all("no e-mail address" in problem.sentence for problem in customers.problems)
    assert 3 <= len(customers.problems) <= 20


def test_everybody_is_in_it(customers: CustomersReading) -> None:
    frame = customers.customers
    assert set(frame["segment"]) == {"trade", "retail", "key", "public"}
    assert set(frame["country"]) == {"us", "de", "fr", "es", "br", "it", "gb", "pt"}
    assert set(frame["language"]) == {"en", "de", "fr", "es", "pt", "it"}
    assert frame["country"].eq("us").mean() > 0.7
    assert {"net 30", "net 60", "2/10 net 30", "eom + 30 days", "due on receipt"} <= set(frame["terms"])


def test_contact_data_is_untidy(customers: CustomersReading) -> None:
    payable = customers.contacts.filter(customers.contacts["role"] == "accounts payable")
    for column in ("email", "phone", "address"):
        missing = payable[column].fill_null("").eq("").mean()
        assert isinstance(missing, float)
        assert 0.01 < missing < 0.12, column


def test_a_believable_share_is_overdue(ledger: Reading) -> None:
    overdue = ledger.rows.filter((ledger.rows["due"] < ON) & (ledger.rows["open"] > 0))
    assert 0.15 < overdue["account"].n_unique() / 400 < 0.45
    late = [(ON - due).days for due in overdue["due"]]
    assert min(late) <= 7
    assert max(late) > 90


def test_promises_are_kept_and_broken_and_some_are_open(sample: Sample) -> None:
    states = Counter(promise.state for promise in sample.promises)
    assert all(states[state] >= 5 for state in ("kept", "broken", "open"))
    for promise in sample.promises:
        assert promise.made < promise.pays
        assert promise.made < ON
        assert (promise.pays + timedelta(days=4) >= ON) or promise.state != "open"
    by_account = groupby(sorted(promise.account for promise in sample.promises))
    assert max(len(list(promises)) for _, promises in by_account) >= 3


def test_a_small_sample_still_goes_round_the_world() -> None:
    small = generate(3, ON, accounts=8)
    rows = list(csv.DictReader(small.files["customers.csv"].splitlines()))
    assert {row["Country"] for row in rows} >= {"US", "DE", "FR", "ES", "BR", "IT", "GB", "PT"}
