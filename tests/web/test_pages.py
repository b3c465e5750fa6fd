"""The week, an account, who is found by what; and what each page does when somebody presses a button."""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest
import sqlalchemy as sa

from engine.jobs.people import first
from engine.store.database import reading, writing
from engine.store.tables import action, journal, ledger_file, note, pause
from tests.jobs.world import moment
from tests.web.conftest import MONDAY, STRANGE, Browser, Place, furnished, words


def week(place: Place, browser: Browser, query: str = "") -> str:
    """The page, once the week is worked out."""
    for _ in range(40):
        page = browser.get(f"/week{query}").text
        if "being worked out" not in page:
            return page
    raise AssertionError("it is still being worked out")


def test_the_week_has_numbers_steps_and_why_not(place: Place) -> None:
    manager = place.as_("ana")
    page = week(place, manager)
    assert "Mon 12 Oct – Fri 16 Oct 2026" in page
    assert "Nothing has been sent." in page
    assert "a call is on the list" in page
    assert "call on the list" in words(week(place, manager, "?held=call+on+the+list"))
    assert "STRANGE" in words(page)  # waits for a yes now
    assert STRANGE not in page
    assert manager.get("/week?day=2020-01-01").status_code == 409
    assert manager.get("/week?day=nonsense&kind=nonsense").status_code == 200


def test_what_happens_makes_the_week_anew(place: Place) -> None:
    manager = place.as_("ana")
    before = week(place, manager)
    assert "Something has happened since" not in before
    place.later(minutes=5)
    manager.sends("/pause/ACC0", because="a trade fair")
    after = week(place, manager)
    assert "as of 10:35" in after or "Something has happened since" in after
    for _ in range(40):
        if "as of 10:35" in (after := week(place, manager)):
            break
    assert "as of 10:35" in after


def test_a_message_of_the_week_is_read_as_it_would_go(place: Place) -> None:
    manager = place.as_("ana")
    page = week(place, manager, "?day=all")
    link = re.search(r'href="(/week/text/[^"]+)"', page)
    assert link
    text = manager.get(unescape(link[1])).text
    assert "would be sent if nothing is paid until then" in text
    assert "Springfield" in text or "Seller Inc." in text
    assert manager.get(f"/week/text/ACC0?day={MONDAY}&kind=call").status_code == 404
    assert manager.get("/week/text/NOBODY?day=2026-10-13&kind=email").status_code == 404
    assert "no email on" in words(manager.get("/week/text/ACC0?day=2026-10-13&kind=email").text).lower()


def test_yes_and_no_to_what_waits(place: Place) -> None:
    manager, joe = place.as_("ana"), place.as_("joe")
    page = manager.get("/today").text
    key = unescape(re.search(r'action="/approve">.*?name="key" value="([^"]+)"', page, re.S)[1])  # type: ignore[index]
    refused = joe.sends("/approve", key=key)
    assert refused.status_code == 409
    assert "only a credit manager" in words(refused.text)
    assert manager.sends("/decline", key=key).status_code == 409  # without a reason
    assert "is declined" in unescape(
        manager.said("/decline", key=key, because="they pay on Friday", back="/week")
    )
    with reading(place.desk.engine) as conn:
        states = set(conn.execute(sa.select(action.c.state).where(action.c.account == "STRANGE")).scalars())
    assert "declined" in states
    assert "awaiting approval" not in states
    assert manager.sends("/approve", key=key).status_code == 409


def test_one_button_stops_everything_and_another_lets_it_go_on(place: Place) -> None:
    joe, manager = place.as_("joe"), place.as_("ana")
    assert joe.sends("/stop").status_code == 409
    assert "stands still" in joe.said("/stop", because="a wrong ledger")
    assert "a wrong ledger" in manager.get("/today").text
    assert joe.sends("/resume").status_code == 403
    assert "It goes on" in manager.said("/resume")
    assert "a wrong ledger" not in joe.get("/today").text


def test_an_account_tells_all_of_itself(place: Place) -> None:
    manager = place.as_("ana")
    page = manager.get("/account/ACC0").text
    told = words(page)
    assert "Where it stands, and why" in told
    assert "call collector" in told
    assert "Owed, by days past due" in told
    assert "no payment in 12 months" in told
    assert "Which policy, and may it go out today?" in told
    assert "Why not “letter firm-reminder”?" in words(
        manager.get("/account/ACC0?why_not=letter+firm-reminder").text
    )
    assert manager.get("/account/NOBODY").status_code == 404
    assert STRANGE not in manager.get("/account/STRANGE").text
    only = words(manager.get("/account/ACC0?kind=episode").text)
    assert "fell past due" in only


def test_pause_with_its_reason_and_its_end(place: Place) -> None:
    joe = place.as_("joe")
    wrong = joe.sends("/pause/ACC0", until="someday")
    assert wrong.status_code == 422
    assert wrong.text.count('class="why"') == 2
    assert 'value="someday"' in wrong.text
    assert "wait through Fri 16 Oct" in joe.said("/pause/ACC0", because="new address", until="friday")
    assert "Lift the pause" in joe.get("/account/ACC0").text
    assert "goes on from tomorrow" in joe.said("/lift/ACC0")
    with reading(place.desk.engine) as conn:
        assert [tuple(row) for row in conn.execute(sa.select(pause.c.because, pause.c.by))] == [
            ("new address", "joe")
        ]


def test_a_note_is_kept_once_and_never_runs(place: Place) -> None:
    joe = place.as_("joe")
    once = re.search(r'name="once" value="([^"]+)"', joe.get("/account/ACC0").text)[1]  # type: ignore[index]
    assert joe.sends("/note/ACC0", text=STRANGE, once=once).status_code == 303
    assert joe.sends("/note/ACC0", text=STRANGE, once=once).status_code == 409
    for path in ("/account/ACC0", "/call/ACC0"):
        page = joe.get(path).text
        assert "&lt;script&gt;" in page
        assert STRANGE not in page
    with reading(place.desk.engine) as conn:
        assert len(conn.execute(sa.select(note.c.text)).all()) == 1
    assert joe.sends("/note/ACC0", text=" ").status_code == 422


def test_the_bundle_of_an_account(place: Place) -> None:
    joe = place.as_("joe")
    answer = joe.sends("/evidence/ACC0")
    assert answer.headers["content-disposition"] == f'attachment; filename="evidence-ACC0-{MONDAY}.zip"'
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    with reading(place.desk.engine) as conn:
        given = conn.execute(sa.select(journal.c.body).where(journal.c.kind == "evidence")).scalars().all()
    assert '"by":"joe"' in given[0]
    assert place.as_(place.has("reader")).sends("/evidence/ACC0").status_code == 403


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("acc1", "ACC1"),
        ("I2", "ACC2"),
        ("clerk of acc3", "ACC3"),
        ("ap@acc1.example.com", "ACC1"),
        ("strange inc", "STRANGE"),
    ],
)
def test_an_account_is_found_by_what_one_knows(place: Place, said: str, found: str) -> None:
    answer = place.as_("joe").get("/accounts", params={"find": said}, follow_redirects=False)
    assert answer.headers.get("location", "") == f"/account/{found}", words(answer.text)


def test_who_is_not_found_and_who_owes_most(place: Place) -> None:
    joe = place.as_("joe")
    assert "No account has that" in joe.get("/accounts?find=100%25").text
    assert "no script" not in joe.get("/accounts?find=<script>").text
    many = joe.get("/accounts?find=acc").text
    assert all(f"/account/ACC{n}" in many for n in range(4))
    assert "$1,500.00" in joe.get("/accounts").text
    assert "telephone" in words(joe.get("/accounts?find=(212) 555-0199").text)


def test_policies_with_a_mistake_are_said_and_the_past_is_shown_all_the_same(place: Place) -> None:
    manager = place.as_("ana")
    (place.house.root / "policies" / "standard.yaml").write_text(
        "policy: Standard\nsteps:\n  - dya: 5\n", "utf-8"
    )
    place.desk.kept.look()
    assert (
        "so nothing is decided" in words(manager.get("/account/ACC0").text)
        or "key" in manager.get("/week").text
    )
    for path in ("/today", "/week", "/account/ACC0", "/call/ACC0", "/call/ACC0?outcome=busy"):
        assert manager.get(path).status_code in (200, 409), path


def test_the_same_pages_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    house = furnished(tmp_path, postgres_url)
    place = Place(house, moment(MONDAY, "10:30"))
    first.opened(place.desk.engine, place.files, place.now)
    somebody = place.as_(place.has("admin", "credit manager", "collector"))
    key = re.search(r'href="(/message/[^"]+)"', somebody.get("/outbox").text)[1]  # type: ignore[index]
    paths = (
        "/today?whose=all",
        "/call/ACC0?outcome=hung+up",
        "/account/ACC0",
        "/accounts",
        "/accounts?find=i2",
        "/people",
    )
    for path in (
        *paths,
        "/outbox?with=acc1",
        "/outbox.csv",
        unescape(key),
        key.replace("/message/", "/words/"),
        "/journal?by=ana",
    ):
        assert somebody.get(path).status_code == 200, path
    assert "Nothing has been sent." in week(place, somebody)
    assert somebody.sends("/draft/ACC0", **{"answer.reason": "unknown"}).status_code == 200
    assert "hung up" in somebody.said("/call/ACC0", outcome="hung up", then="1", once="a")
    assert somebody.sends("/call/ACC2", outcome="busy", once="a").status_code == 422
    assert "is changed" in somebody.said("/people/joe", name="Joe Ortiz", roles="reader")
    assert "stands still" in somebody.said("/stop", because="a test")
    for _ in range(5):
        place.stranger().sends("/sign-in", name="joe", password="wrong")
    assert "too many tries" in words(place.stranger().sends("/sign-in", name="joe", password="wrong").text)
    place.desk.engine.dispose()


def test_behind_a_proxy_with_a_certificate_cookies_are_for_it_alone(place: Place) -> None:
    admin = place.as_(place.has("admin"))
    token = re.search(r"/enter/([\w-]+)", admin.sends("/people/joe/link").text)
    file = place.house.root / "dunwell.toml"
    file.write_text(file.read_text("utf-8") + '\n[web]\naddress = "https://desk.example.com"\n', "utf-8")
    outside = Place(place.house, place.now)
    browser = Browser(outside.app, "https://desk.example.com", follow_redirects=False)
    assert token
    answer = browser.post(
        f"/enter/{token[1]}",
        data={"password": "three quiet herons", "again": "three quiet herons"},
    )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-dunwell=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "strict-transport-security" in browser.get("/today").headers


def test_a_step_to_come_is_put_off_from_the_week(place: Place) -> None:
    joe = place.as_("joe")
    page = week(place, joe, "?day=all")
    link = unescape(re.search(r'href="(/pause/[^"]+)"', page)[1])  # type: ignore[index]
    account = link.partition("?")[0].removeprefix("/pause/")
    assert "back=/week?day=all" in link
    form = joe.get(link).text
    step = re.search(r"[?&]step=([^&]+)", link)[1]  # type: ignore[index]
    step = unquote(step)
    assert f"“{step}” waits through the day that you name" in words(form)
    assert f'name="step" value="{step}"' in form
    refused = joe.sends(f"/pause/{account}", back="/week?day=all", because="a trade fair", step=step)
    assert refused.status_code == 422
    assert "Say through which day it waits." in refused.text
    assert 'value="a trade fair"' in refused.text
    fair = {"back": "/week?day=all", "because": "a trade fair", "until": "2026-10-23"}
    done = joe.sends(f"/pause/{account}", **fair, step=step)
    assert done.headers["location"] == "/week?day=all"
    with reading(place.desk.engine) as conn:
        kept = conn.execute(sa.select(pause.c.account, pause.c.kinds, pause.c.because)).all()
    assert kept == [(account, f"step {step}", "a trade fair")]
    explained = words(joe.get(f"/account/{account}").text)
    assert f"step {step}" in explained
    assert joe.sends(f"/pause/{account}", **fair, step="letter nobody").status_code == 404
    away = joe.sends(f"/pause/{account}", back="//elsewhere.example", because="x", until="2026-10-24")
    assert away.headers.get("location", "/today") == "/today"
    assert "Put off" not in words(week(place, place.as_(place.has("reader")), "?day=all"))
    assert joe.get("/pause/NOBODY").status_code == 404


def test_a_week_without_a_ledger_says_what_will_stand_there(place: Place) -> None:
    with writing(place.desk.engine) as conn:
        conn.execute(sa.delete(ledger_file))
    page = place.as_("joe").get("/week")
    assert page.status_code == 200
    assert "There is no ledger yet." in page.text
