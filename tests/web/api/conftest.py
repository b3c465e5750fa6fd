"""A desk with a program for each scope, and one that may do everything."""

from __future__ import annotations

from typing import Any

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from engine.jobs import tokens
from engine.jobs.cases import Who
from engine.jobs.tokens import Scope
from tests.web.conftest import BASE, Place


class Program(TestClient):
    """What one program sends. Requests that change something have a key each, unless one is given."""

    number = 0

    def sends(self, path: str, body: Any, key: str = "") -> httpx.Response:
        Program.number += 1
        return self.post(
            f"/api/v1{path}", json=body, headers={"Idempotency-Key": key or f"k{Program.number}"}
        )

    def asks(self, path: str, **query: Any) -> httpx.Response:
        return self.get(f"/api/v1{path}", params=query)


def admin(place: Place) -> Who:
    return Who("ana", place.now, place.desk.workspace.today(place.now), roles=frozenset(("admin",)))


def program(place: Place, *scopes: Scope, name: str = "", until: str = "") -> Program:
    """One that has these scopes."""
    name = name or f"may-{'-'.join(scopes) or 'all'}"
    secret = tokens.make(place.desk.engine, place.files, name, scopes or tuple(Scope), until, admin(place))
    return with_token(place, secret)


def with_token(place: Place, secret: str) -> Program:
    found = Program(
        place.app, BASE, follow_redirects=False, client=("127.0.0.1", 40000), raise_server_exceptions=False
    )
    found.headers["authorization"] = f"Bearer {secret}"
    return found


@pytest.fixture
def place(place: Place) -> Place:
    """Its files are looked at now and then, as ever: here nobody changes them unasked."""
    place.desk.kept.wait = 60.0
    return place


@pytest.fixture
def all_may(place: Place) -> Program:
    return program(place)
