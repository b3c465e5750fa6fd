"""Seals over the journal: they hold on both databases, and any change under one is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from engine.core import tree
from engine.errors import JournalBroken
from engine.jobs.evidence import verify
from engine.jobs.verify import verify as look
from engine.store import database, journal, seals
from engine.store.dossier import Scope
from engine.store.journal import Entry
from engine.store.pages import pages

AT = datetime(2026, 10, 5, 9, tzinfo=UTC)


@pytest.fixture
def engine(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    monkeypatch.setattr(seals, "MOST", 8)  # a seal for every eight entries, so that there are several
    engine = database.open(database_url)
    yield engine
    engine.dispose()


def write(engine: sa.Engine, *accounts: str) -> None:
    entries = [Entry("note", account, {"by": "ana"}, {"text": f"of {account}"}) for account in accounts]
    with database.writing(engine) as conn:
        journal.append(conn, entries, AT)


def shown(engine: sa.Engine, account: str) -> dict[str, Any]:
    """An account's pages as a bundle has them, looked at as its checker does."""
    with database.reading(engine) as conn:
        found = pages(conn, Scope(account), (), ())
    assert found.head is not None
    entries = [json.loads(json.dumps(entry)) for entry in found.entries]
    verify._entries(entries, account)
    people = {str(seq): dict(kept) for seq, kept in found.people.items()}
    verify._people(entries, people)
    sealed = verify._seals(list(found.seals), {"seq": found.head.seq, "hash": found.head.hash})
    proofs = {
        str(one.seq): {"seal": one.seal, "salt": one.salt, "beside": list(one.beside)} for one in found.shown
    }
    verify._proofs(proofs, entries, [], sealed)
    return {"entries": entries, "proofs": proofs, "seals": sealed}


def test_an_accounts_entries_are_under_seals_that_lead_to_the_last(engine: sa.Engine) -> None:
    write(engine, *("ACME", "BOLT", "COLE") * 7)
    assert seals.seal(engine, AT) == 3
    write(engine, "ACME")
    with database.reading(engine) as conn:
        before = pages(conn, Scope("ACME"), (), ())
        assert len(before.entries) == 7, "what no seal covers yet is left out"
    assert seals.seal(engine, AT) == 1
    told = shown(engine, "ACME")
    assert [entry["seq"] for entry in told["entries"]] == [1, 4, 7, 10, 13, 16, 19, 25]
    assert len(told["seals"]) == 4
    assert len(shown(engine, "COLE")["proofs"]) == 7
    assert seals.seal(engine, AT) == 0, "a seal alone is no reason for another"
    with database.reading(engine) as conn:
        assert journal.verify(conn) == 26
        assert seals.verify(conn) == 4


def test_a_book_that_was_written_anew_from_its_first_entry_is_found_out(engine: sa.Engine) -> None:
    """By somebody who makes the chain fit, and does not know of the seals."""
    write(engine, *("ACME", "BOLT") * 6)
    seals.seal(engine, AT)
    _rewritten(engine)
    with database.reading(engine) as conn:
        assert journal.verify(conn) == 14
        with pytest.raises(JournalBroken, match=r"entry 13: it seals other entries than 1 to 8"):
            seals.verify(conn)
        assert [rule for rule, _ in look(conn).broken] == ["I7"]


def _rewritten(engine: sa.Engine) -> None:
    """The first entry says something else, and every hash after it is made to fit."""
    with database.writing(engine) as conn:
        _unguarded(conn)
        rows = conn.execute(sa.text("SELECT seq, at, kind, account, body FROM journal ORDER BY seq")).all()
        last = "0" * 64
        for seq, at, kind, account, body in rows:
            told = body.replace('"ana"', '"eve"') if seq == 1 else body
            now = hashlib.sha256(f"{last}\n{seq}\n{at}\n{kind}\n{account!r}\n{told}".encode()).hexdigest()
            change = {"told": told, "last": last, "now": now, "seq": seq}
            conn.execute(
                sa.text("UPDATE journal SET body = :told, prev = :last, hash = :now WHERE seq = :seq"), change
            )
            last = now
        conn.execute(sa.text("UPDATE journal_head SET hash = :now"), {"now": last})


def _unguarded(conn: sa.Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text("DROP TRIGGER journal_is_kept ON journal"))
    else:
        conn.execute(sa.text("DROP TRIGGER journal_no_update"))


def test_a_seal_without_its_seed_is_missed(engine: sa.Engine) -> None:
    write(engine, "ACME")
    seals.seal(engine, AT)
    with database.writing(engine) as conn:
        conn.execute(sa.text("DELETE FROM journal_person WHERE field = 'blind'"))
    with (
        database.reading(engine) as conn,
        pytest.raises(JournalBroken, match="its seed is missing"),
    ):
        seals.verify(conn)


def test_what_stands_beside_the_way_up_tells_nothing_of_the_entries_there(engine: sa.Engine) -> None:
    """Not even to somebody who knows the hash of the entry beside it: its leaf is salted."""
    write(engine, "ACME", "BOLT", "ACME", "BOLT")
    seals.seal(engine, AT)
    beside = {one for proof in shown(engine, "ACME")["proofs"].values() for one in proof["beside"]}
    with database.reading(engine) as conn:
        hashes = conn.execute(sa.text("SELECT hash FROM journal WHERE account = 'BOLT'")).scalars().all()
    plain = {hashlib.sha256(b"\x00" + bytes.fromhex(one)).hexdigest() for one in hashes}
    assert not beside & (plain | set(hashes))


# -- the tree --------------------------------------------------------------------------------------------------------


@given(st.integers(1, 70), st.data())
def test_each_leaf_comes_to_the_root_by_its_own_way_alone(size: int, data: st.DataObject) -> None:
    entries = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(size)]
    leaves = tree.leaves("seed", 1, entries)
    grown = tree.levels(leaves)
    top = grown[-1][0].hex()
    index = data.draw(st.integers(0, size - 1))
    way = tree.path(grown, index)
    assert leaves[index] == tree.leaf(tree.salt("seed", index + 1), entries[index])
    assert tree.root(leaves[index], index, size, way) == top
    assert verify._root(leaves[index], index, size, way) == top
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        assert tree.root(leaves[other], index, size, way) != top
    if way:
        with pytest.raises(ValueError, match="too short"):
            tree.root(leaves[index], index, size, way[:-1])
    with pytest.raises(ValueError, match="too long"):
        tree.root(leaves[index], index, size, [*way, top])


def test_the_tree_is_that_of_rfc_6962() -> None:
    """The roots that Certificate Transparency's own tests have for its first leaves."""
    data = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    leaves = [hashlib.sha256(b"\x00" + bytes.fromhex(one)).digest() for one in data]
    for size, top in roots.items():
        assert tree.levels(leaves[:size])[-1][0].hex() == top
