"""The door: the first admin's link, passwords and guesses, sessions, roles, and that a form comes from a page of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from engine.jobs.people import entry, first, passwords
from engine.jobs.people.entry import From
from engine.jobs.people.rights import Right, rights
from engine.store import journal as book
from engine.store.database import reading
from engine.store.tables import journal, session
from engine.web.api.app import BASE
from engine.web.shield import POLICY
from engine.web.visit import SAFE, visit_with
from tests.web.conftest import ROLES, STRANGE, Browser, Place, words

PASSWORD = "three quiet herons"
OPEN = {
    "/",
    "/sign-in",
    "/sign-in/other",
    "/sign-in/back",
    "/enter/{token}",
}  # what is there for somebody who is not signed in


def kinds(place: Place) -> list[str]:
    """What the journal has, in its order."""
    with reading(place.desk.engine) as conn:
        query = sa.select(journal.c.kind).where(journal.c.account == "").order_by(journal.c.seq)
        return list(conn.execute(query).scalars())


def routes(place: Place) -> Iterator[tuple[APIRoute, str, Right | None]]:
    """Every address of the desk, and the right that it asks for."""

    def walk(found: list[object]) -> Iterator[APIRoute]:
        for one in found:
            if isinstance(one, APIRoute):
                yield one
            elif getattr(one, "path", "") != BASE:  # programs have a door of their own
                yield from walk(list(getattr(getattr(one, "original_router", one), "routes", [])))

    asked = {visit_with(right).__qualname__ for right in Right}
    for route in walk(list(place.app.routes)):
        needs = [
            next(
                cell.cell_contents
                for cell in needed.call.__closure__
                if isinstance(cell.cell_contents, Right)
            )
            for needed in route.dependant.dependencies
            if getattr(needed.call, "__qualname__", "") in asked
        ]
        for method in route.methods - {"HEAD"}:
            yield route, method, needs[0] if needs else None


# -- the first admin -----------------------------------------------------------------------------------------------------


def test_the_first_admin_comes_in_by_a_link_that_is_good_once(place: Place) -> None:
    token = first.opened(place.desk.engine, place.files, place.now)
    assert token is not None
    newcomer = place.stranger()
    page = newcomer.get(f"/enter/{token}")
    assert "Ana Reyes (credit manager)" in words(page.text)
    short = newcomer.sends(f"/enter/{token}", id="ana", password="short", again="short")
    assert short.status_code == 422
    assert "at least 12 characters" in words(short.text)
    assert re.search(r'<option value="ana" selected', short.text)  # what was chosen is still there
    inside = newcomer.sends(f"/enter/{token}", id="ana", password=PASSWORD, again=PASSWORD)
    assert inside.headers["location"] == "/today"
    assert "Ana Reyes" in newcomer.get("/people").text
    again = place.stranger().get(f"/enter/{token}")
    assert again.status_code == 409
    assert "good no more" in words(again.text)
    assert first.opened(place.desk.engine, place.files, place.now) is None
    assert {"link", "signed in", "person"} <= set(kinds(place))
    with reading(place.desk.engine) as conn:
        assert book.verify(conn) > 0
        told = " ".join(conn.execute(sa.select(journal.c.body)).scalars())
    assert token not in told
    assert PASSWORD not in told


def test_somebody_new_is_the_first_admin_too(place: Place) -> None:
    token = first.opened(place.desk.engine, place.files, place.now)
    newcomer = place.stranger()
    wrong = newcomer.sends(f"/enter/{token}", name="", email="nobody", password=PASSWORD, again="other")
    assert [one in words(wrong.text) for one in ("what they are called", "no", "not the same")]
    assert wrong.text.count("aria-invalid") == 3
    newcomer.sends(
        f"/enter/{token}",
        name="Mia Lang",
        email="mia@x.example.com",
        roles="supervisor",
        password=PASSWORD,
        again=PASSWORD,
    )
    assert place.desk.workspace.settings.people["mia-lang"].roles == ("admin", "supervisor")


def test_a_link_of_yesterday_is_no_good(place: Place) -> None:
    token = first.opened(place.desk.engine, place.files, place.now)
    place.later(hours=25)
    assert place.stranger().get(f"/enter/{token}").status_code == 409
    assert place.stranger().get("/enter/anything").status_code == 409


# -- passwords -----------------------------------------------------------------------------------------------------------


def with_password(place: Place) -> str:
    """Somebody with a password."""
    admin = place.as_(place.has("admin"))
    link = re.search(r'value="http://[^"]*(/enter/[^"]+)"', admin.sends("/people/joe/link").text)
    assert link
    assert place.stranger().sends(link[1], password=PASSWORD, again=PASSWORD).status_code == 303
    return "joe"


@pytest.mark.fault(78)
def test_a_password_lets_in_and_a_wrong_one_says_nothing(place: Place) -> None:
    with_password(place)
    there = place.stranger()
    planted = "a" * 43
    there.cookies.set("dunwell", planted)
    assert (
        there.sends("/sign-in", name="JOE ortiz", password=PASSWORD, next="/people").headers["location"]
        == "/people"
    )
    kept = [one.value for one in there.cookies.jar]
    assert len(set(kept)) == 2  # nobody chooses the secret of another's session
    there.cookies.clear()
    there.cookies.set("dunwell", planted)
    assert there.get("/today").url.path == "/sign-in"
    unknown = place.stranger().sends("/sign-in", name="nobody", password=PASSWORD)
    wrong = place.stranger().sends("/sign-in", name="joe", password="something else")
    assert unknown.status_code == wrong.status_code == 422
    assert [re.sub(r'value="[^"]*"', "", one.text) for one in (unknown,)] == [
        re.sub(r'value="[^"]*"', "", wrong.text)
    ]
    assert "do not go together" in words(wrong.text)
    elsewhere = place.stranger().sends(
        "/sign-in", name="joe", password=PASSWORD, next="https://evil.example.com/"
    )
    assert elsewhere.headers["location"] == "/today"


def test_who_guesses_has_to_wait(place: Place) -> None:
    with_password(place)
    for _ in range(5):
        place.stranger().sends("/sign-in", name="joe", password="wrong wrong wrong")
    locked = place.stranger().sends("/sign-in", name="joe", password=PASSWORD)
    assert "too many tries; wait a minute" in words(locked.text)
    assert "refused" in kinds(place)
    place.later(minutes=1, seconds=1)
    assert place.stranger().sends("/sign-in", name="joe", password=PASSWORD).status_code == 303
    place.stranger().sends(
        "/sign-in", name="joe", password="wrong wrong wrong"
    )  # counts from the start again
    assert place.stranger().sends("/sign-in", name="joe", password=PASSWORD).status_code == 303


def test_another_password_ends_other_sessions(place: Place) -> None:
    joe = place.as_(with_password(place))
    elsewhere = place.as_("joe")
    wrong = joe.sends("/me/password", old="no", password="Ortiz Ortiz Ortiz", again="no")
    assert "not your password" in words(wrong.text)
    assert "too easy to guess" in words(wrong.text)
    assert "changed" in joe.said(
        "/me/password", old=PASSWORD, password="four loud herons", again="four loud herons"
    )
    assert joe.get("/today").status_code == 200
    assert elsewhere.get("/today").url.path == "/sign-in"
    assert not passwords.matches(None, PASSWORD)


# -- sessions ------------------------------------------------------------------------------------------------------------


@pytest.mark.fault(78)
def test_a_session_ends_by_itself_by_oneself_and_by_an_admin(place: Place) -> None:
    joe = place.as_("joe")
    assert joe.get("/today").status_code == 200
    place.later(minutes=90)
    assert joe.get("/today").url.path == "/today"  # seen in between
    place.later(minutes=121)
    assert joe.get("/today").url.path == "/sign-in"
    joe = place.as_("joe")
    joe.sends("/sign-out")
    assert joe.get("/today").url.path == "/sign-in"
    joe, admin = place.as_("joe"), place.as_(place.has("admin"))
    assert joe.entered is not None
    sue = place.as_("sue")
    assert sue.sends("/sign-out", session=joe.entered.session.number).status_code == 409  # another's
    assert joe.get("/today").url.path == "/today"
    admin.sends("/sign-out", session=joe.entered.session.number, back="/people/joe")
    assert joe.get("/today").url.path == "/sign-in"
    for _ in range(12):  # busy all day, and yet it ends
        place.later(hours=1)
    with reading(place.desk.engine) as conn:
        kept = list(conn.execute(sa.select(session.c.token)).scalars())
    assert joe.entered.token not in kept


def test_what_was_typed_outlives_the_session(place: Place) -> None:
    admin = place.as_(place.has("admin"))
    with_password(place)
    place.later(hours=3)
    sent = admin.sends("/people", name="Mia <b>Lang", roles="collector", email="mia@x.example.com")
    assert sent.status_code == 401
    assert "What you typed is kept" in words(sent.text)
    kept = re.search(r'name="kept" value="([^"]*)"', sent.text)
    assert kept
    from html import unescape

    packed = unescape(kept[1])
    assert "csrf" not in packed
    fresh = place.stranger()
    wrong = fresh.sends("/sign-in", name="joe", password="no", **{"kept-path": "/people", "kept": packed})
    assert unescape(re.search(r'name="kept" value="([^"]*)"', wrong.text)[1]) == packed  # type: ignore[index]
    again = fresh.sends("/sign-in", name="joe", password=PASSWORD, **{"kept-path": "/people", "kept": packed})
    assert again.status_code == 200
    assert "Mia &lt;b&gt;Lang" in again.text
    assert 'action="/people"' in again.text
    away = fresh.sends(
        "/sign-in", name="joe", password=PASSWORD, **{"kept-path": "//evil.example.com", "kept": packed}
    )
    assert 'action="/today"' in away.text


# -- who may -------------------------------------------------------------------------------------------------------------


def test_every_address_asks_who_is_there(place: Place) -> None:
    """A page that forgets to ask fails here."""
    nobody = place.stranger()
    for route, method, right in routes(place):
        if right is None:
            assert route.path in OPEN, route.path
            continue
        path = re.sub(r"{[^}]+}", "ACC1", route.path)
        answer = nobody.request(method, path, follow_redirects=False)
        assert answer.status_code == (303 if method in SAFE else 401), (method, path)
        if method in SAFE:
            assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.fault(78)
@pytest.mark.parametrize("role", ROLES)
def test_every_address_under_each_role(place: Place, people_of: Callable[[str], Browser], role: str) -> None:
    somebody = people_of(role)
    tried = refused = 0
    for route, method, right in routes(place):
        if right is None or route.path == "/sign-out":
            continue
        if right is Right.READ and method in SAFE and role not in ("reader", "admin"):
            continue  # whoever has a role may read, which `test_rights` says
        path = re.sub(r"{[^}]+}", "ACC1", route.path)
        answer = somebody.sends(path) if method not in SAFE else somebody.get(path, follow_redirects=False)
        may = right in rights((role,))
        assert (answer.status_code == 403) == (not may), (role, method, path, answer.status_code)
        assert answer.status_code < 500, (role, method, path)
        tried, refused = tried + 1, refused + (not may)
    assert tried > 10
    assert kinds(place).count("refused") == refused


@pytest.mark.fault(78)
def test_a_form_without_the_pages_mark_does_nothing(place: Place) -> None:
    admin = place.as_(place.has("admin"))
    filled = {"name": "Mia Lang", "roles": "collector"}
    for mark in ({}, {"csrf": ""}, {"csrf": "x" * 32}, {"csrf": place.as_("joe").entered.session.csrf}):  # type: ignore[union-attr]
        answer = admin.post("/people", data=mark | filled)
        assert answer.status_code == 403
        assert 'value="Mia Lang"' in answer.text  # a person whose page is old sends it once more
    assert kinds(place).count("refused") == 4
    for strange in (
        {"origin": "https://evil.example.com"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "null"},
    ):
        assert admin.post("/people", data=filled, headers=strange).status_code == 403
        assert place.stranger().post("/sign-in", data={"name": "joe"}, headers=strange).status_code == 403
    assert "mia-lang" not in place.desk.workspace.settings.people
    assert (
        admin.post("/people", data=filled, headers={"x-csrf-token": admin.entered.session.csrf}).status_code
        == 200
    )  # type: ignore[union-attr]


@pytest.mark.fault(78)
def test_forged_ids_lead_nowhere(place: Place) -> None:
    admin = place.as_(place.has("admin"))
    for path in ("/people/nobody", "/people/..%2F..%2Fetc", "/people/nobody/link", "/people/%3Cscript%3E"):
        answer = admin.get(path) if not path.endswith("link") else admin.sends(path)
        assert answer.status_code == 404
        assert "<script>" not in answer.text.split("</head>")[1]
    assert place.as_("joe").sends("/done", key="of-nothing").status_code == 404
    assert place.stranger().get("/static/..%2f..%2fapp.py").status_code == 404


def test_what_every_answer_says_to_the_browser(place: Place) -> None:
    for answer in (
        place.stranger().get("/sign-in"),
        place.as_("joe").get("/today"),
        place.stranger().get("/no/page"),
    ):
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script(?! src=)|<style| style=| on[a-z]+=", answer.text)
    assert "unsafe" not in POLICY
    kept = re.search(r'href="(/static/desk.css[^"]+)"', place.stranger().get("/sign-in").text)
    assert kept
    assert "immutable" in place.stranger().get(kept[1]).headers["cache-control"]
    assert place.stranger().get("/sign-in", headers={"host": "evil.example.com"}).status_code == 421
    assert place.stranger().post("/sign-in", content=b"x" * (3 << 20)).status_code == 413


def test_words_of_others_never_run(place: Place) -> None:
    page = place.as_(place.has("supervisor")).get("/today?whose=all").text
    assert "STRANGE" in page
    assert STRANGE not in page


# -- a proxy -------------------------------------------------------------------------------------------------------------


def test_a_proxys_word_counts_only_where_it_is_switched_on(place: Place) -> None:
    there = place.stranger()
    assert there.get("/today", headers={"x-remote-user": "joe"}).url.path == "/sign-in"
    file = place.house.root / "dunwell.toml"
    file.write_text(file.read_text("utf-8") + '\n[web]\nproxy_header = "X-Remote-User"\n', "utf-8")
    place.desk.kept.look()
    inside = there.get("/today", headers={"x-remote-user": "joe"})
    assert inside.url.path == "/today"
    assert "Joe Ortiz" in inside.text
    assert there.get("/today").url.path == "/sign-in"  # the cookie alone is not enough
    assert "nobody of that name" in words(there.get("/today", headers={"x-remote-user": "mallory"}).text)
    outside = Browser(place.app, "http://127.0.0.1:8015", client=("203.0.113.9", 1))
    assert outside.get("/today", headers={"x-remote-user": "ana"}).url.path == "/sign-in"


def test_a_proxy_says_where_somebody_comes_from_and_a_stranger_does_not(place: Place) -> None:
    for peer, address in (("127.0.0.1", "198.51.100.7"), ("203.0.113.9", "203.0.113.9")):
        there = Browser(place.app, "http://127.0.0.1:8015", client=(peer, 1))
        for _ in range(5):
            data = {"name": f"of {peer}", "password": "wrong"}
            there.post("/sign-in", data=data, headers={"x-forwarded-for": "1.2.3.4, 198.51.100.7"})
        with reading(place.desk.engine) as conn:
            counted = entry.people.guesses(conn, entry._from(From(address)), place.now)
        assert counted == 5
