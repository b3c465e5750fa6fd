"""A sender killed at each point: nothing arrives twice, nothing is lost, and what cannot be known says so."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.channels.email import Mailer, Server, Tls
from engine.channels.folder import MailFolder
from engine.channels.letters import Letters, read_manifest
from engine.outbox import Round, deliver, recover
from engine.store import sending
from engine.store.outbox import counted
from engine.store.owner import gone, owner
from tests import apart
from tests.channels.servers import Act, Scripted, scripted, wait_until
from tests.outbox.sender import make_letter
from tests.outbox.world import Watch, delivery, do, get, make_mail, marks, opened, plan, states

ACCOUNTS = ("ACME", "BOLT", "CORE")


def kill(database: Path, channel: str, where: str | Path | int, point: str, nth: int = 2) -> int:
    """Run a sender in its own process until it dies."""
    return apart.started("tests.outbox.sender", str(database), channel, str(where), point, str(nth)).wait(30)


def heal(engine: Any, senders: dict[str, Any], make: Any = make_mail) -> tuple[Round, Round]:
    """What the next start does: recover, then deliver; later, deliver what was to wait."""
    clock = Watch()

    async def both() -> tuple[Round, Round]:
        with owner(engine) as name:
            needs = delivery(engine, name, senders=senders, make=make, now=clock)
            first = await recover(needs, lambda who: gone(engine, who))
            clock.forward(hours=1)
            return first, await deliver(needs)

    return asyncio.run(both())


@pytest.mark.parametrize(
    ("point", "uncertain", "arrived"),
    [
        ("claimed", 0, 3),
        ("rcpt", 0, 3),
        ("data", 0, 3),  # before it was written down that content begins
        ("after data", 1, 2),
        ("answered", 1, 3),
        ("before commit", 1, 3),
        ("settled", 0, 3),
    ],
)
def test_mail_is_never_sent_twice_and_never_lost(
    tmp_path: Path, point: str, uncertain: int, arrived: int
) -> None:
    engine = opened(tmp_path)
    for account in ACCOUNTS:
        plan(engine, account)
    with scripted() as there:
        assert kill(tmp_path / "dunwell.db", "email", there.port, point) == 137
        assert set(states(engine).values()) <= {"pending", "sending", "sent"}

        async def mend() -> None:
            async with Mailer(Server("127.0.0.1", there.port, Tls.NONE, allow_insecure=True)) as mailer:
                await asyncio.to_thread(heal, engine, {})  # recovery needs no way out for what had not begun
                clock = Watch()
                clock.forward(hours=2)
                await deliver(delivery(engine, "next", senders={"email": mailer}, now=clock))

        asyncio.run(mend())
        ids = there.ids()
    found = Counter(states(engine).values())
    # Two workers were sending: the other's message may have been cut off at a later point.
    assert len(ids) == len(set(ids)), "something arrived twice"
    assert found["sent"] + found["uncertain"] == 3, found
    assert found["sent"] <= len(ids) <= 3
    assert found["uncertain"] >= uncertain
    assert len(ids) >= min(arrived, found["sent"])
    assert len(marks(engine)) == found["sent"]


@pytest.mark.parametrize(
    ("channel", "point"),
    [
        *(("letter", at) for at in ("claimed", "made", "write", "rename", "after rename", "before commit")),
        *(("eml", at) for at in ("after rename", "answered")),
    ],
)
def test_files_are_there_once_after_any_crash(tmp_path: Path, channel: str, point: str) -> None:
    engine, out = opened(tmp_path), tmp_path / "out"
    kind = "email" if channel == "eml" else "letter"
    for account in ACCOUNTS:
        plan(engine, account, kind)
    assert kill(tmp_path / "dunwell.db", channel, out, point) == 137
    letters = Letters(out)
    senders = {"email": MailFolder(out)} if channel == "eml" else {"letter": letters}
    heal(engine, senders, make_mail if channel == "eml" else make_letter)
    letters.shelf.sweep()
    assert set(states(engine).values()) == {"sent"}
    assert marks(engine) == set(ACCOUNTS)
    files = [path for path in out.rglob("*") if path.is_file() and path.suffix in (".eml", ".pdf")]
    assert len(files) == 3
    assert not list(out.rglob("*.part"))
    if channel == "letter":
        lines = read_manifest(out / "letters" / "2026-11-23" / "manifest.csv")
        assert sorted(line["account"] for line in lines) == sorted(ACCOUNTS)
        assert [line["number"] for line in lines] == ["1", "2", "3"]


@pytest.mark.fault(83)
@pytest.mark.fault(10)
def test_a_letter_that_the_print_room_took_is_not_printed_again(tmp_path: Path) -> None:
    engine, out = opened(tmp_path), tmp_path / "out"
    key = plan(engine, "ACME", "letter")
    assert kill(tmp_path / "dunwell.db", "letter", out, "answered", 1) == 137
    (file,) = out.rglob("*.pdf")
    file.rename(tmp_path / "printed.pdf")
    heal(engine, {"letter": Letters(out)}, make_letter)
    assert states(engine) == {"ACME": "sent"}
    assert "number 1 of the list" in str(get(engine, key).reason)
    assert not list(out.rglob("*.pdf"))


def test_a_file_that_is_gone_without_a_trace_is_a_persons_question(tmp_path: Path) -> None:
    engine, out = opened(tmp_path), tmp_path / "out"
    plan(engine, "ACME")
    assert kill(tmp_path / "dunwell.db", "eml", out, "answered", 1) == 137
    (file,) = out.rglob("*.eml")
    file.unlink()
    heal(engine, {"email": MailFolder(out)})
    assert states(engine) == {"ACME": "uncertain"}
    assert not list(out.rglob("*.eml"))


def test_a_living_senders_messages_are_not_recovered(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    key = plan(engine, "ACME")
    with owner(engine) as alive:
        do(engine, lambda conn: sending.claim(conn, get(engine, key), alive, Watch()()))
        heal(engine, {})
        assert states(engine) == {"ACME": "sending"}
    heal(engine, {})
    assert states(engine) == {"ACME": "retry"}


def test_kills_at_random_moments(tmp_path: Path) -> None:
    """kill -9 from outside, again and again, with a server that now and then drops after the dot."""
    engine, chance = opened(tmp_path), random.Random(11)
    for number in range(60):
        plan(engine, f"C{number:03}")

    def dot(line: str, number: int) -> Act:
        return (
            Act(then="drop", accept=chance.random() < 0.5)
            if chance.random() < 0.05
            else Act("250 ok", accept=True)
        )

    def once(there: Scripted) -> None:
        before = len(there.accepted)
        file = str(tmp_path / "dunwell.db")
        process = apart.started("tests.outbox.sender", file, "email", str(there.port), "never", "1")
        wait_until(lambda: len(there.accepted) > before + 4 + chance.random() * 8)
        process.kill()
        process.wait()

    with scripted(dot=dot) as there:
        for _ in range(4):
            once(there)
            heal(engine, {})
        clock = Watch()
        clock.forward(hours=3)

        async def rest() -> None:
            async with Mailer(Server("127.0.0.1", there.port, Tls.NONE, allow_insecure=True)) as mailer:
                await deliver(delivery(engine, "last", senders={"email": mailer}, now=clock))

        asyncio.run(rest())
        ids = there.ids()
    found = Counter(states(engine).values())
    assert len(ids) == len(set(ids)), "something arrived twice"
    assert found["sent"] + found["uncertain"] == 60, found
    assert found["sent"] <= len(ids) <= 60
    assert len(marks(engine)) == found["sent"]
    assert sum(do(engine, counted).values()) == 60
