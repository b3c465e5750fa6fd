"""What helps on the telephone: questions in their positive form, what to look after for each reason, a check of oneself.

The reasons are those of a call form; their words may be joined by spaces or underlines.
"""

from __future__ import annotations

from collections.abc import Mapping

# A question that accuses, and what to ask in its place.
INSTEAD: Mapping[str, str] = {
    "Did you really send a check?": "What day did you send the payment?",
    "You claim that you paid.": "What is the check number, or the reference of the transfer?",
    "Why haven't you paid?": "What is the reason that the payment has not come yet?",
    "You failed to keep your promise.": "What came up between our talk and the date we had agreed?",
    "You refuse to pay.": "What would have to happen for the payment to go out this week?",
    "Do you really not have the invoice?": "To which address may I send a copy now?",
    "You have ignored our letters.": "Who receives our letters at your side?",
}

# Reason -> what to ask for, and what to look after. The last is for a reason that is not known.
CHECKS: Mapping[str, tuple[str, ...]] = {
    "cash crunch short": (
        "Which date within 14 days is certain?",
        "Which part of it can go out today?",
        "Two dates that hold are better than one that does not.",
    ),
    "hardship long": (
        "Which instalment, on which day of the month, can you keep?",
        "Ask for the principal: a plan needs somebody who decides.",
        "Have hold and terms looked at again; name the sources of money that you know.",
        "No private details in the notes.",
    ),
    "approval pending": (
        "Who approves it, and what day is that?",
        "Which order number, delivery note or form is missing?",
    ),
    "payment run date": (
        "What day is the next payment run, and are all these invoices in it?",
        "Which of them would wait for the run after that?",
    ),
    "invoice not received": (
        "To which address may I send a copy now?",
        "Send it while they are on the line, and agree when you call again.",
    ),
    "check in the mail": (
        "What is the check number, what is the amount, and what day was it mailed?",
        "To which address of ours did it go?",
    ),
    "system error": (
        "What has to be mended, by whom, and by what day?",
        "Could this one be paid by hand until then?",
    ),
    "changed bank or contact": (
        "Who looks after our invoices now, and at which number?",
        "Call back at a number that you know; take no bank details from a mail.",
    ),
    "dispute": (
        "Take the reason, the invoice and the amount, and read them back.",
        "What would settle it?",
        "Which of the other invoices can go out now?",
    ),
    "unwilling": (
        "Write down their own words.",
        "What would have to change for the payment to go out?",
        "A refusal with a reason is often a dispute.",
    ),
    "insolvency": (
        "Ask for the administrator, the case number and the date.",
        "Ask for no payment; the claim is filed.",
    ),
    "unknown": (
        "What stands in the way of the payment?",
        "Let them finish; the first reason is not always the last.",
    ),
}

# What a caller asks of themselves, and a reviewer marks: the mark's name -> what it is about.
SELF_CHECK: Mapping[str, str] = {
    "opening": "I said who I am, and asked for the right person.",
    "listening": "I let them finish before I asked for anything.",
    "questions": "I asked for facts, with questions that accuse nobody.",
    "clear": "I said plainly what we need, and by when.",
    "calm": "I stayed calm and kind, whatever was said.",
    "voice": "My voice was friendly and sure.",
    "agreed": "I repeated amount, date and name, and thanked them.",
}


def checks(reason: str) -> tuple[str, ...]:
    """What to look after for a reason: of its words, else of the one that begins alike, else of an unknown one."""
    said = " ".join(reason.lower().replace("_", " ").replace(":", " ").split()) or "unknown"
    if said in CHECKS:
        return CHECKS[said]
    begins = said.split(" ")[0]
    return CHECKS[next((known for known in CHECKS if known.split(" ")[0] == begins), "unknown")]
