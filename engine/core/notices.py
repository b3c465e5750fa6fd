"""What mail servers say of a message that they could not deliver, in the standard form and in the older ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

FAILED, DELAYED = "failed", "delayed"
_MOST = 50  # addresses of one notice


@dataclass(frozen=True, slots=True)
class Notice:
    """`action` is "failed", "delayed", or what else a server may report ("delivered", "relayed", "read")."""

    action: str
    failed: tuple[str, ...] = ()  # addresses, in small letters
    status: str = ""  # RFC 3463: 5.1.1
    said: str = ""


RECEIPT = Notice("read")  # somebody's program tells that the message was shown

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45])(\d\d)(?=[ -])")
_ADDRESS = re.compile(r"[^\s<>@,;:\"'()\[\]]{1,64}@[^\s<>@,;:\"'()\[\]]{1,254}[A-Za-z0-9]")

_OUR_ID = re.compile(r"[0-9a-f]{40}@")  # a Message-ID of ours looks like an address
_SYSTEM = re.compile(
    r"(?:mailer-daemon|mail-daemon|maildaemon|postmaster|microsoftexchange[0-9a-f]{10,})@.*", re.I
)
_SUBJECT = re.compile(
    r"(?:undeliver|returned mail|mail delivery (?:failed|failure)|delivery (?:status notification|failure|has failed)"
    r"|failure notice|message delayed|delayed mail|warning: (?:message|could not send)|mail delivery system"
    r"|non remis|échec de (?:la )?remise|non distribuable|unzustellbar|nicht zustellbar|zustellung fehlgeschlagen"
    r"|no se puede entregar|no entregado|impossibile recapitare|mancato recapito|não (?:é possível )?entreg)",
    re.IGNORECASE,
)
# How qmail, Postfix, Exim, Sendmail and Exchange begin; each only in a message of a mail system.
_FORMS = re.compile(
    r"this is the qmail-send program|this is the mail system at host|message was created automatically by mail"
    r"|the following address(?:es|\(es\)) (?:had|failed)|did not reach (?:some or all of )?the (?:following|intended)"
    r"|could ?n[o']t be delivered|was not delivered|wasn't delivered|delivery to the following recipients? failed"
    r"|permanent (?:fatal )?errors?|delivery has failed to these recipients|i'm afraid i wasn't able to deliver",
    re.IGNORECASE,
)
_STILL_TRYING = re.compile(
    r"will (?:be retried|continue|keep trying|retry)|still (?:trying|being attempted)|has not yet been delivered"
    r"|you do not need to resend|no action is required on your part|this is a warning message only"
    r"|delivery .{0,40}delayed|message delayed",
    re.IGNORECASE,
)
_FOR_GOOD = re.compile(
    r"permanent|given up|giving up|does ?n[o']t exist|no such user|user unknown|unknown user|not found|no longer"
    r"|cannot be reached|did not reach|disabled|mailbox unavailable|invalid recipient",
    re.IGNORECASE,
)
# Where the copy of our own message begins: nothing below it is said by a server.
_COPY = re.compile(
    r"^(?:-{3,} ?(?:the headers? of the original|below this line is a copy|this is a copy of|original message"
    r"|returned message|the body of)|original message headers|------ ).*",
    re.IGNORECASE | re.MULTILINE,
)
_SUBJECT_OF_ABSENCE = re.compile(
    r"(?:auto(?:matic|mated)?[- ]?(?:reply|response)|out of (?:the )?office|i am out of|away from (?:the|my)|on vacation"
    r"|automatische (?:antwort|abwesenheit)|abwesenheit|abwesend|nicht im (?:büro|haus)|außer haus"
    r"|respuesta automática|fuera de (?:la )?oficina|ausencia|ausente"
    r"|réponse automatique|absence|absente? du bureau|message d['’]absence"
    r"|risposta automatica|fuori (?:sede|ufficio)|assente|assenza"
    r"|resposta automática|fora do escritório|ausência)",
    re.IGNORECASE,
)


def is_system(sender: str) -> bool:
    """Whether an address is a mail system's own."""
    return bool(_SYSTEM.fullmatch(sender))


def is_absence(subject: str) -> bool:
    """Whether a subject begins as an out-of-office message does, in one of the languages of our messages.

    Only begins: “Re: Out of office” or “Your absence” is more likely a person's.
    """
    return bool(_SUBJECT_OF_ABSENCE.match(subject.lstrip(" [*(")))


def about_address(status: str) -> bool:
    """Whether a permanent failure is the address's own: the mailbox, the domain, the way to it (RFC 3463).

    A full mailbox (5.2.2), a message too large (5.3.4) or refused for its content or sender (5.6, 5.7) would meet
    the best of addresses.
    """
    found = _STATUS.match(status)
    if not found:
        return True  # nothing but “permanent”: what such servers say of an unknown mailbox
    subject, detail = int(found[2]), int(found[3])
    return found[1] == "5" and (subject in (0, 1, 4) or (subject == 2 and detail in (0, 1, 4)))


def addresses(text: str) -> Iterator[str]:
    """Every address of a text once, in small letters."""
    seen: set[str] = set()
    for found in _ADDRESS.finditer(text[:20_000]):
        one = found[0].strip(".").lower()
        if one not in seen and len(seen) < _MOST:
            seen.add(one)
            yield one


def standard(groups: Sequence[Mapping[str, str]], text: str = "") -> Notice:
    """RFC 3464: a group of fields for each recipient. The worst that is said counts; it names its addresses only."""
    found: list[Notice] = []
    for group in groups:
        named = [group.get(name, "").partition(";")[2] or group.get(name, "") for name in _RECIPIENT]
        failed = tuple(dict.fromkeys(one for text in named for one in addresses(text)))
        said = group.get("diagnostic-code", "").partition(";")[2].strip() or group.get("diagnostic-code", "")
        status = _status(group.get("status", "")) or _status(said)
        action = group.get("action", "").strip().lower()
        if not action and not failed:
            continue  # the fields of the message as a whole
        if (action == FAILED and status.startswith("4")) or (not action and status[:1] == "4"):
            action = DELAYED  # it gave up for now; the address may be good
        elif not action:
            action = FAILED if status[:1] == "5" else "unknown"
        found.append(Notice(action, failed, status, said[:500]))
    for action in (FAILED, DELAYED):
        same = [one for one in found if one.action == action]
        if same:
            everybody = tuple(dict.fromkeys(address for one in same for address in one.failed))
            return Notice(action, everybody, same[0].status, same[0].said or _first(text))
    return found[0] if found else Notice("unknown")


_RECIPIENT = ("original-recipient", "final-recipient")


def plain(
    sender: str, subject: str, text: str, named: tuple[str, ...] = (), *, bounced: bool = False
) -> Notice | None:
    """The older forms, in words only. None where a mail system has not written it, or does not say what is wrong."""
    system = is_system(sender) or bool(named)
    if not system and not (bounced and _SUBJECT.search(subject)):
        return None
    said = _COPY.split(text, maxsplit=1)[0][:20_000]
    if not (named or _SUBJECT.search(subject) or _FORMS.search(said)):
        return None
    status = _status(said)
    if _STILL_TRYING.search(said) or _STILL_TRYING.search(subject) or status[:1] == "4":
        action = DELAYED
    elif status[:1] == "5" or _FOR_GOOD.search(said) or named:
        action = FAILED
    else:
        return None
    failed = named or tuple(one for one in addresses(said) if not is_system(one) and not _OUR_ID.match(one))
    return Notice(action, failed, status, _first(said))


def _status(text: str) -> str:
    """The worst enhanced code of a text; where there is none, the class of its SMTP code."""
    found = sorted((match for match in _STATUS.finditer(text)), key=lambda match: match[1], reverse=True)
    if found:
        return found[0][0]
    codes = sorted((match[1] for match in _CODE.finditer(text)), reverse=True)
    return f"{codes[0]}.0.0" if codes else ""


def _first(text: str) -> str:
    """The line that says why: the first with a code, else the first of all."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    coded = next((line for line in lines if _STATUS.search(line) or _CODE.search(line)), "")
    return (coded or (lines[0] if lines else ""))[:500]
