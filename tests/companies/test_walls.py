"""Several companies on one database: what one does is not seen, held up or changed by another."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import settings as workspace
from engine.errors import DatabaseError, OtherCompany, Refused
from engine.jobs import backup
from engine.jobs.cases import note, open_dispute, promise
from engine.jobs.events import Event
from engine.store import database, owner
from engine.store import tables as t
from engine.web.visit import Cookie
from tests.cli.conftest import run
from tests.conftest import _create
from tests.jobs.world import House, moment

DAYS = ("2026-10-12", "2026-10-13", "2026-10-14", "2026-10-15")


def _house(root: Path, url: str, company: str) -> House:
    """A house whose customers have numbers that others have too, and a word of its own in whatever it says."""
    return House(root / company / uuid.uuid4().hex[:6], url, company=company)


@dataclass
class Story:
    """What happens at one company, told step by step; its word is in all that it writes."""

    house: House
    word: str
    day: int = 0
    said: list[str] = field(default_factory=list)

    def tell(self, step: str) -> None:
        on, house = DAYS[self.day], self.house
        try:
            getattr(self, step)(on, house.who(on))
        except Refused as refused:
            self.said.append(refused.sentence.replace(self.word, "…"))

    def ledger(self, on: str, _who: Any) -> None:
        house = self.house
        house.contact("ACME", contact=f"Clerk {self.word}", email=f"{self.word}@acme.example.com")
        house.contact("BOLT", contact=f"Smith {self.word}", email="")
        house.owes("ACME", "101", "2026-10-01", "1200.00")
        house.owes("BOLT", "201", "2026-09-01", "300.00")
        house.import_customers(on)
        house.import_ledger(on)

    def paid(self, on: str, _who: Any) -> None:
        if "101" in self.house.items:
            self.house.paid("101")
            self.house.import_ledger(on, "08:00")

    def works(self, on: str, _who: Any) -> None:
        self.house.day(on)

    def next(self, _on: str, _who: Any) -> None:
        self.day = min(self.day + 1, len(DAYS) - 1)

    def promises(self, _on: str, who: Any) -> None:
        calendar = self.house.ws.calendar
        self.house.do(
            lambda engine: promise(engine, "ACME", date(2026, 10, 20), who, calendar, said=self.word)
        )

    def disputes(self, _on: str, who: Any) -> None:
        self.house.do(
            lambda engine: open_dispute(engine, "BOLT", "201", "pricing error", who, said=self.word)
        )

    def notes(self, _on: str, who: Any) -> None:
        self.house.do(lambda engine: note(engine, "ACME", f"Spoke of {self.word}", who))

    def seen(self) -> dict[str, list[Any]]:
        """What it has come to, with the company's word and name left out."""
        found: dict[str, list[Any]] = {"said": self.said}
        for table in (
            t.action,
            t.mark,
            t.episode,
            t.item,
            t.promise,
            t.dispute,
            t.note,
            t.decision,
            t.contact,
        ):
            rows = [str(tuple(row)) for row in self.house.rows(sa.select(table).order_by(*table.primary_key))]
            found[table.name] = [
                row.replace(self.word, "…").replace(f"'{self.house.company}|", "'…|") for row in rows
            ]
        o, j = t.outbox.c, t.journal.c
        found["outbox"] = [
            row[0].partition("|")[2] for row in self.house.rows(sa.select(o.action).order_by(o.id))
        ]
        found["journal"] = [
            tuple(row) for row in self.house.rows(sa.select(j.seq, j.kind, j.account).order_by(j.seq))
        ]
        return found

    def written(self) -> str:
        """Every word of its tables, and of what it has put into its folder."""
        tables = t.metadata.sorted_tables
        rows = [str(tuple(row)) for table in tables for row in self.house.rows(sa.select(table))]
        files = [path.read_bytes().decode("latin-1") for path in self.house.out.rglob("*") if path.is_file()]
        return "\n".join([*rows, *files])


STEPS = ("ledger", "paid", "works", "next", "promises", "disputes", "notes")


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(STEPS)), min_size=4, max_size=10))
def test_whatever_others_do_a_company_stands_as_if_it_were_alone(
    postgres_server: str, postgres_template: str, tmp_path: Path, happens: list[tuple[bool, str]]
) -> None:
    name = "t" + uuid.uuid4().hex
    _create(postgres_server, name, postgres_template)
    shared, alone = postgres_server.format(name), f"sqlite:///{tmp_path / name}.db"
    north = Story(_house(tmp_path, shared, "north"), "northword")
    south = Story(_house(tmp_path, shared, "south"), "southword")
    only = Story(_house(tmp_path, alone, "north"), "otherword")
    for story in (north, south, only):
        story.tell("ledger")
    for in_the_north, step in [*happens, (True, "works"), (False, "works")]:
        (north if in_the_north else south).tell(step)
        if in_the_north:
            only.tell(step)
    assert north.seen() == only.seen()
    assert "southword" not in north.written()
    assert "northword" not in south.written()
    assert not {row.action for row in north.house.rows(sa.select(t.outbox))} & {
        row.action for row in south.house.rows(sa.select(t.outbox))
    }


@pytest.fixture(scope="module")
def two(
    postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[House, House]:
    """Two companies with the same customer, who owes both the same."""
    name = "t" + uuid.uuid4().hex
    _create(postgres_server, name, postgres_template)
    root = tmp_path_factory.mktemp("companies")
    houses = []
    for company in ("user", "south"):  # one a word of SQL's own
        house = _house(root, postgres_server.format(name), company)
        Story(house, company).tell("ledger")
        house.day(DAYS[0])
        houses.append(house)
    return houses[0], houses[1]


def test_the_same_customer_gets_a_message_of_each_and_neither_is_taken_for_the_other(
    two: tuple[House, House],
) -> None:
    ours = [{mail["Message-ID"] for mail in house.mails()} for house in two]
    assert all(ours)
    assert not ours[0] & ours[1]


def test_an_event_says_whose_it_is() -> None:
    assert [Event(7, "", "note", "ACME", {}, company=name).id for name in ("main", "north")] == [
        "dwe_main_7",
        "dwe_north_7",
    ]


def test_who_writes_in_one_company_keeps_nobody_in_another_waiting(two: tuple[House, House]) -> None:
    north, south = (house.engine for house in two)
    done = threading.Event()

    def write() -> None:
        with database.writing(south) as conn:
            conn.execute(sa.select(t.run.c.id))
        done.set()

    with database.writing(north), owner.owner(north):
        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        assert done.wait(10)
        assert (owner.living(north), owner.living(south)) == (1, 0)
    thread.join()
    north.dispose()
    south.dispose()


def test_a_role_of_one_company_reads_nothing_of_another(
    postgres_server: str, postgres_url: str, tmp_path: Path
) -> None:
    """The wall of the database itself, as the manual has it set up."""
    name = sa.make_url(postgres_url).database
    roles = {company: f"{company}_{uuid.uuid4().hex[:8]}" for company in ("north", "south")}
    admin = sa.create_engine(database.address(postgres_url)[0], isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        for statement in _page("sql").format(**roles).split(";"):
            if statement.strip():
                conn.execute(sa.text(statement))
    houses = []
    for company, role in roles.items():
        url = postgres_server.format(name).replace("dunwell@", f"{role}@")
        house = _house(tmp_path, url, company)
        Story(house, company).tell("ledger")
        house.day(DAYS[0])
        assert house.mails()
        houses.append(house)
    for house, other in zip(houses, ("south", "north"), strict=True):
        looks = sa.text(f"SELECT * FROM {other}.customer")
        with pytest.raises(DatabaseError, match="permission denied"):
            house.rows(looks)
    with admin.connect() as conn:
        for role in roles.values():
            conn.execute(sa.text(f"DROP OWNED BY {role} CASCADE"))
            conn.execute(sa.text(f"DROP ROLE {role}"))
    admin.dispose()


def test_a_database_is_nobody_elses(tmp_path: Path, postgres_url: str) -> None:
    for url in (f"sqlite:///{tmp_path / 'dunwell.db'}", postgres_url):
        database.open(url, company="north").dispose()
        engine = database.open(url, company="north")
        assert database.company(engine) == "north"
        engine.dispose()
    with pytest.raises(OtherCompany, match=r"of the company “north”, and dunwell\.toml says “south”"):
        database.open(tmp_path / "dunwell.db", company="south")
    with pytest.raises(OtherCompany, match="says “main”"):
        database.open(tmp_path / "dunwell.db")
    database.open(tmp_path / "first.db").dispose()
    with pytest.raises(OtherCompany, match='write  company = "main"'):
        database.open(tmp_path / "first.db", company="north")


def test_a_backup_goes_back_into_its_own_company_alone(two: tuple[House, House], tmp_path: Path) -> None:
    north, south = two
    now = moment(DAYS[0], "12:00")
    backup.back_up(north.ws.files, tmp_path / "north.backup", now)
    north.do(lambda engine: note(engine, "ACME", "after the backup", north.who(DAYS[0])))
    south.do(lambda engine: note(engine, "ACME", "of the south", south.who(DAYS[0])))
    with pytest.raises(Refused, match="a backup of the company “user”, and this workspace is “south”"):
        backup.restore(south.ws.files, tmp_path / "north.backup", "ana", now)
    restored = backup.restore(north.ws.files, tmp_path / "north.backup", "ana", now)
    assert [row.text for row in north.rows(sa.select(t.note))] == []
    assert [row.text for row in south.rows(sa.select(t.note))] == ["of the south"]
    kept = north.rows(sa.text(f"SELECT text FROM {restored.kept}.note"))
    assert [row.text for row in kept] == ["after the backup"]


def test_a_company_of_a_file_is_backed_up_too(tmp_path: Path) -> None:
    house = _house(tmp_path, f"sqlite:///{tmp_path / 'north.db'}", "north")
    Story(house, "north").tell("ledger")
    now = moment(DAYS[0], "12:00")
    assert backup.back_up(house.ws.files, tmp_path / "north.backup", now).company == "north"
    backup.restore(house.ws.files, tmp_path / "north.backup", "ana", now)
    assert house.rows(sa.select(t.item.c.item))


def test_desks_on_one_host_have_cookies_of_their_own() -> None:
    def named(company: str, url: str, use: str = "") -> str:
        ws: Any = SimpleNamespace(
            settings=SimpleNamespace(workspace=SimpleNamespace(company=company), web=SimpleNamespace(url=url))
        )
        return Cookie(ws, use).name

    assert named("main", "http://127.0.0.1:8014") == "dunwell"
    assert named("north", "http://127.0.0.1:8015", "said") == "dunwell-north-said"
    assert named("north", "https://north.example.com") == "__Host-dunwell-north"


@pytest.mark.parametrize(
    "name", ["North", "two words", "public", "pg_north", "north_procrastinate", "1st", "x" * 31]
)
def test_a_name_that_does_not_do(tmp_path: Path, name: str) -> None:
    (tmp_path / "dunwell.toml").write_text(f'[workspace]\ncompany = "{name}"\n', "utf-8")
    found, problems = workspace.load(tmp_path, tmp_path)
    assert found is None
    (problem,) = problems
    assert problem.place.line == 2
    assert name in problem.sentence
    assert "as in “north”" in problem.suggestion


def test_each_has_a_service_of_its_own(two: tuple[House, House]) -> None:
    said = run("serve", str(two[0].root), str(two[1].root))
    assert said.code == 1
    assert "each company has a service of its own" in said.err
    assert "serve --join" in said.err


def _page(kind: str) -> str:
    page = (Path(__file__).parents[2] / "engine" / "help" / "companies.md").read_text("utf-8")
    return (
        page.split(f"```{kind}\n", 1)[1]
        .split("```", 1)[0]
        .replace("north_role", "{north}")
        .replace("south_role", "{south}")
    )
