"""Who is let in: no token, an ended one, each scope, no more than may be asked, nothing too large, no cookie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import cycle

import pytest
import sqlalchemy as sa

from engine.jobs import tokens
from engine.jobs.tokens import Scope
from engine.store.database import reading
from engine.store.tables import answered, journal, token
from engine.web.api import gate
from engine.web.api.gate import LARGEST
from engine.web.api.rates import Rates
from tests.web.api.conftest import Program, admin, program, with_token
from tests.web.conftest import BASE, Browser, Place


def verbs(place: Place) -> Iterator[tuple[str, str, str]]:
    """(method, path, scope) of every address, as the description has it."""
    for path, found in place.app.state.api.openapi()["paths"].items():
        for method, verb in found.items():
            yield method.upper(), re.sub(r"{[^}]+}", "ACC1", path), verb["security"][0]["token"][0]


def journaled(place: Place, kind: str) -> list[str]:
    with reading(place.desk.engine) as conn:
        query = sa.select(journal.c.body).where(journal.c.kind == kind).order_by(journal.c.seq)
        return list(conn.execute(query).scalars())


@pytest.mark.fault(78)
def test_every_address_under_each_scope_and_none(place: Place) -> None:
    """For each a token with its scope alone, one with all but that, and none that is good."""
    bad = cycle(({}, {"authorization": f"Bearer dunwell_{'x' * 43}"}, {"authorization": "Basic YTpi"}))
    with_it = {scope.value: program(place, scope) for scope in Scope}
    without = {
        scope.value: program(place, *(set(Scope) - {scope}), name=f"all-but-{scope}") for scope in Scope
    }
    stranger = with_token(place, "")
    refused = 0
    for method, path, needs in verbs(place):
        answer = stranger.request(method, f"/api/v1{path}", headers=next(bad))
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
        body = None if method == "GET" else {}
        key = {"Idempotency-Key": "x"}
        answer = without[needs].request(method, f"/api/v1{path}", json=body, headers=key)
        assert answer.status_code == 403, (method, path)
        assert f"no scope {needs}" in answer.json()["detail"]
        refused += 1
        if method == "POST":  # what a question gives is tested elsewhere
            answer = with_it[needs].request(method, f"/api/v1{path}", json=body, headers=key)
            assert answer.status_code == 422, (method, path, answer.text)
    assert refused == 26
    assert len([one for one in journaled(place, "refused") if "no scope" in one]) == refused
    assert place.stranger().get("/api/v1/nothing").status_code == 401


def test_a_token_ends_by_its_day_and_by_an_admin(place: Place) -> None:
    mine = program(place, Scope.STATUS, until="2026-10-13")
    assert mine.asks("/status").status_code == 200
    place.later(hours=36)
    assert mine.asks("/status").status_code == 200  # its last day, at the office
    place.later(hours=6)
    assert mine.asks("/status").status_code == 401
    other = program(place, Scope.STATUS, name="other")
    assert "opens nothing" in tokens.end(place.desk.engine, "other", admin(place))
    answer = other.asks("/status")
    assert answer.status_code == 401
    assert "has ended" in answer.json()["detail"]
    with reading(place.desk.engine) as conn:
        kept = " ".join(str(row) for row in conn.execute(sa.select(token))) + " ".join(
            journaled(place, "token")
        )
    for one in (mine, other):
        assert one.headers["authorization"].removeprefix("Bearer ") not in kept
    assert '"did":"ended"' in journaled(place, "token")[-1]


@pytest.mark.fault(78)
def test_what_opens_the_desk_does_not_open_the_api_nor_the_other_way(place: Place, all_may: Program) -> None:
    for browser in (place.as_(place.has("admin")), place.as_("ana")):
        assert browser.entered is not None
        assert browser.get("/api/v1/status").status_code == 401
        assert (
            browser.get(
                "/api/v1/status", headers={"authorization": f"Bearer {browser.entered.token}"}
            ).status_code
            == 401
        )
        assert browser.sends("/api/v1/notes", account="ACC1", text="no").status_code == 401
    assert all_may.get("/today").status_code == 303
    assert all_may.get("/tokens").headers["location"].startswith("/sign-in")
    assert all_may.get("/api/docs").status_code == 303
    answer = all_may.asks("/status")
    assert "set-cookie" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    evil = {"origin": "https://evil.example.com", "Idempotency-Key": "e"}
    assert (
        all_may.post("/api/v1/notes", json={"account": "ACC1", "text": "x"}, headers=evil).status_code == 403
    )


def test_no_more_than_a_minute_gives(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "Rates", lambda: Rates(lambda: 0.0))
    monkeypatch.setattr(gate, "_STRANGERS", 3)
    file = place.house.root / "dunwell.toml"
    file.write_text(file.read_text("utf-8") + "\n[web]\nrate = 3\n", "utf-8")
    place.desk.kept.look()
    mine, other = program(place, Scope.STATUS), program(place, Scope.READ)
    assert [mine.asks("/openapi.json").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = mine.asks("/status")
    assert 0 < int(answer.headers["retry-after"]) <= 20
    assert answer.json()["type"] == "/api/docs#too-many"
    assert other.asks("/openapi.json").status_code == 200
    stranger = with_token(place, "dunwell_guess")
    assert [stranger.asks("/status").status_code for _ in range(4)] == [401, 401, 401, 429]


def test_a_bucket_fills_by_itself() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])
    assert [rates.wait("a", 60) for _ in range(61)][-2:] == [0.0, 1.0]
    assert rates.wait("b", 60) == 0.0
    now[0] += 0.5
    assert rates.wait("a", 60) == pytest.approx(0.5)
    now[0] += 0.5
    assert rates.wait("a", 60) == 0.0
    now[0] += 3600
    assert [rates.wait("a", 2) > 0 for _ in range(3)] == [False, False, True]


def test_nothing_too_large_and_nothing_of_unknown_length(place: Place, all_may: Program) -> None:
    large = all_may.post("/api/v1/push", content=b"x", headers={"content-length": str(LARGEST + 1)})
    assert large.status_code == 413
    assert large.headers["content-type"] == "application/problem+json"
    assert all_may.post("/api/v1/push", content=iter([b"{}"])).status_code == 413
    assert with_token(place, "dunwell_no").post("/api/v1/push", content=b"x" * 100).status_code == 401
    three = b'{"event": "e", "version": 1, "rows": [], "x": "' + b"x" * (3 << 20) + b'"}'
    assert (
        all_may.post("/api/v1/push", content=three).status_code == 422
    )  # more than a form may have, read all the same
    assert Browser(place.app, BASE).post("/tokens", content=b"x" * (3 << 20)).status_code == 413


def test_what_is_no_json_is_told_with_its_place(all_may: Program) -> None:
    answer = all_may.post(
        "/api/v1/push", content=b'{"event": }', headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert "character 10" in answer.json()["errors"][0]["detail"]
    for given in (
        {"content": b"[]", "headers": {"content-type": "application/json"}},
        {"data": {"event": "e"}},
        {},
    ):
        (mistake,) = all_may.post("/api/v1/push", **given).json()["errors"]
        assert "Content-Type: application/json" in mistake["suggestion"]
    assert all_may.get("/api/v1/push").status_code == 405
    assert all_may.get("/api/v1/no/such").json()["type"] == "/api/docs#not-found"


# -- made at the desk and from the command line --------------------------------------------------------------------------


WRONG = [
    ({"name": "", "scopes": "read"}, "small letters"),
    ({"name": "joe", "scopes": "read"}, "a person who works here"),
    ({"name": "supervisor", "scopes": "read"}, "is a role"),
    ({"name": "erp"}, "choose what it may do"),
    ({"name": "erp", "scopes": "everything"}, "no scope"),
    ({"name": "erp", "scopes": "read", "until": "2026-10-11"}, "is past"),
    ({"name": "erp", "scopes": "read", "until": "some day"}, "is no day"),
    ({"name": "taken", "scopes": "read"}, "there is, or was, a token"),
]


def test_what_is_filled_in_wrongly_is_told_at_its_field(place: Place) -> None:
    program(place, Scope.READ, name="taken")
    someone = place.as_(place.has("admin"))
    for filled, wrong in WRONG:
        answer = someone.sends("/tokens", **filled)
        assert answer.status_code == 422, filled
        assert wrong in answer.text.lower(), filled
        assert f'value="{filled["name"]}"' in answer.text
    with reading(place.desk.engine) as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(token)).scalar() == 1


def test_an_admin_makes_and_ends_one_at_the_desk(place: Place) -> None:
    someone = place.as_(place.has("admin"))
    assert "There is no token yet" in someone.get("/tokens").text
    made = someone.sends("/tokens", name="crm", scopes=["read", "status"])
    (secret,) = set(re.findall(r"dunwell_[\w-]{43}", made.text))
    assert secret not in someone.get("/tokens").text
    assert with_token(place, secret).asks("/status").status_code == 200
    page = someone.get("/tokens").text
    assert "status and read" in page
    assert "never" not in page
    assert "opens nothing any more" in someone.said("/tokens/crm/end")
    assert with_token(place, secret).asks("/status").status_code == 401
    assert someone.sends("/tokens/nobody/end").status_code == 404
    assert someone.sends("/tokens/crm/end").status_code == 409
    assert "1 token opens nothing any more" in someone.get("/tokens").text
    docs = someone.get("/api/docs").text
    assert "/api/v1/promises" in docs
    assert someone.get("/api/openapi.json").json()["openapi"].startswith("3.1")


def test_nobody_gets_the_name_of_a_token(place: Place) -> None:
    program(place, Scope.READ, name="mia-lang")
    place.as_(place.has("admin")).sends("/people", name="Mia Lang", roles="reader")
    assert "mia-lang-2" in place.desk.workspace.settings.people
    with reading(place.desk.engine) as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(answered)).scalar() == 0
