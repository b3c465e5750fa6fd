"""One round of delivery: what a run has planned is decided again, made, and sent, or put into the folder."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Container, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.channels.email import Mailer, Server, Tls
from engine.channels.folder import MailFolder, Shelf
from engine.channels.letters import Letter, Letters
from engine.channels.mail import Attachment, Mail, compose, read_address
from engine.channels.receipt import Sender, Unsendable
from engine.channels.request import Request, RequestFolder
from engine.channels.webhook import Hook, Webhook
from engine.core import sentences
from engine.core.cases import guards
from engine.core.language.policy import Kind
from engine.core.messages.charged import showing_charges
from engine.core.messages.facts import MessageFacts
from engine.core.sentences import Reason
from engine.core.workdays import window
from engine.errors import Refused
from engine.jobs import brakes, by_hand, copies, messages, requests
from engine.jobs.again import Again, again
from engine.jobs.documents import TEMPLATE, Copies, attached
from engine.jobs.documents import copies as documents
from engine.jobs.waiting import own_words
from engine.jobs.workspace import Workspace
from engine.outbox import Delivery, Result, Round, Row, Verdict, deliver, recover
from engine.rendering import Rendered, Renderer
from engine.rendering import Request as RenderRequest
from engine.store import charges, database, journal, marks
from engine.store.evidence import Evidence
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.outbox import SENDING, under_way, waiting
from engine.store.owner import gone, owner
from engine.store.tables import BY_HAND, COMPANY, ActionState, action, contact

_LOOK = 0.05  # seconds
_LOOK_AGAIN = timedelta(hours=1)  # at what waits for a newer ledger, or for a person who looks at it
_HANDS = 32  # threads of a round: they mostly wait, for the disk and for the process that makes messages


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What a round did, by kind of action; `folder` is where messages went that no server took."""

    sent: Mapping[str, int]
    failed: tuple[Result, ...]
    uncertain: tuple[Result, ...]
    dropped: tuple[Result, ...]
    waiting: int  # planned, and not to go yet
    earliest: datetime | None  # when the first of them may
    folder: Path | None
    rests: tuple[str, ...]
    halted: str = ""  # why nothing was begun


@dataclass(frozen=True, slots=True)
class _Contents:
    """What the maker of a message needs, read in the transaction that decided it."""

    again: Again
    facts: MessageFacts | None
    recipients: tuple[str, ...]
    version: int  # of a request
    files: Mapping[str, Path]  # documents to attach


def deliver_now(
    ws: Workspace,
    *,
    now: datetime,
    clock: Any = None,
    stop: threading.Event | None = None,
    helping: bool = False,
) -> DeliverReport:
    """Send everything that may go at this moment. `clock` gives later moments of a long round; without it `now` stands.

    Once `stop` is set nothing more is begun, and what is in hand is finished. Who is `helping` only sends what goes to
    a server: files are put into the folder of the service's own machine, and what a crash has left is settled there.
    """
    engine = ws.database()
    try:
        return asyncio.run(
            _round(ws, engine, now, clock or (lambda: now), stop or threading.Event(), helping)
        )
    finally:
        engine.dispose()


async def _round(
    ws: Workspace, engine: Engine, now: datetime, clock: Any, stop: threading.Event, helping: bool
) -> DeliverReport:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_HANDS, "dunwell-deliver"))
    evidence = Evidence.beside(engine, ws.files.out)
    brakes.looked_at(engine, evidence, now)
    with owner(engine) as name, Renderer(ws.templates) as renderer:
        async with ways_out(ws, clock) as senders:
            if helping:
                senders = {name: way for name, way in senders.items() if isinstance(way, Mailer | Webhook)}
            maker = _Maker(ws, renderer)
            showing = showing_charges(ws.templates)
            delivery = Delivery(
                engine=engine,
                senders=senders,
                owner=name,
                now=clock,
                decide_again=lambda conn, row: _decide(ws, conn, [row], clock())[row.key],
                decide_all=lambda conn, rows: _decide(ws, conn, rows, clock()),
                make=maker.make,
                taken=lambda conn, key, at: marks.take(conn, key, at, ws.today(at)),
                taken_all=lambda conn, keys, at: marks.take_all(conn, keys, at, ws.today(at)),
                settled=lambda conn, row, result, at: _settled_all(ws, conn, [(row, result)], at, showing),
                settled_all=lambda conn, told, at: _settled_all(ws, conn, told, at, showing),
                halted=brakes.why,
                remember=evidence.remember,
                preserve=copies.preserve,
            )
            recovered = Round() if helping else await recover(delivery, lambda other: gone(engine, other))
            if not helping:
                _sweep(ws, engine)
            async with _passed_on(stop) as stopping:
                round_ = await deliver(delivery, stopping)
            round_.results[:0] = recovered.results
    with database.reading(engine) as conn:
        if not round_.halted:
            evidence.mark_head(conn)
    return _report(ws, engine, round_, now)


@asynccontextmanager
async def _passed_on(stop: threading.Event) -> AsyncIterator[asyncio.Event]:
    """The round's own event, set soon after another thread has set `stop`."""
    stopping = asyncio.Event()

    async def watch() -> None:
        while not stop.is_set():
            await asyncio.sleep(_LOOK)
        stopping.set()

    watching = asyncio.create_task(watch())
    try:
        yield stopping
    finally:
        watching.cancel()


def _sweep(ws: Workspace, engine: Engine) -> None:
    """What a crash left half written is of no use once nobody is writing."""
    with database.reading(engine) as conn:
        if not under_way(conn):
            Shelf(ws.files.out).sweep()


@asynccontextmanager
async def ways_out(ws: Workspace, clock: Any) -> AsyncIterator[Mapping[str, Sender[Any]]]:
    """The ways out: a mail server where one is configured, else the folder; letters and requests as files."""
    out = ws.files.out
    async with AsyncExitStack() as stack:
        mail: Sender[Any] = MailFolder(out)
        if ws.settings.mail.host:
            mail = await stack.enter_async_context(Mailer(smtp_server(ws)))
        found: dict[str, Sender[Any]] = {"email": mail, "letter": Letters(out), "request": RequestFolder(out)}
        for name, hook in ws.settings.webhooks.items():
            if hook.secret is None:
                found[f"webhook {name}"] = RequestFolder(out)
                continue
            secret = (hook.secret.get_secret_value(),)
            hosts = frozenset(hook.allowed)
            try:
                to = Hook(name, str(hook.url), secret, hosts, hook.networks, hook.read_back)
            except ValueError as error:
                raise Refused(str(error), f"mend [webhooks.{name}] in dunwell.toml") from None
            found[f"webhook {name}"] = Webhook(to, clock)
        if ws.settings.ledger.requests:
            found[requests.REQUEST] = found[f"webhook {ws.settings.ledger.requests}"]
        yield found


def smtp_server(ws: Workspace) -> Server:
    mail = ws.settings.mail
    tls = {"starttls": Tls.STARTTLS, "tls": Tls.IMPLICIT, "none": Tls.NONE}[mail.tls]
    context = None
    if mail.ca_file:
        try:
            context = ssl.create_default_context(cafile=ws.root / mail.ca_file)
        except OSError as error:  # ssl's own errors are of this kind
            raise Refused(
                f"the certificates in {mail.ca_file} cannot be read: {error.strerror or error}",
                "mend  ca_file  under [mail] in dunwell.toml",
            ) from error
    return Server(
        mail.host,
        mail.used_port,
        tls,
        mail.user,
        mail.password.get_secret_value() if mail.password else "",
        context=context,
        allow_insecure=tls is Tls.NONE,
    )


# -- decided again, in the claim's transaction ------------------------------------------------------------------------


def _decide(ws: Workspace, conn: Connection, rows: Sequence[Row], now: datetime) -> dict[str, Verdict]:
    people = [row.key for row in rows if row.policy == BY_HAND]
    found = by_hand.again(ws, conn, people, now) if people else {}
    found |= again(ws, conn, [row.key for row in rows if row.policy != BY_HAND], now)
    return {row.key: _verdict(ws, conn, row, found[row.key], now) for row in rows}


def _verdict(ws: Workspace, conn: Connection, row: Row, found: Again, now: datetime) -> Verdict:
    if found.waits:
        return Verdict(False, found.reason, not_before=now + _LOOK_AGAIN)
    if found.reason:
        return Verdict(False, found.reason)
    assert found.lists is not None
    detail, planned = found.detail, found.action
    facts, files = None, Copies({}, {}, ())
    if Kind(row.kind).written:
        house = ws.live.house
        hours = guards.hours(house.opens, house.closes, natural=found.natural)
        opens = window(now, found.zone, ws.calendar, hours)
        if row.channel == "email" and opens > now:
            return Verdict(False, Reason.OUTSIDE_HOURS.value, not_before=opens)
        if detail["template"] == TEMPLATE:
            files = documents(ws, [number for number, _ in found.lists.items])
            if files.missing:
                _for_a_person(ws, conn, found, files.missing, now)
                return Verdict(False, sentences.no_document(files.missing))
        facts = messages.facts(
            ws,
            conn,
            row.account,
            found.lists,
            on=ws.today(now),
            respond_by=planned["respond_by"],
            to=planned["role"],
            from_=detail.get("people", {}).get("from"),
            links=files.links,
            agreed=detail,
            change=messages.change(detail, ws.today(now)),
        )
    to: tuple[str, ...] = ()
    if row.channel == "email":
        to = (
            (detail["address"],)
            if "address" in detail
            else messages.recipients(conn, row.account, planned["role"], ws.today(now))
        )
    version = 0 if facts else requests.version(conn, row)
    return Verdict(True, facts=_Contents(found, facts, to, version, files.files))


def _for_a_person(
    ws: Workspace, conn: Connection, found: Again, missing: Sequence[str], now: datetime
) -> None:
    """Invoices whose documents we cannot find are sent by a person: a task, in place of the message."""
    planned = dict(found.action)
    today, role = ws.today(now), ws.live.house.owner
    key = f"{planned['key']}|by hand"
    what = sentences.send_by_hand(missing)
    detail = {**found.detail, "value": role, "what": what}
    changed: dict[str, Any] = {
        "key": key,
        "kind": Kind.TASK.value,
        "role": role,
        "state": ActionState.PLANNED.value,
    }
    changed |= {"reason": None, "on": today, "since": today, "tone": 0, "respond_by": None}
    changed |= {"detail": orjson.dumps(detail).decode(), "not_before": None}
    if conn.execute(sa.select(action.c.key).where(action.c.key == key)).first() is None:
        conn.execute(sa.insert(action).values({**planned, **changed}))
        marks.take(conn, key, now, today)
        body = {"key": key, "kind": Kind.TASK.value, "what": what, "state": ActionState.PLANNED.value}
        journal.append(conn, [Entry("action", planned["account"], body)], now)


# -- made at sending time --------------------------------------------------------------------------------------------


class _Maker:
    """Turns a claimed row into what its way out carries."""

    def __init__(self, ws: Workspace, renderer: Renderer) -> None:
        self.ws, self.renderer = ws, renderer
        self.line: list[tuple[RenderRequest, Future[Rendered]]] = []  # for the next call of the renderer
        self.adding, self.turn = threading.Lock(), threading.Lock()

    def make(self, row: Row, verdict: Verdict) -> Mail | Letter | Request | Unsendable:
        contents: _Contents = verdict.facts
        if row.channel == "request" or row.channel.startswith("webhook"):
            found = contents.again
            return requests.made(row, found.action, found.detail, contents.version)
        rendered = self._rendered(row, contents)
        if rendered.problem is not None or rendered.message is None:
            problem = rendered.problem
            return Unsendable(f"{problem.place}: {problem.sentence}" if problem else "the message is empty")
        if row.channel == "letter":
            return self._letter(row, contents, rendered)
        return self._mail(row, contents, rendered)

    def _rendered(self, row: Row, contents: _Contents) -> Rendered:
        assert contents.facts is not None
        detail = contents.again.detail
        request = RenderRequest(
            detail["template"], contents.facts, letter=row.channel == "letter", own=own_words(detail)
        )
        mine: Future[Rendered] = Future()
        with self.adding:
            self.line.append((request, mine))
        with self.turn:  # whoever comes first asks for all that wait
            if not mine.done():
                with self.adding:
                    together, self.line = self.line, []
                try:
                    answers = self.renderer.render([request for request, _ in together])
                except BaseException as error:  # none of them may wait for ever
                    for _, theirs in together:
                        theirs.set_exception(error)
                    raise
                for (_, theirs), answer in zip(together, answers, strict=True):
                    theirs.set_result(answer)
        return mine.result()

    def _mail(self, row: Row, contents: _Contents, rendered: Rendered) -> Mail | Unsendable:
        assert rendered.message is not None
        message, mail, ours = rendered.message, self.ws.settings.mail, self.ws.settings.company
        sender = str(mail.from_ or ours.email or "")
        if not sender:
            return Unsendable("nobody to send from: write  email = …  under [company] in dunwell.toml")
        try:
            documents = attached(contents.files)
        except OSError as error:
            return Unsendable(f"{error.filename} cannot be read: {error.strerror}")
        return compose(
            row.key,
            sender=sender,
            to=contents.recipients,
            subject=message.subject,
            text=message.text,
            html=message.html,
            at=row.changed_at or datetime.combine(row.on, datetime.min.time()).astimezone(),
            name=ours.name,
            reply_to=str(mail.reply_to or ""),
            attachments=[*documents, *(Attachment(*attachment) for attachment in message.attachments)],
        )

    def _letter(self, row: Row, contents: _Contents, rendered: Rendered) -> Letter | Unsendable:
        assert rendered.pdf is not None
        assert contents.facts is not None
        pages = rendered.pdf.count(b"/Type /Page\n") or rendered.pdf.count(b"/Type/Page") or 1
        run = contents.again.action["run"]
        return Letter(
            row.key,
            rendered.pdf,
            row.account,
            contents.facts.debtor.name,
            pages,
            str(run or ""),
            contents.facts.on,
            rendered.message.text if rendered.message else "",
        )


# -- written down ----------------------------------------------------------------------------------------------------


def _settled_all(
    ws: Workspace,
    conn: Connection,
    told: Sequence[tuple[Row, Result]],
    at: datetime,
    showing: Container[str] = (),
) -> None:
    """Every end and every delay of a message is in the journal, with the hash of what went.

    `showing` are the templates that show charges. A sentence that names an address is kept apart, as people's words
    are.
    """
    digests = copies.hashes(conn, told)
    entries = []
    for row, result in told:
        if (row.state, row.reason) == (result.state, result.sentence):
            continue  # it goes on waiting for the same thing
        body = {"key": row.key, "channel": row.channel, "state": result.state} | _begun(row)
        apart, said = digests.get(row.key, {}), {"said": result.sentence}
        named = "@" in result.sentence
        entries.append(
            Entry("delivery", row.account, body if named else body | said, apart | said if named else apart)
        )
    journal.append(conn, entries, at)
    sent = [(row.account, row.key) for row, result in told if result.state == ActionState.SENT.value]
    if sent:
        charges.told(conn, sent, showing)
    by_hand.settled(ws, conn, told, at)
    for row, result in told:
        if result.refused:
            _flag_refused(conn, row.account, result.refused)


def _begun(row: Row) -> dict[str, str]:
    """When a try was begun: a payment that came in after that came too late for it."""
    if row.state != SENDING or row.changed_at is None:
        return {}
    return {"begun": moment_text(row.changed_at)}


def _flag_refused(conn: Connection, account: str, refused: Sequence[str]) -> None:
    """An address that a server has refused for good counts as missing, until the customer master names one again."""
    mine = sa.and_(contact.c.company == COMPANY, contact.c.account == account, contact.c.email_ok == 1)
    for number, email in conn.execute(sa.select(contact.c.id, contact.c.email).where(mine)).all():
        if read_address(email or "") in refused:
            conn.execute(sa.update(contact).where(contact.c.id == number).values(email_ok=0))


def _report(ws: Workspace, engine: Engine, round_: Round, now: datetime) -> DeliverReport:
    sent: dict[str, int] = {}
    for result in round_.results:
        if result.state == ActionState.SENT.value:
            sent[result.channel] = sent.get(result.channel, 0) + 1
    with engine.connect() as conn:
        waits, earliest = waiting(conn)
    by_state = {
        state: tuple(r for r in round_.results if r.state == state)
        for state in ("failed", "uncertain", "cancelled")
    }
    return DeliverReport(
        sent=sent,
        failed=by_state["failed"],
        uncertain=by_state["uncertain"],
        dropped=by_state["cancelled"],
        waiting=waits,
        earliest=earliest,
        folder=ws.files.out if sent and not ws.settings.mail.host else None,
        rests=tuple(rest.because for rest in round_.rests.values()),
        halted=round_.halted,
    )
