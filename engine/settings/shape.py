"""What the settings may say, and a workspace: a folder with its settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from engine.core.workdays import is_zone
from engine.settings import address
from engine.settings.feed import Feed

PREFIX = "DUNWELL_"
COMPANY = "main"  # the company of a workspace that names none


# An address that is valid as it stands, whatever else is: the package that knows all others takes longer to load than the
# rest of the settings. No top level that is kept for special use.
_PLAIN_EMAIL = re.compile(
    r"[a-z0-9]+(?:[._-][a-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?!(?:arpa|invalid|local|localhost|onion|test)$)[a-z]{2,}"
)
_PLAIN_LENGTH = 60


def _email(text: str) -> str:
    if len(text) <= _PLAIN_LENGTH and _PLAIN_EMAIL.fullmatch(text):
        return text
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError(f"“{text}” is not an e-mail address; write it as in “name@example.com”") from error


def _zone(text: str) -> str:
    if not is_zone(text):
        raise ValueError(
            f"“{text}” is not a time zone; write one as in “America/New_York” or “Europe/Berlin”"
        )
    return text


def _web(text: str) -> str:
    parts = urlsplit(text)
    at_home = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or (parts.scheme != "https" and not at_home):
        raise ValueError(f"“{text}” is not an https address; write it as in “https://example.com/pay”")
    return text


def _currency(text: str) -> str:
    from engine.core.money import is_currency

    if not is_currency(text.upper()):
        raise ValueError(f"“{text}” is not a currency; write its three letters, as in “USD”")
    return text.upper()


def _database(text: str) -> str:
    if address.backend(text) not in ("sqlite", "postgresql"):
        raise ValueError(
            "this is not a database we know; write “sqlite:///dunwell.db” or “postgresql+psycopg://user@host/name”"
        )
    return text


def _company(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,29}", text):
        raise ValueError(
            f"“{text}” does not do as a company's short name; write small letters, as in “north”"
        )
    if text in ("public", "information_schema") or text.startswith("pg_") or text.endswith("procrastinate"):
        raise ValueError(
            f"“{text}” is a name of PostgreSQL's own or of the line's; take another, as in “north”"
        )
    return text


def _clock(value: object) -> time:
    if isinstance(value, time):  # TOML has hours of its own
        return value.replace(second=0, microsecond=0)
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"“{value}” is not an hour of the day; write it as in “06:00” or “17:30”")
    return time(int(found[1]), int(found[2]))


def _port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text and not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"“{text}” is no address and port; write them as in “127.0.0.1:8014”")
    return text


def _lines(value: object) -> object:
    return [line.strip() for line in value.strip().splitlines()] if isinstance(value, str) else value


Email = Annotated[str, AfterValidator(_email)]
Zone = Annotated[str, AfterValidator(_zone)]
Web = Annotated[str, AfterValidator(_web)]
Issuer = Annotated[str, AfterValidator(lambda text: _web(text) if text else "")]
Currency = Annotated[str, AfterValidator(_currency)]
Lines = Annotated[tuple[str, ...], BeforeValidator(_lines)]
Clock = Annotated[time, BeforeValidator(_clock)]
Port = Annotated[str, AfterValidator(_port)]


class _Part(BaseModel):
    # Each is read as a part of `Settings`: what reads one alone is made where one is made alone.
    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, populate_by_name=True, defer_build=True
    )


class Company(_Part):
    """Who asks for the money: what a letterhead and every written demand name."""

    name: str = ""
    address: Lines = ()
    email: Email | None = None
    phone: str = ""
    pay: Lines = ()  # how to pay: bank, account, reference
    pay_url: Web | None = None
    disputes: str = ""  # whom to tell that an invoice is wrong
    logo: str = ""  # a picture beside dunwell.toml


class WorkspacePart(_Part):
    name: str = ""
    company: Annotated[str, AfterValidator(_company)] = (
        COMPANY  # whose database it is, where there are several
    )
    zone: Zone = "UTC"  # of the office, and of a customer whose own is unknown
    policies: str = "policies"
    templates: str = "templates"
    profiles: str = "profiles"
    out: str = "out"


class Database(_Part):
    url: Annotated[str, AfterValidator(_database)] = "sqlite:///dunwell.db"


class LedgerPart(_Part):
    profile: str = ""
    customers_profile: str = ""
    currency: Currency | None = None  # of amounts whose file names none
    requests: str = ""  # one of [webhooks], which takes terms, holds and hand-offs; none: files in `out`


class Mail(_Part):
    """The mail server. Without a host messages go to the `out` folder."""

    host: str = ""
    port: int | None = Field(default=None, ge=1, le=65535)
    user: str = ""
    password: SecretStr | None = None
    password_file: str = ""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: str = ""  # whose certificates are trusted (PEM); none: those the system trusts
    from_: Email | None = Field(default=None, alias="from")
    reply_to: Email | None = None

    @property
    def used_port(self) -> int:
        """The port written, else the usual one for the kind of encryption."""
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.tls]


class Daemon(_Part):
    """What the service does by itself: `dunwell serve`."""

    run: Clock = time(6)  # when the day is decided, by the office's clock
    grace: int = Field(default=30, ge=0, le=3600)  # seconds for messages in hand when it is told to stop
    idle: int = Field(default=5, ge=0, le=1440)  # minutes after which the process that works ends
    health: Port = "127.0.0.1:8014"  # where it says how it is; empty: nowhere


class Desk(_Part):
    """The pages for the people who work here. They listen on this machine alone, unless it is said otherwise."""

    listen: Port = "127.0.0.1:8015"  # empty: no pages
    address: Web | None = None  # where people reach them, behind a proxy with a certificate
    hours: int = Field(default=12, ge=1, le=168)  # after which one signs in anew
    idle: int = Field(default=30, ge=1, le=1440)  # minutes after which the process of the pages ends
    proxy_header: str = ""  # with who somebody is, as a proxy has found out; empty: nobody is believed
    proxies: tuple[str, ...] = (
        "127.0.0.1",
        "::1",
    )  # whose word counts for that, and for where somebody comes from
    rate: int = Field(default=300, ge=1, le=100_000)  # requests a minute of one program

    @property
    def url(self) -> str:
        """Where people reach them, without a slash at the end."""
        return (self.address or f"http://{self.listen}").rstrip("/")


class Identity(_Part):
    """The house's identity provider, by OpenID Connect. Without an issuer people sign in with passwords alone."""

    issuer: Issuer = ""  # as it calls itself, to the letter
    client: str = ""  # the name under which the desk is known there
    secret: SecretStr | None = None
    secret_file: str = ""
    name: str = ""  # as the button says it
    unverified: bool = False  # an address counts that the provider does not say it has verified
    ca_file: str = ""  # as in [mail]

    @property
    def called(self) -> str:
        return self.name or urlsplit(self.issuer).hostname or ""


class Inbox(_Part):
    """The mailbox that answers come to. Without a host none is read."""

    host: str = ""
    port: int | None = Field(default=None, ge=1, le=65535)
    user: str = ""
    password: SecretStr | None = None
    password_file: str = ""
    tls: Literal["tls", "starttls", "none"] = "tls"
    ca_file: str = ""  # as in [mail]
    folder: str = "INBOX"
    done: str = ""  # a folder that messages about our accounts are moved to; none: they stay and are marked
    first_days: int = Field(default=14, ge=0, le=366)  # how far back the first look goes
    pause_days: int = Field(
        default=5, ge=1, le=60
    )  # open days that an answer holds letters and e-mails, at most

    @property
    def used_port(self) -> int:
        """The port written, else the usual one for the kind of encryption."""
        return self.port or (993 if self.tls == "tls" else 143)


class Records(_Part):
    """For how long names and words of people are kept; then they are forgotten. 0: for ever."""

    contact_log_years: int = Field(default=7, ge=0, le=100)  # calls, notes, answers, all that was said
    messages_years: int = Field(default=7, ge=0, le=100)  # e-mails and letters as they were sent


class Alarms(_Part):
    """Who hears that something is wrong, beside the log."""

    email: tuple[Email, ...] = ()
    webhook: str = ""  # one of [webhooks]


class Person(_Part):
    """Somebody who works here. `calls` and `letters` are what a day of theirs takes; None: no own limit."""

    name: str
    roles: Lines = ()
    email: Email | None = None
    phone: str = ""
    calls: int | None = Field(default=None, ge=0)
    letters: int | None = Field(default=None, ge=0)
    zone: Zone | None = None


class OwnField(_Part):
    """A column of the ledger that policies may test, beyond those that Dunwell knows."""

    type: Literal["money", "count", "days", "share", "word", "flag", "tags"]
    sentence: str


class Webhook(_Part):
    url: Web
    secret: SecretStr | None = None
    secret_file: str = ""
    hosts: tuple[str, ...] = ()  # where it may go, redirects included; none: the host of `url` only
    networks: tuple[
        str, ...
    ] = ()  # private networks it may be in, as in "10.1.0.0/16"; none: public ones only
    read_back: str = ""  # an address with {id} in it that tells what the receiver has of a request
    events: tuple[str, ...] = ()  # what it hears of, as `core.events` names it

    @property
    def allowed(self) -> tuple[str, ...]:
        return self.hosts or (urlsplit(self.url).hostname or "",)


class Settings(BaseModel):
    """All of `dunwell.toml`. What the environment says in place of it: `engine.settings.environment`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    company: Company = Company.model_construct()
    workspace: WorkspacePart = WorkspacePart.model_construct()
    database: Database = Database.model_construct()
    ledger: LedgerPart = LedgerPart.model_construct()
    mail: Mail = Mail.model_construct()
    inbox: Inbox = Inbox.model_construct()
    daemon: Daemon = Daemon.model_construct()
    web: Desk = Desk.model_construct()
    identity: Identity = Identity.model_construct()
    alarms: Alarms = Alarms.model_construct()
    records: Records = Records.model_construct()
    people: Mapping[str, Person] = Field(default_factory=dict)
    fields: Mapping[str, OwnField] = Field(default_factory=dict)
    documents: Mapping[str, str] = Field(default_factory=dict)
    webhooks: Mapping[str, Webhook] = Field(default_factory=dict)
    feeds: Mapping[str, Feed] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with a `dunwell.toml`, and what it says. Secrets have been read from their files."""

    root: Path
    settings: Settings

    @property
    def policies(self) -> Path:
        return self.root / self.settings.workspace.policies

    @property
    def templates(self) -> Path:
        return self.root / self.settings.workspace.templates

    @property
    def profiles(self) -> Path:
        return self.root / self.settings.workspace.profiles

    @property
    def out(self) -> Path:
        return self.root / self.settings.workspace.out

    @property
    def logo(self) -> Path | None:
        return self.root / self.settings.company.logo if self.settings.company.logo else None

    @property
    def database_url(self) -> str:
        """The database's address, and whose it is; an SQLite file is beside `dunwell.toml`, wherever one stands."""
        whose = self.settings.workspace.company
        return address.beside(self.root, self.settings.database.url, "" if whose == COMPANY else whose)

    @property
    def has_database(self) -> bool:
        """Whether there is one to be asked: an SQLite file that is there, or one that is kept elsewhere."""
        url = self.database_url
        file = address.file(url)
        return file.is_file() if file is not None else address.backend(url) != "sqlite"

    def hook(self, channel: str) -> str:
        """The webhook that a way out goes by; empty where it goes by none."""
        if channel == "request":
            return self.settings.ledger.requests
        return channel.removeprefix("webhook ") if channel.startswith("webhook ") else ""

    def person(self, name: str) -> str | None:
        """The id of the person of that id or name, however it is spaced and whatever its capitals."""
        said = " ".join(name.split()).casefold()
        people = self.settings.people.items()
        return next((id for id, one in people if said in (id.casefold(), one.name.casefold())), None)

    def people_with(self, role: str) -> tuple[str, ...]:
        """The ids of everybody who has the role, in the order of the file."""
        return tuple(id for id, person in self.settings.people.items() if role in person.roles)

    def document(self, number: str) -> Path | str | None:
        """Where the copy of an invoice is: a file that exists, or an address; None where no pattern has one.

        The first pattern of `[documents]` that fits wins. `{number}` stands for the invoice's number; in a
        file's name its slashes are written as dashes, so that no number leads out of the folder.
        """
        for pattern, target in self.settings.documents.items():
            if not fnmatchcase(number.lower(), pattern.lower()):
                continue
            if "://" in target:
                return target.replace("{number}", quote(number, safe=""))
            file = self.root / target.replace("{number}", re.sub(r"[/\\\x00]", "-", number))
            return file if file.is_file() else None
        return None
