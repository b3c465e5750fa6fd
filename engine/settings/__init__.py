"""Where the ledger, database and mail server are, and who we are: `dunwell.toml` and the environment.

Every setting can come from the environment instead, as `DUNWELL_` and its words joined by two underscores:
`DUNWELL_MAIL__PASSWORD`. The environment wins. Secrets come from it or from a file, never from the settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.engine import make_url

from engine.core.problem import Place, Problem, Severity
from engine.settings.shape import (
    PREFIX,
    Company,
    Database,
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
    "FILE",
    "Company",
    "Mail",
    "OwnField",
    "Person",
    "Settings",
    "Webhook",
    "Workspace",
    "find",
    "load",
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
    data, text, problems = parse(raw)
    if problems:
        return None, problems
    read, problems = _checked(root, data, Source(text))
    return read, tuple(sorted(problems, key=lambda problem: problem.place))


def _checked(
    root: Path, data: dict[str, Any], source: Source
) -> tuple[Workspace | None, tuple[Problem, ...]]:
    problems = list(_written_secrets(data, source))
    try:
        settings = Settings(**data)
    except SettingsError as error:
        name = re.search(r'field "(\w+)"', str(error))
        variable = PREFIX + (name[1].upper() if name else "")
        sentence = f"{variable} cannot be read from the environment"
        help = f"set one value at a time, as in {variable}__NAME"
        return None, (*problems, Problem(Place("environment"), sentence, help, "environment"))
    except ValidationError as error:
        return None, (*problems, *(_problem(one, source) for one in error.errors()))
    settings, more = _with_secrets(root, settings, source)
    problems += more
    problems += _whole(settings, source)
    bad = any(problem.severity is Severity.ERROR for problem in problems)
    return (None if bad else Workspace(root, settings)), tuple(problems)


def _written_secrets(data: Mapping[str, Any], source: Source) -> Iterator[Problem]:
    """A file that is shared, copied and backed up is no place for a password."""
    tables = {("mail",): "password"} | {("webhooks", name): "secret" for name in _table(data, "webhooks")}
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

    mail = settings.mail
    if mail.password is None and mail.password_file:
        mail = mail.model_copy(update={"password": read(("mail", "password_file"), mail.password_file)})
    if mail.ca_file and not (root / mail.ca_file).is_file():
        sentence = f"there is no file “{mail.ca_file}”"
        help = "name the file with the certificates that the mail server's is signed by (PEM)"
        problems.append(source.problem(("mail", "ca_file"), sentence, help, "ca-file"))
    webhooks = {
        name: hook.model_copy(update={"secret": read(("webhooks", name, "secret_file"), hook.secret_file)})
        if hook.secret is None and hook.secret_file
        else hook
        for name, hook in settings.webhooks.items()
    }
    return settings.model_copy(update={"mail": mail, "webhooks": webhooks}), problems


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
    if (
        make_url(settings.database.url).password
        and "environment" not in source.place(("database", "url")).file
    ):
        help = f"set {PREFIX}DATABASE__URL in the environment"
        yield source.problem(
            ("database", "url"), f"a password does not belong in {FILE}", help, "secret", Severity.WARNING
        )
    for pattern, target in settings.documents.items():
        if "{number}" not in target and "*" in pattern:
            yield source.problem(
                ("documents", pattern),
                "every invoice would have the same document",
                "write {number} where the invoice's number goes",
                "one-document",
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
        "people": Person,
        "fields": OwnField,
        "webhooks": Webhook,
    }
    model = sections.get(path[0], Settings) if path else Settings
    known = [field.alias or name for name, field in model.model_fields.items()]
    return [name for name in known if name not in ("password", "secret")]
