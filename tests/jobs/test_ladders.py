"""Who stands where on the ladders: counted of the newest run, and of what was had."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.engine import Engine

from engine.core.sentences import Reason
from engine.exports.ladder import ladder
from engine.jobs.edits import kept, save
from engine.jobs.ladders import standing
from engine.store import ledger
from engine.store.database import reading
from engine.store.standing import ground, newest
from tests.jobs.world import House


@pytest.fixture
def house(build_on_each: Callable[..., House]) -> House:
    return build_on_each()


@pytest.fixture
def engine(house: House) -> Iterator[Engine]:
    found = house.ws.database()
    yield found
    found.dispose()


def test_where_everybody_stands(house: House, engine: Engine) -> None:
    for account in ("ACME", "BOLT", "CORK"):
        house.owes(account, f"{account[0]}1", "2026-09-30")
    house.owes("DUNE", "D1", "2026-10-30")
    house.owes("ECHO", "E1", "2026-09-30", "20.00")
    house.contact("ACME")
    house.contact("BOLT", email="")
    house.import_customers()
    house.import_ledger("2026-10-05")
    with reading(engine) as conn:
        assert standing(conn) is None
        assert newest(conn) is None
        before = ground(conn)
        assert ledger.currencies(conn) == ["USD"]
    house.day("2026-10-05")
    with reading(engine) as conn:
        found = standing(conn)
        assert ground(conn) != before
    assert found is not None
    email = found.at["standard"]["email friendly-reminder"]
    assert (email.had, email.went) == (1, 1)
    assert dict(email.held) == {Reason.NO_ADDRESS: 2, Reason.BELOW_MINIMUM: 1}
    assert found.else_["standard"] == {Reason.NOT_OVERDUE: 1}
    assert found.accounts("standard") == 5
    assert [(gate, number) for gate, _, number in found.held["standard"]] == [("address", 2), ("minimum", 1)]
    picture = ladder(house.ws.live.policies[0], house.ws.live, found.at["standard"])
    assert "1 went, 2 no address to send it to" in picture
    assert "1 account had it" in picture
    house.day("2026-10-06")
    with reading(engine) as conn:
        again = standing(conn)
    assert again is not None
    assert again.at["standard"]["email friendly-reminder"].had == 1
    assert again.accounts("standard") == 5


def test_keeping_a_file_is_written_down_with_its_author(house: House, engine: Engine) -> None:
    ws = house.ws
    name = "policies/standard.yaml"
    text = ws.texts.policies[name].decode()
    now = house.who("2026-10-05").at
    told = save(engine, ws, {name: text.replace("day: 5", "day: 6")}, {name: kept(ws, name).hash}, "ana", now)
    assert told == ["Release 1 of the policies is live, by ana."]
