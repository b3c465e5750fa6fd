"""The made-up world: the same for a seed, of this week, read by our own readers, with everybody in it."""

from __future__ import annotations

import csv
from datetime import date, timedelta

import pytest

from engine.core.problem import Severity
from engine.readers.customers import CustomersReading, read_customers
from engine.readers.ledger import read_ledger
from engine.readers.profile import Profile, read
from engine.readers.reading import Reading
from engine.sample import ALWAYS_LATE, SEED, Sample, generate

ON = date(2026, 11, 23)


@pytest.fixture(scope="module")
def sample() -> Sample:
    return generate(SEED, ON)


def profile(sample: Sample, name: str) -> Profile:
    found, problems = read(f"{name}.toml", sample.profiles[name])
    assert problems == ()
    assert found is not None
    return found


def read_on(sample: Sample, on: date) -> Reading:
    return read_ledger("ledger.csv", sample.ledger(on).encode(), profile=profile(sample, "ledger"))


@pytest.fixture(scope="module")
def ledger(sample: Sample) -> Reading:
    return read_on(sample, ON)


@pytest.fixture(scope="module")
def history(sample: Sample) -> Reading:
    return read_ledger("history.csv", sample.history(ON).encode(), profile=profile(sample, "history"))


@pytest.fixture(scope="module")
def customers(sample: Sample) -> CustomersReading:
    return read_customers("customers.csv", sample.customers.encode(), profile=profile(sample, "customers"))


def test_the_same_seed_and_day_give_the_same_files(sample: Sample) -> None:
    assert generate(SEED, ON).files(ON) == sample.files(ON)
    assert generate(SEED + 1, ON).files(ON) != sample.files(ON)


def test_another_day_moves_every_date_with_it(sample: Sample) -> None:
    for days in (1, 7, 100, 500):
        then = ON + timedelta(days=days)
        moved = generate(SEED, then)
        dates = [row["Document Date"] for row in csv.DictReader(moved.ledger(then).splitlines()[3:])]
        newest = max(date.fromisoformat(day) for day in dates if day)
        assert then - timedelta(days=4) <= newest < then
        people = [line.rpartition(",")[0] for line in moved.customers.splitlines()]
        assert people == [line.rpartition(",")[0] for line in sample.customers.splitlines()]


def test_the_ledger_is_read_whole_and_its_totals_agree(ledger: Reading) -> None:
    assert ledger.ok
    assert ledger.problems == ()
    assert ledger.as_of == ON
    assert ledger.currencies == ("EUR", "USD")
    assert ledger.total_in_file == ledger.total_of_rows
    assert set(ledger.rows["kind"]) == {"invoice", "credit_note", "payment"}
    assert ledger.rows["disputed"].sum() >= 3


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


def test_the_ledger_of_each_day_follows_from_the_one_before(sample: Sample) -> None:
    before = read_on(sample, ON - timedelta(days=30)).rows
    for back in (29, 28, 15, 1, 0):
        day = ON - timedelta(days=back)
        now = read_on(sample, day).rows
        assert (now["date"] < day).all()
        both = now.join(before, on="item", suffix="_before")
        assert both.height > 100
        assert (both["amount"] == both["amount_before"]).all()
        assert (both["open"].abs() <= both["open_before"].abs()).all()
        appeared = now.join(before, on="item", how="anti")
        assert (appeared["date"] >= day - timedelta(days=15)).all()
        before = now


def test_who_changes_its_mind_pays_what_is_overdue_and_nothing_else() -> None:
    sample = generate(SEED, ON)
    world = sample.world
    account = next(account for number, account in enumerate(world.buyers) if number == ALWAYS_LATE)
    mine = [document for document in world.documents if document.account == account]
    late = [document for document in mine if document.open(ON) and document.due < ON]
    young = [document for document in mine if document.open(ON) and document.due >= ON]
    assert late
    world.pays(account, ON, ON, share=40)
    assert [document.open(ON + timedelta(days=1)) for document in late] == [
        document.amount - document.amount * 40 // 100 for document in late
    ]
    world.pays(account, ON + timedelta(days=2), ON)
    assert [document.open(ON + timedelta(days=3)) for document in late] == [0] * len(late)
    assert all(document.open(ON + timedelta(days=3)) for document in young)


def test_somebody_is_late_on_every_day() -> None:
    for days in range(0, 365, 73):
        sample = generate(SEED, ON + timedelta(days=days))
        account = list(sample.world.buyers)[ALWAYS_LATE]
        assert account == "MONT-0008"
        rows = read_on(sample, sample.on).rows
        late = rows.filter((rows["account"] == account) & (rows["due"] < sample.on))
        assert late["open"].sum() > 0


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
    assert max(late) > 60


def test_a_small_sample_still_goes_round_the_world() -> None:
    small = generate(3, ON, accounts=8)
    rows = list(csv.DictReader(small.customers.splitlines()))
    assert {row["Country"] for row in rows} >= {"US", "DE", "FR", "ES", "BR", "IT", "GB", "PT"}
