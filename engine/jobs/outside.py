"""What Dunwell has to do with outside: the mail server, the mailbox, the sender's domain, receivers, feeds. Nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.channels import email, inbox
from engine.channels.webhook import Hook
from engine.errors import Refused
from engine.jobs.deliver import smtp_server
from engine.jobs.finding import Finding, bad, good, note, odd
from engine.jobs.inbox import imap_server
from engine.jobs.workspace import Workspace

if TYPE_CHECKING:
    from dns.resolver import Resolver

MAIL, MAILBOX, DOMAIN, RECEIVER, FEED = "mail", "inbox", "sender's domain", "webhook", "feed"
_WAITS = email.Waits(connect=10, command=15)
_LOOK_UP = 4.0  # seconds for one question to the name servers
_STAGES = {
    email.CONNECT: "reaching the server",
    email.EHLO: "its greeting",
    email.STARTTLS: "closing the line to others (TLS)",
    email.AUTH: "logging in",
}


def mail(ws: Workspace) -> Iterator[Finding]:
    """Connected, encrypted and logged in by the same rules as for mail; then goodbye."""
    ours = ws.settings.mail
    if not ours.host:
        yield note(MAIL, "no mail server: messages go into the folder “out”", "set  host  under [mail]")
        return
    try:
        server = replace(smtp_server(ws), waits=_WAITS)
    except ValueError as error:
        yield bad(MAIL, str(error), "mend [mail] in dunwell.toml")
        return
    except Refused as error:
        yield bad(MAIL, error.sentence, error.hint)
        return
    at, wrong = asyncio.run(email.reach(server))
    where = f"{ours.host}, port {ours.used_port}"
    if wrong:
        yield bad(MAIL, f"{wrong} ({where}; while {_STAGES.get(at, at)})", remedy(at))
        return
    how = "without encryption, on this machine" if server.tls is email.Tls.NONE else "encrypted"
    login = f", logged in as {ours.user}" if ours.user else ", without a login"
    yield good(MAIL, f"{where} takes mail, {how}{login}")
    if not ours.user and server.tls is not email.Tls.NONE:
        yield note(MAIL, "the server was asked for no login", "set  user  under [mail] where it wants one")


def remedy(at: str) -> str:
    """What helps where a talk with the mail server ended at a stage."""
    match at:
        case email.AUTH:
            return "check  user  and the password; some servers want one made for programs"
        case email.STARTTLS:
            return 'check  tls  ("starttls" or "tls") and  port;  for your own authority set  ca_file'
        case email.MAIL:
            return "check  from:  many servers take mail from an address of the one who logs in only"
        case email.RCPT:
            return "check the address; many servers take mail for others only after a login"
        case email.DATA:
            return "ask whoever runs the mail server what it holds against the message"
        case _:
            return "check  host  and  port  under [mail], and the firewall"


def mailbox(ws: Workspace) -> Iterator[Finding]:
    """The mailbox that answers come to opens."""
    ours = ws.settings.inbox
    if not ours.host:
        yield note(MAILBOX, "no mailbox: mail that comes back is not seen", "set  host  under [inbox]")
        return
    try:
        with inbox.Inbox(replace(imap_server(ws), wait=15, visit=30)) as box:
            held = box.highest
    except inbox.Shut as shut:
        yield bad(MAILBOX, shut.sentence, "check [inbox] in dunwell.toml")
    except ValueError as error:
        yield bad(MAILBOX, str(error), "mend [inbox] in dunwell.toml")
    except Refused as error:
        yield bad(MAILBOX, error.sentence, error.hint)
    else:
        yield good(MAILBOX, f"“{ours.folder}” opens; its last message has the number {held}")


def domain(ws: Workspace, resolver: Resolver | None = None) -> Iterator[Finding]:
    """Whether others can believe that mail of the sender's domain is ours, as far as name servers tell."""
    sender = str(ws.settings.mail.from_ or "")
    if not ws.settings.mail.host or "@" not in sender:
        return
    name = sender.rpartition("@")[2]
    ask = _Names(resolver)
    exchangers = ask.texts(name, "MX")
    if exchangers is None:
        yield note(DOMAIN, f"{name} could not be looked up", "there is no name server here that knows")
        return
    if not exchangers:
        remedy = "answers and bounces are lost: let the domain have a mail server"
        yield bad(DOMAIN, f"{name} takes no mail (it has no MX record)", remedy)
    said = f"v=spf1 include:{ws.settings.mail.host} ~all"
    for what, where, begins, remedy in (
        ("SPF", name, "v=spf1", f"add a TXT record such as “{said}”; your mail provider has the right words"),
        (
            "DMARC",
            f"_dmarc.{name}",
            "v=dmarc1",
            f"add a TXT record at _dmarc.{name}, such as “v=DMARC1; p=none”",
        ),
    ):
        found = ask.texts(where, "TXT")
        if found is None:
            yield note(DOMAIN, f"{where} could not be looked up")
        elif not any(one.lower().startswith(begins) for one in found):
            yield odd(DOMAIN, f"{name} has no {what} record, so mail may be taken for a forgery", remedy)
        else:
            yield good(DOMAIN, f"{name} has a {what} record")


class _Names:
    """Asks the name servers: the texts of a record, none where there is no such record; None: they do not answer."""

    def __init__(self, resolver: Resolver | None) -> None:
        self.resolver = resolver

    def texts(self, name: str, kind: str) -> list[str] | None:
        import dns.exception
        import dns.resolver

        try:
            resolver = self.resolver or dns.resolver.Resolver()
            answer = resolver.resolve(name, kind, lifetime=min(_LOOK_UP, resolver.lifetime), search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError):
            return None
        if kind == "TXT":
            return [b"".join(one.strings).decode("ascii", "replace") for one in answer]
        return [text for one in answer if (text := str(one.exchange)) != "."]


def receivers(ws: Workspace) -> Iterator[Finding]:
    """Each webhook could be used as it is written; none is called."""
    for name, hook in ws.settings.webhooks.items():
        if hook.secret is None:
            yield note(RECEIVER, f"{name} has no secret: its requests go into the folder “out”")
            continue
        secret = (hook.secret.get_secret_value(),)
        try:
            Hook(name, str(hook.url), secret, frozenset(hook.allowed), hook.networks, hook.read_back)
        except ValueError as error:
            yield bad(RECEIVER, str(error), f"mend [webhooks.{name}] in dunwell.toml")
        else:
            yield good(RECEIVER, f"{name} may be called at {', '.join(hook.allowed)}")


def feeds(ws: Workspace) -> Iterator[Finding]:
    """Each feed's folder or query is there."""
    for name, feed in ws.settings.feeds.items():
        path = ws.root / (feed.folder or feed.query)
        if feed.folder and not path.is_dir():
            yield bad(FEED, f"{name}: there is no folder {path}", "make it, or mend  folder  in dunwell.toml")
        elif feed.query and not path.is_file():
            yield bad(FEED, f"{name}: there is no file {path}", "write it, or mend  query  in dunwell.toml")
        else:
            yield good(FEED, f"{name}: {path.name} is there")
