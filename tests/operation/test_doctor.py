"""What the doctor finds in houses that are set up wrongly, with a real mail server and name server beside them."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
import sqlalchemy as sa
import trustme
from sqlalchemy.engine import Engine

from engine.jobs import doctor, machine, outside
from engine.jobs.finding import Finding, Grade
from engine.store import brakes, database, halts, journal, lease
from engine.store.journal import Entry
from engine.store.owner import owner
from engine.store.tables import customer
from tests.channels import servers
from tests.cli.conftest import run
from tests.jobs.world import House, moment

NOW = moment("2026-10-05", "11:00")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """On a disk: what is in memory, as the other tests' files may be, is found wrong."""
    with TemporaryDirectory(dir="/var/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def build(tmp_path: Path, database_url: str) -> Callable[..., House]:
    return lambda **more: House(tmp_path, database_url, **more)


def examined(house: House, now: datetime = NOW, **more: object) -> dict[str, list[Finding]]:
    """What was found, by what it is about."""
    found: dict[str, list[Finding]] = {}
    for one in doctor.examine(house.root, house.root, now=now, **more):  # type: ignore[arg-type]
        found.setdefault(one.about, []).append(one)
    return found


def looked(house: House, now: datetime = NOW, deep: bool = False) -> dict[str, list[Finding]]:
    """What is found of the database and of what it says, alone."""
    found: dict[str, list[Finding]] = {"database": [], "clock": [], "service": [], "customers": []}
    for one in machine.data(house.ws.files, now, deep):
        found[one.about].append(one)
    return found


def graded(findings: list[Finding], grade: Grade) -> list[str]:
    return [one.sentence for one in findings if one.grade is grade]


def test_a_house_in_order(build: Callable[..., House]) -> None:
    house = build(
        more='\n[people.max]\nname = "Max Roe"\nroles = ["cfo"]\nemail = "max@seller.example.com"\n'
    )
    house.owes("ACME", "A1", "2026-09-30")
    house.import_ledger("2026-10-05")
    house.run("2026-10-05")
    found = examined(house, moment("2026-10-05", "12:00"), deep=True)
    wrong = [one for findings in found.values() for one in findings if one.grade is Grade.BAD]
    # A server of PostgreSQL has the real clock; the story is in another month.
    assert [one.sentence for one in wrong if one.about != "clock"] == []
    assert "the plain one" in found["rules"][0].sentence or found["rules"][0].grade is Grade.ODD
    assert graded(found["people"], Grade.GOOD) == ["credit manager: ana"]
    assert graded(found["people"], Grade.ODD) == ["no credit manager can be written to"]
    assert graded(found["database"], Grade.GOOD)[0].endswith(f"version {database.HEAD}")


def test_everything_is_looked_at_whatever_is_wrong(build: Callable[..., House], tmp_path: Path) -> None:
    more = """
[daemon]
health = "127.0.0.1:8014"

[webhooks.erp]
url = "https://erp.example.com/in"
secret_file = "short.secret"
hosts = ["other.example.com"]

[feeds.morning]
folder = "in"

[inbox]
host = "127.0.0.1"
port = 1
user = "answers"
password_file = "short.secret"
"""
    house = build(more=more)
    (house.root / "short.secret").write_text("too short", "utf-8")
    (house.root / "policies" / "standard.yaml").write_text("policy: Standard\nsteps: nonsense\n", "utf-8")
    found = examined(house)
    assert "policies" in found, found
    assert graded(found["policies"], Grade.BAD)
    assert graded(found["webhook"], Grade.BAD) == [
        "webhook erp: erp.example.com is not among the allowed hosts"
    ]
    assert graded(found["feed"], Grade.BAD) == [f"morning: there is no folder {house.root / 'in'}"]
    assert found["people"][0].grade is Grade.NOTE
    assert all(one.remedy for findings in found.values() for one in findings if one.grade is Grade.BAD)


def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "dunwell.toml").write_text('[mail]\nhots = "x"\n', "utf-8")
    found = doctor.examine(tmp_path, tmp_path, now=NOW)
    assert (found[0].about, found[0].grade) == ("settings", Grade.BAD)
    assert "hots" in found[0].sentence
    assert [one.about for one in found] == ["settings", "rules"]
    assert not doctor.mended(found)


def test_nobody_agrees(build: Callable[..., House]) -> None:
    house = build()
    settings = house.root / "dunwell.toml"
    settings.write_text(settings.read_text("utf-8").replace('"credit manager"', '"collector"'), "utf-8")
    (sentence,) = graded(examined(house)["people"], Grade.BAD)
    assert sentence.startswith("nobody is a credit manager")


@pytest.mark.fault(49)
def test_a_clock_that_went_back(build: Callable[..., House]) -> None:
    house = build()
    later = NOW + timedelta(days=2)

    def write(engine: object) -> None:
        with database.writing(engine) as conn:  # type: ignore[arg-type]
            journal.append(conn, [Entry("run", "", {})], later)

    house.do(write)
    assert any(
        "the journal was written at 2026-10-07" in one for one in graded(looked(house)["clock"], Grade.BAD)
    )


def test_two_clocks_apart(postgres_url: str, tmp_path: Path) -> None:
    house = House(tmp_path, postgres_url)
    assert any("clocks" in one or "seconds apart" in one for one in graded(looked(house)["clock"], Grade.BAD))
    true = datetime.now(UTC)
    assert graded(looked(house, true)["clock"], Grade.BAD) == []


@pytest.mark.fault(82)
def test_a_service_that_died_or_hangs(build: Callable[..., House]) -> None:
    house = build()

    def hold(engine: object) -> None:
        with owner(engine) as name:  # type: ignore[arg-type]
            with database.writing(engine) as conn:  # type: ignore[arg-type]
                lease.taken(conn, name, "here", 17, NOW)
                brakes.halt(conn, halts.STOPPED, "stock-taking", "ana", NOW)
            assert "works: process 17 on here" in graded(looked(house)["service"], Grade.GOOD)
            assert any("stock-taking" in one for one in graded(looked(house)["service"], Grade.ODD))
            late = looked(house, NOW + timedelta(minutes=6))["service"]
            assert "was last seen at" in graded(late, Grade.BAD)[0]

    house.do(hold)
    assert graded(looked(house)["service"], Grade.BAD) == ["it died: process 17 on here"]


def test_customers_in_a_zone_that_is_none_are_named(build: Callable[..., House]) -> None:
    house = build()
    house.owes("ACME", "A1", "2026-09-30")
    house.owes("BOLT", "B1", "2026-09-30")
    house.import_ledger("2026-10-05")
    assert looked(house)["customers"] == []

    def nowhere(engine: Engine) -> None:
        with engine.begin() as conn:
            conn.execute(sa.update(customer).values(time_zone="Eastern Standard Time"))

    house.do(nowhere)
    (one,) = looked(house)["customers"]
    assert one.grade is Grade.ODD
    assert one.sentence == (
        "customer ACME and 1 more: “Eastern Standard Time” is no time zone, so the office's is used"
    )


@pytest.mark.fault(20)
def test_a_damaged_file(tmp_path: Path, sqlite_template: Path) -> None:
    file = tmp_path / "dunwell.db"
    shutil.copy(sqlite_template, file)
    house = House(tmp_path, f"sqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None)) as conn:
        conn.execute("create table filler (x)")
        conn.executemany("insert into filler values (?)", [("y" * 2000,)] * 400)
        conn.execute("pragma wal_checkpoint(truncate)")
    data = bytearray(file.read_bytes())
    data[-500_000:-300_000] = b"\xff" * 200_000
    file.write_bytes(data)
    assert graded(looked(house, deep=True)["database"], Grade.BAD)


@pytest.mark.fault(19)
def test_what_kind_of_disk(tmp_path: Path) -> None:
    assert machine.filesystem(Path("/proc")) == "proc"
    shm = Path("/dev/shm")
    if machine.filesystem(shm) == "tmpfs":
        (sentence,) = [one.sentence for one in machine._place(shm / "dunwell.db")]
        assert "gone after a restart" in sentence


# -- the mail server --------------------------------------------------------------------------------


def mail(port: int, tls: str = "starttls", user: str = "") -> str:
    login = f'user = "{user}"\npassword_file = "mail.password"\n' if user else ""
    return (
        f'\n[mail]\nhost = "localhost"\nport = {port}\ntls = "{tls}"\nca_file = "ca.pem"\n'
        f'from = "accounts@seller.test"\n{login}'
    )


@pytest.fixture
def office(tmp_path: Path, sqlite_template: Path) -> Callable[[str], list[Finding]]:
    """Sets the mail server in a house, and gives what is found of it."""
    authority = trustme.CA()
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    house = House(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}")
    authority.cert_pem.write_to_path(house.root / "ca.pem")
    (house.root / "mail.password").write_text("right horse", "utf-8")
    server_side, _ = servers.contexts(authority, "localhost")

    def found(more: str) -> list[Finding]:
        house.settings(more)
        return list(outside.mail(house.ws))

    found.context, found.house = server_side, house  # type: ignore[attr-defined]
    return found


def test_the_mail_server_takes_our_login_and_no_mail(office: Callable[[str], list[Finding]]) -> None:
    with servers.aiosmtpd(office.context) as server:  # type: ignore[attr-defined]
        (office.house.root / "mail.password").write_text("secret", "utf-8")  # type: ignore[attr-defined]
        findings = office(mail(server.port, user="dunwell"))
        assert [one.grade for one in findings] == [Grade.GOOD], findings
        assert "takes mail, encrypted, logged in" in findings[0].sentence
        assert server.box.envelopes == []


@pytest.mark.fault(37)
def test_a_wrong_password(office: Callable[[str], list[Finding]]) -> None:
    with servers.aiosmtpd(office.context) as server:  # type: ignore[attr-defined]
        (one,) = office(mail(server.port, user="dunwell"))
        assert one.grade is Grade.BAD
        assert "logging in" in one.sentence
        assert "right horse" not in one.sentence


@pytest.mark.fault(36)
def test_a_server_without_tls_never_hears_the_password(office: Callable[[str], list[Finding]]) -> None:
    with servers.scripted() as server:
        (one,) = office(mail(server.port, user="accounts"))
        assert one.grade is Grade.BAD
        assert "TLS" in one.sentence
        assert not any("AUTH" in line.upper() for line in server.lines)
        assert server.accepted == []


def test_nobody_at_the_port(office: Callable[[str], list[Finding]]) -> None:
    (one,) = office(mail(servers.free_port()))
    assert one.grade is Grade.BAD
    assert "cannot be reached" in one.sentence
    assert "host  and  port" in one.remedy


# -- the sender's domain ----------------------------------------------------------------------------


@contextmanager
def name_server(records: dict[tuple[str, str], list[str]]) -> Iterator[dns.resolver.Resolver]:
    """A name server on this machine that knows these records and nothing else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.bind(("127.0.0.1", 0))
        there.settimeout(0.1)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    data, who = there.recvfrom(4096)
                except TimeoutError:
                    continue
                asked = dns.message.from_wire(data)
                question = asked.question[0]
                answer = dns.message.make_response(asked)
                kind = dns.rdatatype.to_text(question.rdtype)
                known = records.get((question.name.to_text(omit_final_dot=True), kind))
                if known is None:
                    answer.set_rcode(dns.rcode.NXDOMAIN)
                else:
                    answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *known))
                there.sendto(answer.to_wire(), who)

        thread = threading.Thread(target=serve)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], there.getsockname()[1]
        try:
            yield resolver
        finally:
            over.set()
            thread.join()


def of_the_domain(house: House, resolver: dns.resolver.Resolver) -> list[tuple[Grade, str]]:
    return [(one.grade, one.sentence) for one in outside.domain(house.ws, resolver)]


def test_the_senders_domain(tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    more = mail(servers.free_port()).replace('ca_file = "ca.pem"\n', "")
    house = House(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}", more=more)
    whole = {
        ("seller.test", "MX"): ["10 mx.seller.test."],
        ("seller.test", "TXT"): ['"google-site-verification=1"', '"v=spf1 mx " "-all"'],
        ("_dmarc.seller.test", "TXT"): ['"v=DMARC1; p=reject"'],
    }
    with name_server(whole) as resolver:
        assert of_the_domain(house, resolver) == [
            (Grade.GOOD, "seller.test has a SPF record"),
            (Grade.GOOD, "seller.test has a DMARC record"),
        ]
    with name_server({("seller.test", "MX"): ["0 ."]}) as resolver:
        grades = [grade for grade, _ in of_the_domain(house, resolver)]
        assert grades == [Grade.BAD, Grade.ODD, Grade.ODD]
    with name_server({}) as resolver:
        gone = resolver
    gone.timeout = gone.lifetime = 0.2
    assert of_the_domain(house, gone) == [(Grade.NOTE, "seller.test could not be looked up")]


# -- the command ------------------------------------------------------------------------------------


def test_the_command(tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    house = House(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}")
    said = run("--workspace", str(house.root), "doctor", at=NOW)
    assert said.code == 0, said.out
    assert "Nothing must be mended" in said.out
    house.settings('\n[feeds.morning]\nfolder = "in"\n')
    said = run("--workspace", str(house.root), "doctor", "--json", at=NOW)
    told = json.loads(said.out)
    assert (said.code, told["mend"]) == (1, 1)
    (wrong,) = [one for one in told["findings"] if one["grade"] == "bad"]
    assert wrong["about"] == "feed"
    assert wrong["remedy"] == "make it, or mend  folder  in dunwell.toml"
