"""A mail server of each kind, and houses that read what comes back to them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.channels.servers import aiosmtpd, contexts
from tests.inbox import dovecot as servers
from tests.inbox.dovecot import Dovecot
from tests.inbox.post import MON, QUICK, TWO, Make, Post, fill
from tests.jobs.conftest import build, build_on_each  # noqa: F401  # houses, as the stories have them
from tests.jobs.world import House


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A running Dovecot; skipped where none is installed, or one whose settings we do not know."""
    version = servers.version()
    if not version:
        pytest.skip("no Dovecot is installed (Debian: apt-get install dovecot-imapd)")
    if not version.startswith("2.3."):
        pytest.skip(f"the tests know the settings of Dovecot 2.3, this is {version.split()[0]}")
    with servers.dovecot() as server:
        yield server


@pytest.fixture
def user() -> str:
    """A mailbox that nobody else has."""
    return "u" + uuid.uuid4().hex


@pytest.fixture
def inbox_settings(dovecot: Dovecot, user: str, tmp_path: Path) -> Callable[..., str]:
    """The section of `dunwell.toml` for the mailbox."""
    (tmp_path / "inbox.password").write_text(servers.PASSWORD)

    def write(more: str = "") -> str:
        return (
            f'\n[inbox]\nhost = "localhost"\nport = {dovecot.tls}\nuser = "{user}"\n'
            f'password_file = "../inbox.password"\nca_file = "{dovecot.ca}"\n{more}'
        )

    return write


@pytest.fixture
def post(dovecot: Dovecot, user: str, inbox_settings: Callable[..., str]) -> Iterator[Make]:
    """Sends the reminder of the first day by a real mail server, and then reads what comes back."""
    authority = trustme.CA()
    with aiosmtpd(contexts(authority)[0]) as server:

        def make(make_house: Callable[..., House], *accounts: str, more: str = "") -> Post:
            house = make_house(house=QUICK, policies={"standard": TWO})
            fill(house, *(accounts or ("ACME",)))
            authority.cert_pem.write_to_path(house.root / "ca.pem")
            (house.root / "password").write_text("secret")
            house.settings(
                f'[mail]\nhost = "127.0.0.1"\nport = {server.port}\nuser = "dunwell"\n'
                'password_file = "password"\nfrom = "accounts@seller.example.com"\nca_file = "ca.pem"\n'
                + inbox_settings(more)
            )
            assert house.day(MON).sent["email"] == len(accounts or ("ACME",))
            return Post(house, dovecot, user)

        yield make
