"""Where the ledger, database and mail server are, and who we are: `dunwell.toml` and the environment.

Every setting can come from the environment instead, as `DUNWELL_` and its words joined by two underscores:
`DUNWELL_MAIL__PASSWORD`. The environment wins. Secrets come from it or from a file, never from the settings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from engine.core.events import EVENTS
from engine.core.problem import Place, Problem, Severity
from engine.settings import address
from engine.settings import feed as feed_checks
from engine.settings.feed import Feed
from engine.settings.shape import (
    COMPANY,
    PREFIX,
    Alarms,
    Company,
    Daemon,
    Database,
    Desk,
    Identity,
    Inbox,
    LedgerPart,
    Mail,
    OwnField,
    Person,
    Settings,
    Webhook,
    Workspace,
    WorkspacePart,
)
from engine.settings.source import FILE, Source, parse

__all__ = [
    "COMPANY",
    "FILE",
    "Company",
    "Desk",
    "Feed",
    "Identity",
    "Mail",
    "OwnField",
    "Person",
    "Settings",
    "Webhook",
    "Workspace",
    "find",
    "load",
    "read",
]


def find(start: Path) -> Path | None:
    """The folder of the nearest `dunwell.toml`: `start`, or the first of its parents that has one."""
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if (folder / FILE).is_file()), None)


def load(start: Path, workspace: Path | None = None) -> tuple[Workspace | None, tuple[Problem, ...]]:
    """The workspace at `workspace`, or else around `start`, and every problem of its settings.

    None comes with at least one error; warnings may come beside a workspace.
    """
    root = workspace if workspace is not None else find(start)
    if root is None or not (root / FILE).is_file():
        where = f"in {workspace}" if workspace is not None else "here, nor in a folder above"
        sentence, help = f"there is no {FILE} {where}", "“dunwell init FOLDER” lays out a workspace"
        return None, (Problem(Place(FILE), sentence, help, "no-workspace"),)
    root = root.resolve()
    try:
        raw = (root / FILE).read_bytes()
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        return None, (Problem(Place(FILE), problem, "let this user read the file", "unreadable"),)
    return read(root, raw)


def read(root: Path, raw: bytes) -> tuple[Workspace | None, tuple[Problem, ...]]:
    """As `load`, of a text that need not be written yet."""
    data, text, problems = parse(raw)
    if problems:
        return None, problems
    found, problems = _checked(root, data, Source(text))
    return found, tuple(sorted(problems, key=lambda problem: problem.place))


def _checked(
    root: Path, data: dict[str, Any], source: Source
) -> tuple[Workspace | None, tuple[Problem, ...]]:
    problems = [*_written_secrets(data, source), *_written_addresses(data, source)]
    try:
        settings = _with_environment(data) if _environment_says() else Settings(**data)
    except _Unreadable as error:
        sentence = f"{error.variable} cannot be read from the environment"
        help = f"set one value at a time, as in {error.variable}__NAME"
        return None, (*problems, Problem(Place("environment"), sentence, help, "environment"))
    except ValidationError as error:
        return None, (*problems, *(_problem(one, source) for one in error.errors()))
    settings, more = _with_secrets(root, settings, source)
    problems += more
    problems += _whole(settings, source)
    bad = any(problem.severity is Severity.ERROR for problem in problems)
    return (None if bad else Workspace(root, settings)), tuple(problems)


class _Unreadable(Exception):
    def __init__(self, variable: str) -> None:
        super().__init__(variable)
        self.variable = variable


def _environment_says() -> bool:
    """Whether a variable names a setting. Most houses have none, and need not load what reads them."""
    known = tuple(PREFIX + name.upper() for name in Settings.model_fields)
    return any(name.upper().startswith(known) for name in os.environ)


def _with_environment(data: dict[str, Any]) -> Settings:
    from pydantic_settings import SettingsError

    from engine.settings.environment import FromEnvironment

    try:
        return FromEnvironment(**data)
    except SettingsError as error:
        name = re.search(r'field "(\w+)"', str(error))
        raise _Unreadable(PREFIX + (name[1].upper() if name else "")) from error


def _written_secrets(data: Mapping[str, Any], source: Source) -> Iterator[Problem]:
    """A file that is shared, copied and backed up is no place for a password."""
    tables = {("mail",): "password", ("inbox",): "password", ("identity",): "secret"} | {
        ("webhooks", name): "secret" for name in _table(data, "webhooks")
    }
    for path, word in tables.items():
        table: Any = data
        for part in path:
            table = table.get(part) if isinstance(table, Mapping) else None
        if isinstance(table, Mapping) and word in table:
            variable = PREFIX + "__".join((*path, word)).upper()
            help = f'take it out; set {variable} in the environment, or name a file: {word}_file = "FILE"'
            place = source.places.get((*path, word), (1, 1, 0))
            line = source.lines[place[0] - 1]
            shown = line[: place[2]] + "= …"  # never the secret itself
            yield Problem(
                Place(FILE, *place), f"a {word} does not belong in {FILE}", help, "secret", line=shown
            )


def _written_addresses(data: Mapping[str, Any], source: Source) -> Iterator[Problem]:
    """A feed's address with a password in it, or one that cannot be read and may hold one, is not repeated."""
    for name, feed in _table(data, "feeds").items():
        written = feed.get("url") if isinstance(feed, dict) else None
        if not isinstance(written, str) or not address.has_password(written):
            continue
        feed["url"] = "sqlite://"
        variable = f"{PREFIX}FEEDS__{name}__URL".upper()
        help = f'take it out; set {variable} in the environment, or name a file: url_file = "FILE"'
        place = source.places.get(("feeds", name, "url"), (1, 1, 0))
        shown = source.lines[place[0] - 1][: place[2]] + "= …"
        sentence = f"a password does not belong in {FILE}"
        yield Problem(Place(FILE, *place), sentence, help, "secret", line=shown)


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = data.get(name)
    return table if isinstance(table, Mapping) else {}


def _with_secrets(root: Path, settings: Settings, source: Source) -> tuple[Settings, list[Problem]]:
    problems: list[Problem] = []

    def read(path: tuple[str, ...], file: str) -> SecretStr | None:
        try:
            return SecretStr((root / file).read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8 text"
            problems.append(
                source.problem(
                    path, f"the file “{file}” cannot be read: {why}", "mend its name or rights", "secret-file"
                )
            )
            return None

    servers: dict[str, Mail | Inbox] = {"mail": settings.mail, "inbox": settings.inbox}
    for name, server in servers.items():
        if server.password is None and server.password_file:
            found = read((name, "password_file"), server.password_file)
            servers[name] = server.model_copy(update={"password": found})
    for name, server_ in (*servers.items(), ("identity", settings.identity)):
        if server_.ca_file and not (root / server_.ca_file).is_file():
            sentence = f"there is no file “{server_.ca_file}”"
            help = "name the file with the certificates that the server's is signed by (PEM)"
            problems.append(source.problem((name, "ca_file"), sentence, help, "ca-file"))
    identity = settings.identity
    if identity.secret is None and identity.secret_file:
        identity = identity.model_copy(
            update={"secret": read(("identity", "secret_file"), identity.secret_file)}
        )
    webhooks = {
        name: hook.model_copy(update={"secret": read(("webhooks", name, "secret_file"), hook.secret_file)})
        if hook.secret is None and hook.secret_file
        else hook
        for name, hook in settings.webhooks.items()
    }
    feeds = {}
    for name, feed in settings.feeds.items():
        url = feed.url
        if url is None and feed.url_file:
            path = ("feeds", name, "url_file")
            url = read(path, feed.url_file)
            try:
                feed_checks.read_address(url.get_secret_value() if url else "sqlite://")
            except ValueError as error:
                sentence, _, help = str(error).partition("; ")
                problems.append(
                    source.problem(path, f"in “{feed.url_file}”: {sentence}", help, "wrong-value")
                )
            feed = feed.model_copy(update={"url": url})
        feeds[name] = feed
    with_secrets = {**servers, "identity": identity, "feeds": feeds, "webhooks": webhooks}
    return settings.model_copy(update=with_secrets), problems


def _whole(settings: Settings, source: Source) -> Iterator[Problem]:
    """What only shows when the settings are seen together."""
    mail = settings.mail
    if mail.host and mail.from_ is None:
        yield source.problem(
            ("mail", "host"),
            "mail has a server but no sender",
            'add from = "accounts@example.com"',
            "no-sender",
        )
    if mail.user and mail.password is None:
        help = f'set {PREFIX}MAIL__PASSWORD in the environment, or name a file: password_file = "FILE"'
        yield source.problem(("mail", "user"), "mail has a user but no password", help, "no-password")
    if mail.tls == "none" and mail.user:
        yield source.problem(
            ("mail", "tls"),
            "the password would travel unprotected",
            'write tls = "starttls"',
            "bare-password",
        )
    inbox = settings.inbox
    if inbox.host and not inbox.user:
        yield source.problem(
            ("inbox", "host"), "the inbox has a server but no user", 'add user = "…"', "no-user"
        )
    if inbox.user and inbox.password is None and inbox.tls != "none":
        help = f'set {PREFIX}INBOX__PASSWORD in the environment, or name a file: password_file = "FILE"'
        yield source.problem(("inbox", "user"), "the inbox has a user but no password", help, "no-password")
    here = inbox.host in ("localhost", "127.0.0.1", "::1")
    if inbox.host and inbox.tls == "none" and (inbox.password is not None or not here):
        sentence = "mail and password would travel unprotected"
        yield source.problem(("inbox", "tls"), sentence, 'write tls = "tls"', "bare-password")
    if inbox.done and inbox.done == inbox.folder:
        sentence, help = "“done” is the folder that is read", "name another folder, or take the line out"
        yield source.problem(("inbox", "done"), sentence, help, "same-folder")
    written = "environment" not in source.place(("database", "url")).file
    if written and address.has_password(settings.database.url):
        help = f"set {PREFIX}DATABASE__URL in the environment"
        yield source.problem(
            ("database", "url"), f"a password does not belong in {FILE}", help, "secret", Severity.WARNING
        )
    desk = settings.web
    host = desk.listen.rpartition(":")[0].strip("[]")
    if desk.listen and host not in ("localhost", "127.0.0.1", "::1") and not desk.address:
        sentence = "passwords would travel unprotected"
        help = (
            'write address = "https://…", where a proxy with a certificate leads here; or listen on 127.0.0.1'
        )
        yield source.problem(("web", "listen"), sentence, help, "bare-password")
    identity = settings.identity
    if identity.issuer and not identity.client:
        sentence, help = "the identity provider does not know who asks", 'add client = "…"'
        yield source.problem(("identity", "issuer"), sentence, help, "no-client")
    if identity.client and not identity.issuer:
        help = 'add issuer = "https://…", as the provider calls itself'
        yield source.problem(("identity", "client"), "nothing says whose client this is", help, "no-issuer")
    hook = settings.alarms.webhook
    if hook and hook not in settings.webhooks:
        help = f"write a section [webhooks.{hook}], or name one that is there"
        yield source.problem(("alarms", "webhook"), f"there is no webhook “{hook}”", help, "no-webhook")
    hook = settings.ledger.requests
    if hook and hook not in settings.webhooks:
        help = f"write a section [webhooks.{hook}], or name one that is there"
        yield source.problem(("ledger", "requests"), f"there is no webhook “{hook}”", help, "no-webhook")
    for name, webhook in settings.webhooks.items():
        yield from _events(name, webhook, source)
    for name, feed in settings.feeds.items():
        for word, sentence, help in feed_checks.problems(feed):
            path = ("feeds", name, *([word] if word else []))
            yield source.problem(path, sentence, help, "feed")
    for pattern, target in settings.documents.items():
        if "{number}" not in target and "*" in pattern:
            yield source.problem(
                ("documents", pattern),
                "every invoice would have the same document",
                "write {number} where the invoice's number goes",
                "one-document",
            )


def _events(name: str, webhook: Webhook, source: Source) -> Iterator[Problem]:
    """What a receiver is to hear of has a name, and is signed."""
    for word in webhook.events:
        if word not in EVENTS:
            near = get_close_matches(word, EVENTS, 1)
            help = f"did you mean “{near[0]}”?" if near else f"it can be {', '.join(EVENTS)}"
            yield source.problem(
                ("webhooks", name, "events"), f"there is no event “{word}”", help, "no-event"
            )
    if webhook.events and webhook.secret is None:
        help = f'name a file with its secret: secret_file = "{name}.secret"'
        yield source.problem(
            ("webhooks", name, "events"), "events are signed, and there is no secret", help, "no-secret"
        )


def _problem(error: Any, source: Source) -> Problem:
    path = tuple(str(part) for part in error["loc"])
    # a message of pydantic's has the place of a list's entry, or of a union's branch, as further parts
    name, around = path[-1], path[:-1]
    section = f"in [{'.'.join(around)}]" if around else f"in {FILE}"
    match error["type"]:
        case "extra_forbidden":
            known = _known(around)
            near = get_close_matches(name, known, 1, 0.6)
            help = f"did you mean “{near[0]}”?" if near else f"there are: {', '.join(known)}"
            return source.problem(path, f"there is no “{name}” {section}", help, "unknown-setting")
        case "missing":
            sentence = f"[{'.'.join(around)}] needs “{name}”"
            return source.problem(around, sentence, f'add {name} = "…"', "missing-setting")
        case "string_type":
            help = f'write it in quotation marks: {name} = "{error["input"]}"'
            return source.problem(path, f"“{name}” must be text", help, "wrong-type")
        case "literal_error":
            return source.problem(
                path,
                f"“{name}” cannot be “{error['input']}”",
                f"write {error['ctx']['expected']}",
                "wrong-word",
            )
        case "value_error":
            sentence, _, help = str(error["ctx"]["error"]).partition("; ")
            return source.problem(path, sentence, help or "mend it, or take the line out", "wrong-value")
        case "model_type" | "dict_type" | "mapping_type":
            sentence = f"“{name}” must be a section"
            return source.problem(
                path, sentence, f"write [{'.'.join(path)}] on a line of its own", "wrong-type"
            )
        case kind if kind.startswith("int"):
            return source.problem(
                path, f"“{name}” must be a whole number", f"write it plainly: {name} = 25", "wrong-type"
            )
        case "tuple_type" | "list_type":
            help = f'write it in brackets: {name} = ["…", "…"]'
            return source.problem(path, f"“{name}” must be a list of texts", help, "wrong-type")
        case _:
            sentence = f"“{name}” {section}: {error['msg'][:1].lower()}{error['msg'][1:]}"
            return source.problem(path, sentence, "mend the value", "wrong-value")


def _known(path: tuple[str, ...]) -> list[str]:
    """The settings that a section may have, as they are written."""
    sections: dict[str, type[BaseModel]] = {
        "company": Company,
        "workspace": WorkspacePart,
        "database": Database,
        "ledger": LedgerPart,
        "mail": Mail,
        "inbox": Inbox,
        "daemon": Daemon,
        "web": Desk,
        "identity": Identity,
        "alarms": Alarms,
        "people": Person,
        "fields": OwnField,
        "webhooks": Webhook,
        "feeds": Feed,
    }
    model = sections.get(path[0], Settings) if path else Settings
    known = [field.alias or name for name, field in model.model_fields.items()]
    return [name for name in known if name not in ("password", "secret")]
