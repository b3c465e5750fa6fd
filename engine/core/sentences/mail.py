"""What mail that came back says, and asks of a person."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What mail that came back asks of a person, and what it says of a message.
ANSWERED = "a person has answered by mail; whoever deals with it ends the pause"
UNMATCHED = "Mail that nobody could be matched to: “dunwell inbox --unmatched” lists it, “dunwell done inbox” ends this."
CAME_BACK = "a server had it: it came back from there"
WAS_ANSWERED = "it was answered by mail"
WAS_SEEN = "a machine that had it has answered"


# The guard against payment fraud: it stands in the task wherever a mail speaks of a bank account.
BANK_DETAILS = (
    "It speaks of bank details: never take or send new ones by e-mail; "
    "call somebody you know, on a number you had before."
)
_BANK = re.compile(
    r"\b(?:bank(?:ing)?|iban|bic|swift|sort code|routing number|account (?:number|details)|new account|konto\w*|"
    r"bankverbindung|coordonn[ée]es bancaires|rib|cuenta bancaria|conto (?:bancario|corrente)|conta banc[áa]ria)\b",
    re.IGNORECASE,
)


def answer_mail(sender: str, words: str, subject: str) -> str:
    """The task of a person's answer, and what nobody does on the word of a mail."""
    said = " ".join(words.split()) or subject
    quoted = f"“{said[:160]}{'…' if len(said) > 160 else ''}”"
    return (
        f"Answer {sender}: {quoted} {BANK_DETAILS}"
        if _BANK.search(f"{subject} {words}")
        else f"Answer {sender}: {quoted}"
    )


def find_address(address: str, status: str) -> str:
    """The task of an address that does not work."""
    return f"The address {address} does not work{f' ({status})' if status else ''}: find another."


def refused_mail(address: str, status: str, said: str) -> str:
    """The task of a message that was refused although its address may be good."""
    code = f" ({status})" if status else ""
    return (
        f"Mail to {address} was refused{code}, and the address may be good: {said[:200] or 'no reason given'}"
    )


def look_at_mail(sender: str, subject: str) -> str:
    """The task of a message about one of ours that nothing is known of."""
    return f"Look at the mail of {sender or 'nobody'} about one of ours: “{subject[:160]}”"


def mail_read(counts: Mapping[str, int]) -> str:
    """What a visit to the mailbox found, without anybody's name."""
    words = {"bounce": "bounce", "delayed": "delay", "automatic": "automatic answer", "reply": "answer"}
    words |= {
        "own": "message of our own people",
        "unknown": "other message",
        "nobody": "message of nobody we know",
    }
    parts = []
    for kind, word in words.items():
        if number := counts.get(kind, 0):
            many = word.replace("message", "messages", 1) if "message" in word else f"{word}s"
            parts.append(f"{number:,} {word if number == 1 else many}")
    return f"mail read: {', '.join(parts)}"


# An e-mail to oneself, and what each stage of sending it is.
TEST_SUBJECT = "Mail from Dunwell arrives"


def test_text(company: str, host: str) -> str:
    """What the e-mail to oneself says."""
    whose = f" of {company}" if company else ""
    return (
        f"This e-mail was sent from the set-up of Dunwell{whose}, through {host}.\n\n"
        "Messages to customers will take the same way. Nothing has been sent to any of them.\n"
    )


def stages(host: str, port: int, user: str, sender: str, to: str) -> dict[str, str]:
    """What each step of the talk with a mail server is for, by the step's name."""
    return {
        "connect": f"{host} answers on port {port}",
        "starttls": "the line is closed to others (TLS)",
        "auth": f"the server lets {user or 'us'} in",
        "mail": f"it takes mail from {sender}",
        "rcpt": f"it takes mail to {to}",
        "data": "it takes the message",
    }


def arrived(to: str) -> str:
    """The end of a test that went well."""
    return f"sent: look whether it is in the mailbox of {to}, and not among the spam"
