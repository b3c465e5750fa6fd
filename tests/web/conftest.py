"""A desk over a small house, with a browser's cookies for each role; and, where a browser is the point, one for all tests."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from engine.jobs.people import entry, first, register
from engine.jobs.people.entry import Entered, From
from engine.settings import Workspace, load
from engine.store import database, people
from engine.store.database import writing
from engine.store.people import Worker
from engine.web.app import made
from engine.web.desk import Desk
from tests.jobs.world import House, moment

MONDAY = "2026-10-12"
STRANGE = '<script>alert("x")</script>'
ROLES = ("collector", "supervisor", "credit manager", "admin", "reader")
BASE = "http://127.0.0.1:8015"


OUTCOMES = (Path(__file__).parents[2] / "policies" / "outcomes.yaml").read_text("utf-8")
POLICY = """
policy: Standard
clock: due date
late: latest
steps:
  - day: 3
    email: friendly-reminder
  - day: 5
    call: collector
    script: first-call
  - day: 12
    email: firm-reminder
  - day: 20
    letter: firm-reminder
  - day: 40
    terms: cash on delivery
    email: cod-notice
    approve: credit manager
"""
POLICIES = {"standard": POLICY, "outcomes": OUTCOMES}


class Browser(TestClient):
    """What one person's browser keeps: a session and its pages' mark."""

    entered: Entered | None = None

    def sends(self, path: str, **filled: Any) -> httpx.Response:
        """A form of ours, as its page would send it; answers are not followed."""
        mark = {"csrf": self.entered.session.csrf} if self.entered else {}
        return self.post(path, data=mark | filled, follow_redirects=False)

    def said(self, path: str, **filled: Any) -> str:
        """The same, and what the page after it says."""
        answer = self.sends(path, **filled)
        if answer.status_code == 303:
            answer = self.get(answer.headers["location"])
        found = re.search(r'<p class="said"[^>]*>(.*?)</p>', answer.text, re.S)
        return found[1] if found else words(answer.text)


def words(page: str) -> str:
    """A page's text without its marks."""
    text = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


@dataclass
class Place:
    """A desk. `now` is its clock."""

    house: House
    now: datetime
    app: FastAPI = field(init=False)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.desk = Desk(self.house.root, database.open(self.house.url), lambda: self.now)
        self.desk.kept.wait = 0.0
        self.desk.works.apart = lambda *_: ""  # whoever looks at what comes of long work has it done
        self.app = made(self.desk, self.files.settings.web)

    @property
    def files(self) -> Workspace:
        found, problems = load(self.house.root)
        assert found is not None, problems
        return found

    def stranger(self) -> Browser:
        return Browser(self.app, BASE, follow_redirects=True, client=("127.0.0.1", 40000))

    def as_(self, id: str, how: str = "link") -> Browser:
        """The browser of somebody who has signed in."""
        browser = self.stranger()
        browser.entered = entry.let_in(self.desk.engine, id, how, self.now, From("127.0.0.1", "a test"))
        browser.cookies.set("dunwell", browser.entered.token)
        return browser

    def has(self, *roles: str) -> str:
        """The id of somebody who has just these roles."""
        id = register.named(" ".join(roles))
        with writing(self.desk.engine) as conn:
            if people.worker(conn, id) is None:
                people.keep(conn, Worker(id, f"Some {' '.join(roles)}", roles), "test", self.now, new=True)
        return id

    def later(self, **more: float) -> None:
        self.now += timedelta(**more)


def furnished(
    root: Path,
    database: Path | str,
    accounts: int = 4,
    *,
    policies: Mapping[str, str] = POLICIES,
    soon: bool = True,
) -> House:
    """A house with calls for today, messages in its outbox, and a customer with a strange name.

    `database` is a file to copy, or the address of one that is empty; `soon`: somebody owes what is not due yet.
    """
    if isinstance(database, Path):
        shutil.copy(database, root / "dunwell.db")
        database = f"sqlite:///{root / 'dunwell.db'}"
    house = House(root, database, policies=dict(policies))
    for n in range(accounts):
        house.contact(f"ACC{n}")
        house.owes(f"ACC{n}", f"I{n}", "2026-09-29" if n % 2 else "2026-10-05", f"{1200 + 100 * n}.00")
    if soon:
        house.contact("SOON")
        house.owes("SOON", "S1", MONDAY)
    house.contact("STRANGE", contact=STRANGE)
    house.owes("STRANGE", f"<b>{STRANGE}", "2026-09-29")
    house.owes("STRANGE", "COD1", "2026-08-20")
    house.import_customers()
    house.import_ledger(MONDAY)
    house.run(MONDAY)
    return house


@pytest.fixture(scope="session")
def _furnished(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    folder = tmp_path_factory.mktemp("web")
    furnished(folder, sqlite_template)
    return folder


@pytest.fixture
def place(_furnished: Path, tmp_path: Path) -> Place:
    """A desk of the test's own, at ten on a Monday; its people are ana, joe and sue."""
    folder = tmp_path / "there"
    shutil.copytree(_furnished, folder)
    house = House.__new__(House)
    house.__dict__ |= {
        "root": folder / "house",
        "url": f"sqlite:///{folder / 'dunwell.db'}",
        "items": {},
        "contacts": {},
        "read": None,
    }
    settings = (house.root / "dunwell.toml").read_text("utf-8")
    (house.root / "dunwell.toml").write_text(settings.replace(str(_furnished), str(folder)), "utf-8")
    found = Place(house, moment(MONDAY, "10:30"))
    first.opened(found.desk.engine, found.files, found.now)
    return found


@pytest.fixture
def people_of(place: Place) -> Callable[[str], Browser]:
    """The browser of somebody with a role, or with none."""
    return lambda role: place.as_(place.has(role)) if role else place.stranger()


# -- a browser -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for all tests of a module: while it is there, its loop runs, and no other test may begin one.

    Skipped where there is none; CI does not allow that.
    """
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        if os.environ.get("DUNWELL_TEST_BROWSER") == "needed":
            pytest.fail("there is no Chromium, and here every page is tested")
        pytest.skip("there is no Chromium: apt-get install chromium")
    switches = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=switches.split())
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[tuple[Place, str]]:
    """One desk behind a real server, for all tests with a browser: (the desk, its address)."""
    folder = tmp_path_factory.mktemp("served")
    with behind_a_server(furnished(folder, sqlite_template, 8)) as there:
        yield there


@contextmanager
def behind_a_server(house: House) -> Iterator[tuple[Place, str]]:
    """(the desk of a house, its address)."""
    import uvicorn

    from engine.daemon.address import listen
    from engine.web.__main__ import configured

    at = listen("127.0.0.1:0", "the desk", "[web]")
    place = Place(house, moment(MONDAY, "10:30"))
    first.opened(place.desk.engine, place.files, place.now)
    server = uvicorn.Server(configured(place.app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
    thread.start()
    yield place, f"http://127.0.0.1:{at.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    at.close()


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A database for a service."""
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    return f"sqlite:///{tmp_path / 'dunwell.db'}"
