"""People: added, changed and let go by an admin; the database owns them, and `dunwell.toml` begins with them."""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa

from engine.jobs.people.known import overlaid
from engine.jobs.people.rights import Right, rights
from engine.jobs.workspace import open_workspace
from engine.store import database, people
from engine.store.database import reading
from engine.store.tables import person
from tests.cli.conftest import run
from tests.web.conftest import Place, words


def test_somebody_new_gets_a_link(place: Place) -> None:
    admin = place.as_(place.has("admin"))
    wrong = admin.sends("/people", name="", email="nowhere", calls="many", zone="Mars/One")
    assert wrong.status_code == 422
    assert wrong.text.count("aria-invalid") == 4
    assert "choose at least one role" in wrong.text.lower()
    assert 'value="nowhere"' in wrong.text
    invited = admin.sends(
        "/people", name="Zoë Ångström", email="zoe@x.example.com", roles=["collector", "reader"], calls="20"
    )
    assert re.search(r'value="http://127.0.0.1:8015/enter/[\w-]{40,}"', invited.text)
    found = place.desk.workspace.settings.people["zoe-angstrom"]
    assert (found.name, found.roles, found.calls) == ("Zoë Ångström", ("collector", "reader"), 20)
    twice = admin.sends("/people", name="zoë ångström", roles="reader")
    assert "works here already" in words(twice.text)
    assert "Some admin" in admin.get("/people").text


def test_what_is_changed_counts_at_once(place: Place) -> None:
    admin = place.as_(place.has("admin"))
    joe = place.as_("joe")
    assert joe.get("/people").status_code == 403
    assert "Joe Ortiz is changed" in admin.said(
        "/people/joe", name="Joe Ortiz", roles=["supervisor", "admin"], calls="7"
    )
    assert joe.get("/people").status_code == 200
    assert 'value="7"' in admin.get("/people/joe").text
    assert place.desk.workspace.files.people_with("supervisor") == ("joe", "sue")


def test_whoever_is_let_go_is_out(place: Place) -> None:
    admin = place.as_(place.has("admin"))
    joe = place.as_("joe")
    admin.sends("/people/joe/end")
    assert joe.get("/today").url.path == "/sign-in"
    assert "joe" not in place.desk.workspace.settings.people
    assert (
        "does not work here any more"
        in words(admin.get("/people").text + admin.get("/people/joe").text).lower()
    )
    assert admin.sends("/people/joe/link").status_code == 409
    admin.sends("/people/joe/back")
    assert "joe" in place.desk.workspace.settings.people


def test_somebody_has_to_be_admin(place: Place) -> None:
    id = place.has("admin")
    admin = place.as_(id)
    assert "nobody else is admin" in words(admin.sends(f"/people/{id}/end").text).lower()
    assert (
        "nobody else is admin"
        in words(admin.sends(f"/people/{id}", name="Some admin", roles="reader").text).lower()
    )


def test_the_file_begins_and_the_database_goes_on(place: Place) -> None:
    admin = place.as_(place.has("admin"))
    root: Path = place.house.root
    with reading(place.desk.engine) as conn:
        assert set(conn.execute(sa.select(person.c.id)).scalars()) == {"ana", "joe", "sue", "admin"}
    admin.sends("/people/sue", name="Sue Chen", roles="reader")
    found = open_workspace(root)
    assert found.settings.people["sue"].roles == ("reader",)
    assert [problem.code for problem in found.problems if "sue" in problem.sentence] == ["people-kept"]
    assert not found.errors
    file = root / "dunwell.toml"
    file.write_text(
        file.read_text("utf-8") + '\n[people.new]\nname = "New One"\nroles = ["collector"]\n', "utf-8"
    )
    assert "new" in open_workspace(root).settings.people  # whom the database has never had
    with reading(place.desk.engine) as conn:
        again, problems = overlaid(open_workspace(root).files, people.workers(conn))
    assert list(again.settings.people) == ["ana", "joe", "sue", "new", "admin"]
    assert problems == ()


def test_from_the_command_line(place: Place) -> None:
    admin = place.has("admin")
    at = {"at": place.now}
    listed = run("-w", str(place.house.root), "people", **at)
    assert re.search(r"joe\s+Joe Ortiz\s+collector\s+no password", listed.out)
    link = run("-w", str(place.house.root), "invite", "joe", "--by", admin, **at)
    path = re.search(r"/enter/\S+", link.out)
    assert path, link
    assert "Welcome, Joe Ortiz" in words(place.stranger().get(path[0]).text)
    refused = run("-w", str(place.house.root), "invite", "joe", "--by", "joe", **at)
    assert refused.code == 1
    assert "only a admin" not in refused.err


def test_rights() -> None:
    assert rights(()) == frozenset()
    assert rights(("reader",)) == {Right.READ}
    assert rights(("admin",)) == {Right.READ, Right.PEOPLE, Right.SET_UP, Right.STOP}
    assert rights(("dispute owner",)) == {Right.READ, Right.WORK, Right.STOP}
    assert Right.DECIDE in rights(("supervisor", "reader"))
    assert database.HEAD >= "0004"
