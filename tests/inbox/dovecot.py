"""A Dovecot of the tests' own: its folder, its ports, its users; any name may log in with the one password."""

from __future__ import annotations

import contextlib
import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import trustme

PASSWORD = "s3cret"
PROGRAM = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = tests
protocols = imap
listen = 127.0.0.1
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:~/Maildir
mail_fsync = never
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  # A failed login makes no later one wait.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


@dataclass
class Dovecot:
    """A running server. `ca` is the file with the certificate that its own is signed by."""

    folder: Path
    plain: int
    tls: int
    ca: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @contextlib.contextmanager
    def client(self, user: str) -> Iterator[imaplib.IMAP4_SSL]:
        context = ssl.create_default_context(cafile=str(self.ca))
        client = imaplib.IMAP4_SSL("127.0.0.1", self.tls, ssl_context=context, timeout=30)
        client.login(user, PASSWORD)
        try:
            yield client
        finally:
            client.logout()

    def put(self, user: str, *mails: bytes, folder: str = "INBOX") -> None:
        with self.client(user) as client:
            for mail in mails:
                assert client.append(folder, "", "", mail)[0] == "OK"

    def folders(self, user: str) -> dict[str, list[tuple[bytes, bytes]]]:
        """folder → (flags, message) of each in it."""
        found: dict[str, list[tuple[bytes, bytes]]] = {}
        with self.client(user) as client:
            for line in client.list()[1]:
                name = line.decode().partition(' "." ')[2].strip('"')
                number = client.select(f'"{name}"', readonly=True)[1][0]
                told = client.fetch("1:*", "(FLAGS BODY.PEEK[])")[1] if number != b"0" else []
                found[name] = [(one[0], one[1]) for one in told if isinstance(one, tuple)]
        return found


@contextlib.contextmanager
def dovecot() -> Iterator[Dovecot]:
    """A server that runs as somebody without rights, also where the tests are root."""
    folder = Path(tempfile.mkdtemp(prefix="dunwell-imap-", dir="/tmp"))
    folder.chmod(0o755)
    user, group = _nobody()
    ports = _free_ports(2)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    own = authority.issue_cert("127.0.0.1", "localhost")
    own.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    own.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "home").mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder / "home", user, group)
    text = CONFIG.format(
        folder=folder, user=user, group=group, password=PASSWORD, plain=ports[0], tls=ports[1]
    )
    (folder / "dovecot.conf").write_text(text)
    assert PROGRAM is not None
    server = subprocess.Popen(
        [PROGRAM, "-F", "-c", str(folder / "dovecot.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", ports[0]), 5) as line:
                line.settimeout(5)
                if line.recv(100).startswith(b"* OK"):
                    break
            assert server.poll() is None, server.stderr.read() if server.stderr else ""
            time.sleep(0.05)
        else:
            raise AssertionError((folder / "log").read_text())
        yield Dovecot(folder, ports[0], ports[1], folder / "ca.pem")
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def version() -> str:
    """As the program says; empty where there is none."""
    if PROGRAM is None:
        return ""
    return subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, timeout=20).stdout.strip()


def _nobody() -> tuple[str, str]:
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    return "nobody", "nogroup"


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [one.getsockname()[1] for one in found]
