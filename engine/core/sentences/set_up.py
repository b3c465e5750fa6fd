"""The set-up in words: its parts, and what helps where a file is not read yet, on a page where columns are clicked."""

from __future__ import annotations

import re
from collections.abc import Mapping

# part: (title, what it is for)
PARTS: Mapping[str, tuple[str, str]] = {
    "company": ("Who you are", "What letters and e-mails name, and the money and the clock you go by."),
    "mail": ("Mail", "The server by which e-mails go. Until there is one, they lie in the folder “out”."),
    "calendar": ("Calendar", "The days and hours at which customers are contacted."),
    "ledger": ("Ledger", "The open invoices of your accounting system, and which column is what."),
    "policies": ("Policies", "What happens to a late account and when, to begin with."),
    "week": ("This week", "What would happen, before anything does."),
}
TLS: Mapping[str, str] = {
    "starttls": "STARTTLS, usually port 587",
    "tls": "TLS from the start, usually port 465",
    "none": "none: only for a server on this machine, without a password",
}
DATES: Mapping[str, str] = {
    "y-m-d": "year-month-day: 2026-03-31",
    "d/m/y": "day/month/year: 31/03/2026, 31.3.2026",
    "m/d/y": "month/day/year: 03/31/2026",
    "y-m-d yy": "year-month-day, short: 26-03-31",
    "d/m/yy": "day/month/year, short: 31/03/26",
    "m/d/yy": "month/day/year, short: 03/31/26",
}
DECIMALS: Mapping[str, str] = {".": "a point: 1,250.00", ",": "a comma: 1.250,00"}
KINDS: Mapping[str, str] = {
    "invoice": "an invoice",
    "debit_note": "a debit note",
    "credit_note": "a credit note",
    "payment": "a payment",
    "journal": "another entry",
}
SET_ASIDE: Mapping[str, str] = {
    "missing amount": "rows without an amount",
    "due before issue": "rows that fall due before their own date",
    "exact duplicate": "rows that repeat another exactly",
    "zero open": "rows on which nothing is open",
    "repeated header": "headers that come again further down",
}
_COLUMN = "click on the column that holds it, and say so"
_HELPS: Mapping[str, str] = {
    "no-customer": _COLUMN,
    "no-document-number": _COLUMN,
    "no-document-date": _COLUMN,
    "no-due-date": f"{_COLUMN}; or say under “How it is read” which terms hold for all",
    "no-open-amount": _COLUMN,
    "no-amount": "fill it in; or choose below that rows without an amount are left out and listed",
    "no-currency": "choose it under “How it is read”, or click on the column that holds it",
    "no-day": "say under “How it is read” which day the file shows",
    "no-header": "say under “How it is read” in which row the columns are named",
    "two-sheets": "choose the sheet",
    "two-columns": "say of one of them that it is something else, or not used",
    "ambiguous-number": "say under “How it is read” which sign comes before the cents",
    "mixed-numbers": "say under “How it is read” which sign comes before the cents",
    "ambiguous-date": "say under “How it is read” how dates are written",
    "mixed-dates": "say under “How it is read” how dates are written",
    "due-before-issue": "correct the dates; or choose below that such rows are left out and listed",
    "exact-duplicate": "delete one; or choose below that such rows are left out and listed",
    "zero-open": "to agree, choose below that such rows are left out and listed",
    "unknown-type": "say what it is under “Document types”; “Look again” asks for those that are new",
    "cut-file": "export it again",
}


def helps(code: str, suggestion: str) -> str:
    """What helps with a problem of a file, where its columns are clicked; else what the reader suggests."""
    found = _HELPS.get(code, suggestion)
    hinted = re.search(r"--as-of (\d{4}-\d\d-\d\d) \(", suggestion)
    return f"{found}; its days overdue point to {hinted[1]}" if code == "no-day" and hinted else found
