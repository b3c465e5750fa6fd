"""The set-up, part by part: what is written is what the command line would have, and nothing is half done."""

from __future__ import annotations

import re
import stat
import time
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import sqlalchemy as sa
from openpyxl import Workbook

from engine.jobs.people import first
from engine.jobs.set_up import intake
from engine.jobs.workspace import open_workspace
from engine.limited import Limits
from engine.readers import confined
from engine.readers.propose import propose
from engine.settings import load
from engine.store import ledger, released
from engine.store.database import reading
from engine.store.tables import item, journal
from engine.web.shield import FILES
from tests.channels.servers import Act, Scripted
from tests.jobs.world import moment
from tests.web.conftest import MONDAY, STRANGE, Browser, Place, words
from tests.web.workspaces import LEDGER, Empty

COMPANY = {
    "name": "Meyer GmbH",
    "address": "Street 1\r\n10115 Berlin",
    "email": "ar@meyer.example.com",
    "currency": "eur",
    "zone": "Europe/Berlin",
}


@pytest.fixture
def empty(tmp_path: Path, sqlite_template: Path) -> Place:
    """A desk over a folder in which there is nothing yet."""
    place = Place(Empty.at(tmp_path, sqlite_template), moment(MONDAY, "10:30"))  # type: ignore[arg-type]
    place.desk.written.wait = 0.0
    return place


@pytest.fixture
def admin(empty: Place) -> Browser:
    return empty.as_(empty.has("admin", "credit manager"))


def root(place: Place) -> Path:
    return place.house.root


def sends(browser: Browser, path: str, **filled: Any) -> httpx.Response:
    """A form, with what its page keeps in hidden fields."""
    page = browser.get(path.removesuffix("/test")).text
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    return browser.sends(path, **({"seen": seen[1]} if seen else {}) | filled)


def brings(browser: Browser, name: str, data: bytes | str) -> httpx.Response:
    content = data if isinstance(data, bytes) else data.encode()
    assert browser.entered
    mark = {"csrf": browser.entered.session.csrf}
    return browser.post(
        "/set-up/ledger/file", data=mark, files={"file": (name, content)}, follow_redirects=False
    )


def mapping(browser: Browser) -> dict[str, str]:
    """The form of the columns as the page has it."""
    page = browser.get("/set-up/ledger").text
    form = re.search(r'<form [^>]*id="mapping".*?</form>', page, re.S)
    assert form, words(page)
    found = {
        name: unescape(value)
        for name, value in re.findall(r'<input [^>]*name="([^"]+)"[^>]* value="([^"]*)"', form[0])
        if name not in ("set_aside", "csrf")
    }
    for name, body in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form[0], re.S):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', body)
        found[name] = (chosen[1] if chosen[1] is not None else chosen[2]) if chosen else ""
    return found


def kinds(place: Place) -> list[str]:
    with reading(place.desk.engine) as conn:
        return list(conn.execute(sa.select(journal.c.kind).order_by(journal.c.seq)).scalars())


# -- the way in ----------------------------------------------------------------------------------------------------------


def test_the_first_admin_is_led_to_it_and_others_are_not(empty: Place) -> None:
    token = first.opened(empty.desk.engine, empty.files, empty.now)
    filled = {
        "name": "Ana Reyes",
        "email": "ana@meyer.example.com",
        "roles": "credit manager",
        "password": "three quiet herons",
        "again": "three quiet herons",
    }
    browser = empty.stranger()
    empty.desk.kept.wait = 60.0
    assert browser.get(f"/enter/{token}").status_code == 200
    answer = browser.sends(f"/enter/{token}", **filled)
    assert answer.headers["location"] == "/set-up"
    assert browser.get("/today").status_code == 200  # whoever has just come is known at once
    empty.desk.kept.wait = 0.0
    page = words(browser.get("/set-up").text)
    assert "Six parts" in page
    assert "Begin: Who you are" in page
    again = empty.stranger().sends("/sign-in", name="ana-reyes", password="three quiet herons")
    assert again.headers["location"] == "/set-up"
    collector = empty.as_(empty.has("collector"))
    assert collector.get("/set-up").status_code == 403
    assert "/set-up" not in collector.get("/today").text


def test_a_workspace_that_is_set_up_is_not_led(place: Place) -> None:
    browser = place.as_(place.has("admin"))
    page = browser.get("/set-up").text
    assert "Go on: Who you are" in words(page) or "Go on: Mail" in words(page)
    assert browser.get("/set-up/week").status_code == 200
    assert "There is 1 policy" in words(browser.get("/set-up/policies").text)
    refused = browser.sends("/set-up/policies", policy="standard")
    assert refused.status_code == 422
    assert "there are policies already" in refused.text.lower()


# -- who you are ---------------------------------------------------------------------------------------------------------


def test_who_we_are_is_written_and_the_rest_of_the_file_stays(empty: Place, admin: Browser) -> None:
    path = root(empty) / "dunwell.toml"
    path.write_text(
        '# ours\n[company] # us\nname = "Old" # the old one\n# phone: ask Kim\n\n[daemon]\nrun = "05:30"\n',
        "utf-8",
    )
    answer = sends(admin, "/set-up/company", then="next", **COMPANY)
    assert answer.headers["location"] == "/set-up/mail"
    assert path.read_text("utf-8") == (
        '# ours\n[company] # us\nname = "Meyer GmbH" # the old one\n'
        'address = ["Street 1", "10115 Berlin"]\nemail = "ar@meyer.example.com"\n'
        '# phone: ask Kim\n\n[daemon]\nrun = "05:30"\n\n'
        '[ledger]\ncurrency = "EUR"\n\n[workspace]\nzone = "Europe/Berlin"\n'
    )
    found, problems = load(root(empty))
    assert found is not None
    assert problems == ()
    assert found.settings.company.address == ("Street 1", "10115 Berlin")
    before = path.read_bytes()
    assert sends(admin, "/set-up/company", **COMPANY).status_code == 303
    assert path.read_bytes() == before
    assert kinds(empty).count("settings") == 1


def test_every_wrong_field_is_told_at_once_and_what_was_typed_stays(empty: Place, admin: Browser) -> None:
    before = empty.house.settings  # type: ignore[attr-defined]
    wrong = COMPANY | {"name": "", "email": STRANGE, "currency": "XYZ", "zone": "Berlin", "pay_url": "pay.me"}
    answer = sends(admin, "/set-up/company", **wrong)
    assert answer.status_code == 422
    for field in ("name", "email", "currency", "zone", "pay_url"):
        assert f'id="w-{field}"' in answer.text, field
    assert STRANGE not in answer.text
    assert "10115 Berlin" in answer.text
    assert empty.house.settings == before  # type: ignore[attr-defined]


def test_nothing_is_written_over_what_somebody_else_has_written(empty: Place, admin: Browser) -> None:
    page = admin.get("/set-up/company").text
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    path = root(empty) / "dunwell.toml"
    path.write_text(path.read_text("utf-8") + '\n[daemon]\nrun = "05:30"\n', "utf-8")
    answer = admin.sends("/set-up/company", seen=seen[1] if seen else "", **COMPANY)
    assert answer.status_code == 422
    assert "was changed since you opened this page" in answer.text
    assert "Meyer" not in path.read_text("utf-8")


# -- mail ----------------------------------------------------------------------------------------------------------------


def test_the_password_goes_into_a_file_that_nobody_else_reads(empty: Place, admin: Browser) -> None:
    sends(admin, "/set-up/company", **COMPANY)
    mail = {"host": "smtp.example.com", "tls": "starttls", "user": "ar", "from": "ar@meyer.example.com"}
    refused = sends(admin, "/set-up/mail", **mail)
    assert "whoever logs in needs a password" in refused.text.lower()
    bad = sends(admin, "/set-up/mail", **mail | {"port": "70000", "password": "sesame sesame"})
    assert bad.status_code == 422
    assert 'id="w-port"' in bad.text
    assert "sesame" not in bad.text
    file = root(empty) / "mail.password"
    assert not file.exists()
    assert sends(admin, "/set-up/mail", **mail, password="sesame sesame").status_code == 303
    assert file.read_text("utf-8") == "sesame sesame\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "sesame" not in empty.house.settings  # type: ignore[attr-defined]
    assert "sesame" not in admin.get("/set-up/mail").text
    assert sends(admin, "/set-up/mail", **mail | {"host": "smtp2.example.com"}).status_code == 303
    found, _ = load(root(empty))
    assert found is not None
    assert found.settings.mail.password is not None
    assert found.settings.mail.password.get_secret_value() == "sesame sesame"
    with reading(empty.desk.engine) as conn:
        assert "sesame" not in str(conn.execute(sa.select(journal)).fetchall())


def test_an_email_to_oneself_tells_each_stage(empty: Place, admin: Browser) -> None:
    server = Scripted()
    try:
        sends(admin, "/set-up/company", **COMPANY)
        mail = {"host": "127.0.0.1", "port": str(server.port), "tls": "none", "from": "ar@meyer.example.com"}
        assert sends(admin, "/set-up/mail", **mail).status_code == 303
        page = words(sends(admin, "/set-up/mail/test", to="ana@meyer.example.com").text)
        for told in (
            f"127.0.0.1 answers on port {server.port}",
            "it takes the message",
            "sent: look whether",
        ):
            assert f"✓ {told}" in page
        assert b"Subject: Mail from Dunwell arrives" in server.accepted[0]
        server.script["rcpt"] = Act("550 5.7.1 relaying denied")
        page = words(sends(admin, "/set-up/mail/test", to="ana@meyer.example.com").text)
        assert "✓ it takes mail from ar@meyer.example.com" in page
        assert "✗ Not: it takes mail to ana@meyer.example.com" in page
        assert "relaying denied" in page
        assert "only after a login" in page
        assert len(server.accepted) == 1
        assert 'id="w-to"' in sends(admin, "/set-up/mail/test", to="ana at home").text
    finally:
        server.stop()


# -- the calendar --------------------------------------------------------------------------------------------------------


def test_the_calendar_begins_the_house(empty: Place, admin: Browser) -> None:
    sends(admin, "/set-up/company", **COMPANY)
    page = words(admin.get("/set-up/calendar/closed?country=DE&region=BY").text)
    assert "Sun 1 Nov" not in page  # a Sunday is closed as it is
    assert "Wed 6 Jan 2027: Epiphany" in page
    wrong = sends(admin, "/set-up/calendar", country="XX", hours="some day")
    assert wrong.status_code == 422
    assert not (root(empty) / "policies").exists()
    hours = sends(admin, "/set-up/calendar", country="DE", hours="some day")
    assert "does not say days and hours" in hours.text
    answer = sends(
        admin, "/set-up/calendar", country="DE", region="BY", hours="Mon to Fri 9:00-16:00", then="next"
    )
    assert answer.headers["location"] == "/set-up/ledger"
    house = root(empty) / "policies" / "house.yaml"
    text = house.read_text("utf-8")
    assert "calendar: DE-BY                  # weekends and holidays are closed" in text
    assert "hours: Mon to Fri 9:00-16:00" in text
    assert "currency: EUR" in text
    assert "order:" not in text
    house.write_text(text.replace("minimum: 50", "minimum: 60"), "utf-8")
    sends(admin, "/set-up/calendar", country="AT", hours="Mon to Fri 9:00-16:00")
    assert "calendar: AT" in house.read_text("utf-8")
    assert "minimum: 60" in house.read_text("utf-8")


# -- the ledger ----------------------------------------------------------------------------------------------------------


def test_a_ledger_is_brought_clicked_and_imported(empty: Place, admin: Browser) -> None:
    sends(admin, "/set-up/company", **COMPANY)
    assert (
        brings(admin, "open items.csv", LEDGER.replace("Net due", "Zahlen bis spätestens")).status_code == 303
    )
    assert stat.S_IMODE((root(empty) / ".set-up").stat().st_mode) == 0o700
    form = mapping(admin)
    assert [form[f"column.{n}"] for n in range(7)] == ["account", "", "item", "date", "", "open", ""]
    assert (form["decimal"], form["dates"], form["header"]) == (",", "d/m/y", "1")
    looked = words(admin.sends("/set-up/ledger/look", **form).text)
    assert "It cannot be imported yet" in looked
    assert "Row 1" in looked
    assert "Click on the column that holds it, and say so" in looked
    twice = admin.sends("/set-up/ledger", **form | {"column.1": "account", "do": "import"})
    assert twice.status_code == 422
    assert "another column is the customer already" in twice.text.lower()
    form |= {"column.1": "name", "column.4": "due", "as_of": MONDAY}
    looked = words(admin.sends("/set-up/ledger/look", **form).text)
    assert "4 rows, €6,460.40 open, as of Mon 12 Oct 2026. It can be imported." in looked
    assert mapping(admin)["column.4"] == "due"  # what was clicked is kept, whoever looks later
    assert not (root(empty) / "profiles").exists()
    said = admin.said("/set-up/ledger", **form, do="import")
    assert "open items.csv: 4 rows." in said
    assert not (root(empty) / ".set-up").exists()
    profile = (root(empty) / "profiles" / "ledger.toml").read_text("utf-8")
    assert profile.startswith("# How to read open items.csv.")
    assert 'due = "Zahlen bis spätestens"' in profile
    assert "# due" not in profile
    found, _ = load(root(empty))
    assert found is not None
    assert found.settings.ledger.profile == "ledger"
    with reading(empty.desk.engine) as conn:
        assert str(ledger.newest(conn)) == MONDAY
        assert conn.execute(sa.select(sa.func.sum(item.c.open))).scalar() == 646040
    # the next one is read by it, as the command line would
    brings(admin, "next.csv", LEDGER.replace("Net due", "Zahlen bis spätestens").replace("99,90", "89,90"))
    assert mapping(admin)["column.4"] == "due"
    assert "4 rows" in admin.said(
        "/set-up/ledger", **mapping(admin) | {"as_of": "2026-10-13", "do": "import"}
    )
    assert (root(empty) / "profiles" / "ledger.toml").read_text("utf-8") == profile


def test_the_proposal_is_the_command_lines(empty: Place, admin: Browser) -> None:
    sends(admin, "/set-up/company", **COMPANY)
    brings(admin, "open.csv", LEDGER)
    admin.sends("/set-up/ledger", **mapping(admin) | {"do": "import", "as_of": MONDAY})
    written = (root(empty) / "profiles" / "ledger.toml").read_text("utf-8")
    assert written == propose("open.csv", LEDGER.encode())


def test_document_types_of_ones_own_are_asked_for(empty: Place, admin: Browser) -> None:
    sends(admin, "/set-up/company", **COMPANY)
    text = LEDGER.replace("Remark", "Type").replace(";\n", ";RV9\n")
    text = text.replace("99,90;RV9", '-99,90;Z"<G')
    brings(admin, "open.csv", text.replace('Z"<G', '"Z""<G"'))
    form = mapping(admin) | {"as_of": MONDAY}
    assert form["column.6"] == "kind"
    assert [name for name in form if name.startswith("type.")] == ["type.RV9", "type.Z&#34;&lt;G"]
    looked = words(admin.sends("/set-up/ledger/look", **form).text)
    assert "Say what it is under “Document types”" in looked
    form = {unescape(name): value for name, value in form.items()}
    form |= {"type.RV9": "invoice", 'type.Z"<G': "credit_note"}
    assert "It can be imported" in words(admin.sends("/set-up/ledger/look", **form).text)
    assert "4 rows" in admin.said("/set-up/ledger", **form | {"do": "import"})
    profile = (root(empty) / "profiles" / "ledger.toml").read_text("utf-8")
    assert '[kinds]\nRV9 = "invoice"\n' in profile
    assert '# "RV9"' not in profile


def test_what_is_wrong_is_told_by_sheet_row_and_column_and_nothing_is_taken_in(
    empty: Place, admin: Browser
) -> None:
    sends(admin, "/set-up/company", **COMPANY)
    book = Workbook()
    sheet = book.active
    sheet.title = "Open"
    sheet.append(["Customer No", "Invoice", "Date", "Due Date", "Open Amount"])
    sheet.append(["A1", "R1", "2026-09-01", "2026-10-01", 100.5])
    sheet.append(["A2", STRANGE, "2026-09-01", "soon", 90])
    raw = BytesIO()
    book.save(raw)
    brings(admin, "open.xlsx", raw.getvalue())
    looked = admin.sends("/set-up/ledger/look", **mapping(admin) | {"as_of": MONDAY})
    assert "Sheet Open, row 3, column D" in words(looked.text)
    brings(admin, "open.csv", LEDGER.replace("31.10.2026", f"soon {STRANGE}"))
    form = mapping(admin) | {"as_of": MONDAY}
    answer = admin.sends("/set-up/ledger", **form, do="import")
    assert answer.status_code == 422
    assert "Row 5, column E" in words(answer.text)
    assert STRANGE not in answer.text
    assert not (root(empty) / "profiles" / "ledger.toml").exists()
    assert "profile" not in empty.house.settings  # type: ignore[attr-defined]
    with reading(empty.desk.engine) as conn:
        assert ledger.newest(conn) is None
    assert admin.said("/set-up/ledger/drop") is not None
    assert "Look at it" in words(admin.get("/set-up/ledger").text)


def test_a_list_of_customers_is_brought_the_same_way(empty: Place, admin: Browser) -> None:
    sends(admin, "/set-up/company", **COMPANY)
    brings(admin, "kunden.csv", "Kundennr;Firma;E-Mail;Ort\nA100;Acme Tools;ap@acme.example.com;Bonn\n")
    page = words(admin.get("/set-up/ledger").text)
    assert "is a list of customers, as it looks" in page
    form = mapping(admin)
    assert [form[f"column.{n}"] for n in range(4)] == ["account", "name", "email", "city"]
    assert "kunden.csv: 1 row." in admin.said("/set-up/ledger", **form, do="import")
    found, _ = load(root(empty))
    assert found is not None
    assert found.settings.ledger.customers_profile == "customers"


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("", b"", "choose a file"),
        ("empty.csv", b" ", "the file is empty"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old or password-protected"),
        (STRANGE, b"PK\x03\x04 no workbook", STRANGE.replace("<", "&lt;").replace("/", "")[:8]),
    ],
)
def test_a_file_that_cannot_be_opened(
    empty: Place, admin: Browser, name: str, data: bytes, told: str
) -> None:
    answer = brings(admin, name, data)
    assert answer.status_code == 422
    assert told.lower() in answer.text.lower()
    assert STRANGE not in answer.text
    assert not (root(empty) / ".set-up").exists()


def test_a_large_file_is_looked_at_beside_the_pages(
    empty: Place, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither opened, shown nor read in the process of the pages: there the readers are taken away."""
    monkeypatch.setattr(confined, "_MANY", 10)
    for reader in ("read_ledger_tables", "_drafted", "seen"):
        monkeypatch.delattr(intake, reader)
    assert brings(admin, "erp.csv", LEDGER).status_code == 303
    form = mapping(admin) | {"as_of": MONDAY, "currency": "EUR"}
    assert form["column.0"] == "account"
    looked = admin.sends("/set-up/ledger/look", **form).text
    assert "is being looked through" in looked
    assert 'hx-get="/set-up/ledger/look"' in looked
    until = time.monotonic() + 60
    while "is being looked through" in (looked := admin.get("/set-up/ledger/look").text):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert "It can be imported" in words(looked)


def test_a_file_that_takes_too_long_ends_alone(
    empty: Place, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "_LARGE", 1)  # so large that it is not opened here at all
    odd = brings(admin, "old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert (odd.status_code, "old or password-protected" in odd.text) == (422, True)
    monkeypatch.setattr(intake, "LIMITS", Limits(wall=0.01, cpu=1, memory=600_000_000))
    answer = brings(admin, "erp.csv", LEDGER)
    assert answer.status_code == 422
    assert "opening this file took more than 0.01 seconds" in words(answer.text)
    assert not (root(empty) / ".set-up").exists()


def test_a_name_of_a_file_leads_nowhere(empty: Place, admin: Browser) -> None:
    before = {path.name for path in root(empty).parent.iterdir()}
    brings(admin, "../../evil.csv", LEDGER)
    for profile in ("../evil", "/tmp/evil", ".hidden"):
        answer = admin.sends(
            "/set-up/ledger", **mapping(admin) | {"profile": profile, "as_of": MONDAY, "do": "import"}
        )
        assert answer.status_code == 422, profile
        assert 'id="w-profile"' in answer.text
    assert {path.name for path in root(empty).parent.iterdir()} == before


def test_a_profile_that_is_there_is_not_written_over(empty: Place, admin: Browser) -> None:
    (root(empty) / "profiles").mkdir()
    there = root(empty) / "profiles" / "erp.toml"
    there.write_text('[columns]\nopen = "Saldo"\n', "utf-8")
    brings(admin, "open.csv", LEDGER)
    form = mapping(admin) | {"as_of": MONDAY, "do": "import"}
    assert "already; take another name" in admin.sends("/set-up/ledger", **form | {"profile": "erp"}).text
    assert there.read_text("utf-8") == '[columns]\nopen = "Saldo"\n'


# -- who may -------------------------------------------------------------------------------------------------------------


def test_a_file_of_a_stranger_is_not_even_read(empty: Place, admin: Browser) -> None:
    stranger = empty.stranger()
    assert stranger.post("/set-up/ledger/file", files={"file": ("a.csv", b"x")}).status_code == 401
    forged = admin.post("/set-up/ledger/file", files={"file": ("a.csv", b"x")}, data={"csrf": "x"})
    assert forged.status_code == 403
    collector = empty.as_(empty.has("collector"))
    assert brings(collector, "a.csv", LEDGER).status_code == 403
    assert not (root(empty) / ".set-up").exists()
    assert len(FILES) == 1  # one address takes more than a form
    large = b" " * (3 << 20)
    assert brings(admin, "large.csv", large).status_code == 422
    assert admin.post("/set-up/company", content=large).status_code == 413


# -- policies ------------------------------------------------------------------------------------------------------------


def test_policies_are_chosen_written_checked_and_live(empty: Place, admin: Browser) -> None:
    sends(admin, "/set-up/company", **COMPANY)
    sends(admin, "/set-up/calendar", country="DE", hours="weekdays 8:30-17:00")
    page = admin.get("/set-up/policies").text
    assert page.count('class="ladder"') == 7
    assert "choose at least one" in admin.sends("/set-up/policies").text.lower()
    answer = admin.sends("/set-up/policies", policy=["everyone-else", "small-balances"], then="next")
    assert answer.headers["location"] == "/set-up/week"
    found = open_workspace(root(empty))
    assert found.book is not None
    assert [policy.id for policy in found.book.policies] == ["small-balances", "everyone-else"]
    assert found.book.house.calendar == "DE"
    assert found.book.house.currency == "EUR"
    assert len(found.trials) >= 2
    with reading(empty.desk.engine) as conn:
        live = released.live(conn)
        assert live is not None
        assert live.hash == found.texts.hash
    assert "It shows once there are a ledger and a policy" in admin.get("/set-up/week").text
