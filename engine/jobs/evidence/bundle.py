"""Everything that is kept of one account as files: to read, for programs, and to check."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import __version__
from engine.jobs.evidence import verify
from engine.jobs.evidence.traces import Told, told
from engine.jobs.workspace import Workspace
from engine.store import copies
from engine.store.copies import Copy
from engine.store.dossier import Dossier, Row, Scope, gather, read_text
from engine.store.history import Happened, history
from engine.store.pages import Pages, ends, pages
from engine.store.tables import customer

_ENDS = {copies.MAIL: ".eml", copies.LETTER: ".pdf", copies.REQUEST: ".json"}
_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True, slots=True)
class Made:
    """Who had the bundle made, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """What a bundle tells, for whoever draws it. `words` are those of each copy, by its file's name."""

    made: Made
    name: str  # of the customer
    dossier: Dossier
    pages: Pages
    happened: tuple[Happened, ...]
    decisions: tuple[Told, ...]
    words: Mapping[str, str]
    books: Mapping[str, str]  # hash → folder

    @property
    def scope(self) -> Scope:
        return self.dossier.scope


Page = Callable[[Record], bytes]


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files by name, with the manifest; `fingerprint` is that one's SHA-256, and so of the whole."""

    files: Mapping[str, bytes]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.files[verify.MANIFEST]).hexdigest()

    def packed(self, at: datetime) -> bytes:
        """As a zip whose files carry one moment."""
        when = at.astimezone(UTC).timetuple()[:6]
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, content in self.files.items():
                info = zipfile.ZipInfo(name, when)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                zipped.writestr(info, content)
        return target.getvalue()


def bundled(ws: Workspace, conn: Connection, scope: Scope, made: Made, page: Page) -> Bundle:
    """All files, in one view of the database; the page that people read is drawn by `page`."""
    record = _record(ws, conn, scope, made)
    files = {"index.html": page(record), "verify.py": _checker(), **dict(_data(record))}
    files |= {name: copy.content for name, copy in _numbered(record.dossier) if copy.content is not None}
    for book, folder in record.books.items():
        texts = record.dossier.books[book]
        files |= {f"{folder}/{name}": text.encode() for name, text in sorted(texts.items())}
    head = record.pages.head
    manifest = {
        "format": verify.FORMAT,
        "account": scope.account,
        "name": record.name,
        "person": scope.person.name if scope.person else None,
        "from": scope.since.isoformat() if scope.since else None,
        "to": scope.until.isoformat() if scope.until else None,
        "made_at": made.at.astimezone(UTC).isoformat(),
        "made_by": made.by,
        "dunwell": __version__,
        "stream": scope.company,
        "head": {"seq": head.seq, "hash": head.hash} if head else None,
        "books": record.books,
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for name, content in files.items()
        },
    }
    return Bundle({**files, verify.MANIFEST: orjson.dumps(manifest, option=_PRETTY)})


def _record(ws: Workspace, conn: Connection, scope: Scope, made: Made) -> Record:
    dossier = gather(conn, scope)
    messages = [row["action"] for row in dossier["messages"]]
    shown = pages(conn, scope, dossier["runs"], messages)
    last = shown.head.last if shown.head else 0
    # A run of this very moment, which no seal covers yet, is left for the next bundle.
    dossier.chapters["runs"][:] = [run for run in dossier["runs"] if run["seal_seq"] <= last]
    ended = ends(dossier["runs"], {entry["seq"] for entry in shown.entries}, last)
    for run in dossier["runs"]:
        run["seal"] = run["seal"] if run["seal_seq"] in ended else None
    name = conn.execute(
        sa.select(customer.c.name).where(
            customer.c.company == scope.company, customer.c.account == scope.account
        )
    ).scalar()
    lines = (
        []
        if scope.person
        else history(conn, scope.account, scope.company, since=scope.since, until=scope.until)
    )
    files = {(copy.key, copy.number): file for file, copy in _numbered(dossier)}
    for row in dossier["messages"]:
        for each in row["copies"]:
            each["file"] = files.get((row["action"], each["number"]))
    return Record(
        made=made,
        name=name or "",
        dossier=dossier,
        pages=shown,
        happened=tuple(lines),
        decisions=tuple(told(ws, dossier["decisions"], dossier.books)),
        words={file: read_text(copy) for file, copy in _numbered(dossier)},
        books={book: f"policies/{book[:12]}" for book in dossier.books},
    )


def _numbered(dossier: Dossier) -> Iterator[tuple[str, Copy]]:
    """The name of its file for each copy, in the order in which they went; of a forgotten one too, which has no file."""
    steps = {row["action"]: row["step"] for row in dossier["messages"]}
    for number, copy in enumerate(
        sorted(dossier.copies, key=lambda copy: (copy.at, copy.key, copy.number)), 1
    ):
        words = re.sub(r"[^a-z0-9]+", "-", steps.get(copy.key, "").lower()).strip("-")[:60]
        yield f"messages/{number:04}-{words}{_ENDS.get(copy.media, '')}", copy


def _data(record: Record) -> Iterator[tuple[str, bytes]]:
    """What programs read."""
    shown = record.pages
    chapters = dict(record.dossier.chapters)
    chapters["decisions"] = [_decision(one) for one in record.decisions]
    for name, rows in chapters.items():
        yield f"records/{name.replace(' ', '-')}.json", orjson.dumps(rows, default=str, option=_PRETTY)
    yield verify.ENTRIES, _lined(shown.entries)
    yield verify.PEOPLE, orjson.dumps({str(seq): kept for seq, kept in shown.people.items()}, option=_PRETTY)
    yield verify.SEALS, _lined(shown.seals)
    proofs = {str(one.seq): {"seal": one.seal, "salt": one.salt, "beside": one.beside} for one in shown.shown}
    yield verify.PROOFS, orjson.dumps(proofs, option=_PRETTY)


def _decision(one: Told) -> Row:
    gates = [
        {"open": gate.ok, "sentence": gate.sentence, "place": str(gate.place) if gate.place else None}
        for gate in one.gates
    ]
    return {**one.row, "said": list(one.verdict), "gates": gates, "policy_text": one.lines}


def _lined(rows: Iterable[Row]) -> bytes:
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def _checker() -> bytes:
    """The checker, the very one that is used here."""
    return resources.files(verify.__package__).joinpath("verify.py").read_bytes()
