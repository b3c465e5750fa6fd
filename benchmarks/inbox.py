"""How long a first look into a large mailbox takes, and how much memory: a real Dovecot, a real house.

`python -m benchmarks.inbox [--messages N] [--recent N] [--contacts N]` lays N messages into a mailbox, of which the
recent ones came in the last days and the others a year ago. Of the recent ones one in a hundred is an answer to a
message of ours, one a bounce, three are out-of-office messages, half are newsletters and the others strangers' mail.
The mailbox is read by a process of its own: the first look, which goes back some days, then a second one with
nothing new, then one that takes everything there is. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from engine.store import bulk, database
from engine.store.tables import contact
from tests.inbox.dovecot import PASSWORD, Dovecot, dovecot
from tests.inbox.post import QUICK, TUE, Post, fill
from tests.jobs.world import House

ACCOUNTS = 50
POLICY = "policy: Standard\nclock: due date\nsteps:\n  - day: 5\n    email: friendly-reminder\n"
READER = """
import json, resource, sys, threading, time
from datetime import datetime, timedelta
from pathlib import Path
from engine.jobs.inbox import read_inbox
from engine.jobs.workspace import open_workspace
from engine.store import database, received
ws = open_workspace(Path(sys.argv[1]))
start, begins = time.perf_counter(), datetime.fromisoformat(sys.argv[2])
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
def more():
    engine = ws.database(read_only=True)
    try:
        with database.reading(engine) as conn:
            return received.place(conn).more
    finally:
        engine.dispose()
before, said, visits = peak(), [], 0
while not visits or more():
    visits += 1
    said += read_inbox(ws, lambda: begins + timedelta(seconds=time.perf_counter() - start), threading.Event())
seconds = round(time.perf_counter() - start, 2)
print(json.dumps({"seconds": seconds, "visits": visits, "mb_before": before, "mb_peak": peak(), "said": said}))
"""
LETTER = (
    "From: Somebody <s{n}@strangers.example>\r\nTo: accounts@seller.example.com\r\nSubject: Letter {n}\r\n"
    "Message-ID: <letter-{n}@strangers.example>\r\nContent-Type: text/plain\r\n\r\nHello, this is letter {n}.\r\n"
)
NEWS = "List-Unsubscribe: <https://strangers.example/out>\r\nPrecedence: bulk\r\n"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--messages", type=int, default=100_000)
    words.add_argument("--recent", type=int, default=5_000)
    words.add_argument("--contacts", type=int, default=100_000)
    told = words.parse_args()
    found: dict[str, object] = {"messages": told.messages, "recent": told.recent, "contacts": told.contacts}
    with tempfile.TemporaryDirectory() as folder, dovecot() as server:
        post = _house(Path(folder), server, told.contacts)
        began = time.perf_counter()
        _fill(post, told.messages, told.recent)
        print(f"{told.messages:,} messages are laid in ({time.perf_counter() - began:.0f} s)", flush=True)
        for name, days in (("first", 14), ("again", 14), ("everything", 366)):
            _settings(post, days)
            if name == "everything":
                _forget(post)
            found[name] = _read(post)
            print(name, found[name], flush=True)
    print(json.dumps(found))


def _house(folder: Path, server: Dovecot, contacts: int) -> Post:
    shutil.copy(_template(folder), folder / "dunwell.db")
    house = House(folder, f"sqlite:///{folder / 'dunwell.db'}", house=QUICK, policies={"standard": POLICY})
    fill(house, *(f"K{number:03}" for number in range(ACCOUNTS)))
    house.day("2026-10-05")
    engine = house.engine
    with database.writing(engine) as conn:
        rows = [
            ("main", f"C{n}", "accounts payable", "", f"ap{n}@c{n}.example.com", 1) for n in range(contacts)
        ]
        bulk.insert(conn, contact, ("company", "account", "role", "name", "email", "email_ok"), rows)
    engine.dispose()
    (folder / "inbox.password").write_text(PASSWORD)
    return Post(house, server, "full")


def _template(folder: Path) -> Path:
    file = folder / "template.db"
    database.open(file).dispose()
    return file


def _settings(post: Post, days: int) -> None:
    post.house.settings(
        f'\n[inbox]\nhost = "localhost"\nport = {post.dovecot.tls}\nuser = "{post.user}"\n'
        f'password_file = "../inbox.password"\nca_file = "{post.dovecot.ca}"\nfirst_days = {days}\n'
    )


def _forget(post: Post) -> None:
    """As if the mailbox had never been read."""
    engine = post.house.engine
    with database.writing(engine) as conn:
        conn.execute(sa.text("DELETE FROM setting WHERE name = 'inbox'"))
    engine.dispose()


def _fill(post: Post, messages: int, recent: int) -> None:
    """Files in the form of Dovecot's folder, which it takes in when it is first opened."""
    box = post.dovecot.home / post.user / "Maildir"
    for name in ("cur", "new", "tmp"):
        (box / name).mkdir(parents=True)
    real = {
        (name, account): post.mail(name, account)
        for name in ("reply-gmail", "bounce-postfix", "automatic-outlook")
        for account in (f"K{number:03}" for number in range(ACCOUNTS))
    }
    now = datetime(2026, 10, 6, tzinfo=UTC).timestamp()
    for number in range(messages):
        age = 86_400 if number >= messages - recent else 365 * 86_400
        kind = number % 100
        account = f"K{number // 100 % ACCOUNTS:03}"
        if kind < 5 and age == 86_400:
            name = ("reply-gmail", "bounce-postfix", *("automatic-outlook",) * 3)[kind]
            raw = real[name, account].replace(f"<{name}@".encode(), f"<{name}-{number}@".encode())
        else:
            text = LETTER.format(n=number)
            raw = (NEWS + text if kind % 2 else text).encode()
        path = box / "cur" / f"{int(now - age)}.M{number:08}P1.tests:2,"
        path.write_bytes(raw)
        os.utime(path, (now - age, now - age))
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "nobody:nogroup", str(post.dovecot.home)], check=True)


def _read(post: Post) -> dict[str, object]:
    command = [sys.executable, "-c", READER, str(post.house.root), f"{TUE}T13:00:00+00:00"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=3600)
    told: dict[str, object] = json.loads(done.stdout)
    return told


if __name__ == "__main__":
    main()
