"""The mail server: its settings, and an e-mail to oneself by the very way that letters to customers go."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from engine.channels import email
from engine.channels.mail import compose
from engine.channels.receipt import Outcome, Receipt, Unsendable
from engine.core.sentences import mail as said
from engine.errors import Refused
from engine.jobs.deliver import smtp_server
from engine.jobs.outside import remedy
from engine.jobs.workspace import Workspace
from engine.settings import Settings
from engine.settings.written import Value, Way

PASSWORD = "mail.password"  # noqa: S105 - the name of a file
FIELDS: Mapping[Way, str] = {
    ("mail", "host"): "host",
    ("mail", "port"): "port",
    ("mail", "tls"): "tls",
    ("mail", "user"): "user",
    ("mail", "password_file"): "password",
    ("mail", "from"): "from",
    ("mail", "reply_to"): "reply_to",
}
_WAITS = email.Waits(connect=10, command=15, data=30)


def known(settings: Settings) -> dict[str, str]:
    """What is written, as the form has it. The password is never shown again."""
    mail = settings.mail
    told = {
        "host": mail.host,
        "port": mail.port,
        "tls": mail.tls,
        "user": mail.user,
        "from": mail.from_,
        "reply_to": mail.reply_to,
    }
    return {field: str(value or "") for field, value in told.items()}


def values(typed: Mapping[str, str], before: Mapping[str, str]) -> dict[Way, Value]:
    """What has to be written. A port that is no number is left to the check of the settings."""
    found: dict[Way, Value] = {}
    for way, field in FIELDS.items():
        text = typed.get(field, "").strip()
        if field == "password" or text == before[field]:
            continue
        number = field == "port" and text.isascii() and text.isdigit() and len(text) < 6
        found[way] = int(text) if number else (text or None)
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that sending a message needs. `done`: it went well; where it did not, `why` and what `helps`."""

    name: str
    done: bool
    why: str = ""
    helps: str = ""


def test(ws: Workspace, to: str, now: datetime) -> list[Step]:
    """Send one e-mail to `to`, and tell each stage up to the one that failed. Refused where there is no server."""
    ours = ws.settings.mail
    sender = ours.from_ or ws.settings.company.email
    if not ours.host or not sender:
        raise Refused("there is no mail server yet", "save one above first")
    made = compose(
        f"test {secrets.token_hex(8)}",
        sender=sender,
        to=[to],
        subject=said.TEST_SUBJECT,
        text=said.test_text(ws.settings.company.name, ours.host),
        at=now,
        name=ws.settings.company.name,
        reply_to=ours.reply_to or "",
    )
    if isinstance(made, Unsendable):
        raise Refused(made.sentence)
    try:
        server = replace(smtp_server(ws), waits=_WAITS)
    except ValueError as error:
        raise Refused(str(error), "change how the line is closed") from None
    begun: list[str] = []

    async def stage(name: str, _: Mapping[str, str]) -> None:
        begun.append(name)

    async def sent() -> Receipt:
        async with email.Mailer(server) as mailer:
            return await mailer.send(made, stage)

    receipt = asyncio.run(sent())
    names = said.stages(ours.host, ours.used_port, ours.user, sender, to)
    steps = [Step(names[name], True) for name in dict.fromkeys(begun) if name in names]
    if receipt.state is Outcome.SENT:
        return [*steps, Step(said.arrived(to), True)]
    failed = names.get(receipt.stage, receipt.stage)
    return [
        *(one for one in steps if one.name != failed),
        Step(failed, False, receipt.sentence, remedy(receipt.stage)),
    ]
