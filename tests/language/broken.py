"""One broken file for each message: what is wrong, which file, its text; the message is in the snapshot."""

from __future__ import annotations

P, H, C, T = "standard", "house", "outcomes", "tests/standard"
_HEAD = "policy: Standard terms\nclock: invoice date\n"
_ONE = "steps:\n  - day: 35\n    call: collector\n"
_ORDER = "order: [broken-promise, key-accounts, standard]\n"
_ACCOUNT = "policy: standard\naccount:\n  invoices: [{number: A1, date: 2026-01-05, amount: 1200}]\n"


def _for(*lines: str) -> str:
    return _HEAD + "for:\n" + "".join(f"  {line}\n" for line in lines) + _ONE


def _step(*lines: str, head: str = _HEAD) -> str:
    first, *rest = lines
    return head + f"steps:\n  - {first}\n" + "".join(f"    {line}\n" for line in rest)


def _house(*lines: str) -> str:
    return _ORDER + "".join(f"{line}\n" for line in lines)


def _trial(*lines: str, account: str = _ACCOUNT) -> str:
    return account + "tests:\n  - name: first\n" + "".join(f"    {line}\n" for line in lines)


BROKEN: list[tuple[str, str, str | bytes]] = [
    # the file itself
    ("too large", P, b"# " + b"x" * 1_000_000),
    ("not UTF-8", P, "policy: Stra\u00dfe\n".encode("latin-1")),
    ("UTF-16", P, "policy: Standard\n".encode("utf-16")),
    ("a NUL", P, "policy: Stand\0ard\n"),
    ("an escape that is no character", P, 'policy: "Stand\\0ard"\nclock: due date\n' + _ONE),
    ("too deep", P, "policy: " + "[" * 40 + "\n"),
    ("nothing in it", P, "# to be written\n"),
    ("a list", P, "- policy: Standard\n"),
    ("two documents", P, _HEAD + _ONE + "---\npolicy: Another\n"),
    ("a directive", P, "%YAML 1.1\n---\n" + _HEAD + _ONE),
    # YAML's traps
    ("sign over", P, _for("balance: > 500")),
    ("sign over without a space", P, _for("balance: >500")),
    ("sign at least", P, _for("balance: >= 500")),
    ("sign under", P, _for("balance: < 500")),
    ("sign equal", P, _for("broken: = 2")),
    ("sign not", P, _for("status: != open")),
    ("sign not without a space", P, _for("status: !open")),
    ("folded", P, _for("balance: >", "  500")),
    ("placeholder", P, _step("day: 35", "email: {{ template }}")),
    ("placeholder and more", P, _step("day: 35", "email: {{ template }}-notice")),
    ("comma in braces", P, _step("day: 35", "call: collector", "when: [{balance: over 1,000}]")),
    (
        "comma in between",
        P,
        _step("day: 35", "call: collector", "when: [{balance: between 1,000 and 5,000}]"),
    ),
    ("comma in brackets", P, _for("invoices: [1,000, 2,000]")),
    ("unclosed quote", P, 'policy: "Standard terms\nclock: due date\n' + _ONE),
    ("unclosed single quote", P, "policy: 'Standard terms\nclock: due date\n" + _ONE),
    ("apostrophe in quotes", P, "policy: 'The team's terms'\nclock: due date\n" + _ONE),
    ("bad escape", P, 'policy: "C:\\team"\nclock: due date\n' + _ONE),
    ("tab", P, "policy: Standard\nsteps:\n\t- day: 35\n"),
    ("second colon", P, "policy: Standard: the terms\nclock: due date\n" + _ONE),
    ("too far right", P, "policy: Standard\n  clock: due date\n" + _ONE),
    ("out of line", P, _HEAD + "steps:\n  - day: 35\n   call: collector\n"),
    ("no colon", P, "policy: Standard\nclock due date\nsteps:\n"),
    ("unclosed bracket", P, _for("segment: [trade, retail")),
    ("not and a list in braces", H, _house("never: [{segment: not [trade, retail]}]")),
    ("begins with a sign", P, "policy: @standard\nclock: due date\n" + _ONE),
    ("begins with an ampersand", P, "policy: & standard\nclock: due date\n" + _ONE),
    ("alias", P, "policy: &name Standard\nclock: *name\n" + _ONE),
    ("merge", P, _HEAD + "steps:\n  - <<: {day: 35}\n    call: collector\n"),
    ("type", P, _step("day: !!int 35", "call: collector")),
    ("list as a word", P, "policy: Standard\n? [a, b]\n: c\n"),
    ("written twice", P, "policy: Standard\nclock: due date\nclock: invoice date\n" + _ONE),
    ("many problems", P, _HEAD + "".join(f"word{n}: x\n" for n in range(300)) + _ONE),
    # a policy
    ("unknown field", P, _for("balence: over 250")),
    ("unknown word", P, _HEAD + "cluck: due date\n" + _ONE),
    ("no steps", P, _HEAD),
    ("empty title", P, "policy:\nclock: due date\n" + _ONE),
    ("list for a title", P, "policy: [a, b]\nclock: due date\n" + _ONE),
    ("empty list", P, _for("segment: []")),
    ("no clock", P, "policy: Standard\n" + _ONE),
    ("clock and start", P, _HEAD + "start: promise broken\n" + _ONE),
    ("unknown clock", P, "policy: Standard\nclock: invoice day\n" + _ONE),
    ("unknown event", P, "policy: Standard\nstart: promise broke\n" + _ONE),
    ("each", P, _HEAD + "each: customer\n" + _ONE),
    ("dashes in for", P, _HEAD + "for:\n  - segment: trade\n" + _ONE),
    ("for is a text", P, _HEAD + "for: everybody\n" + _ONE),
    ("without an unknown", P, _HEAD + "without: [calls]\n" + _ONE),
    ("without contradicted", P, _HEAD + "without: call\n" + _ONE),
    ("late", P, _HEAD + "late: jump\n" + _ONE),
    ("gap", P, _HEAD + "gap: some days\n" + _ONE),
    ("gap too long", P, _HEAD + "gap: 1000 days\n" + _ONE),
    ("steps is no list", P, _HEAD + "steps: call them\n"),
    (
        "too many steps",
        P,
        _HEAD + "steps:\n" + "".join(f"  - {{day: {n}, call: collector}}\n" for n in range(61)),
    ),
    # tests of fields
    ("item field", P, _for("days-overdue: over 10")),
    ("lines for a value", P, _for("balance:", "  over: 500")),
    ("exact amount", P, _for("balance: 500")),
    ("not an amount", P, _for("balance: over a lot")),
    ("comma for decimals", P, _for("balance: over 1.234,56")),
    ("too fine", P, _for("balance: over 10.005")),
    ("not a currency", P, _for("balance: over 500 EUX")),
    ("other currency", P, _for("balance: over 500 EUR")),
    ("not a number", P, _for("broken: at least two")),
    ("not a number of days", P, _for("oldest: over a month")),
    ("not a share", P, _for("used: at least 0.9")),
    ("wrong way round", P, _for("balance: between 500 and 100")),
    ("other comparison", P, _for("balance: more than 500")),
    ("word with a size", P, _for("segment: over 500")),
    ("yes or no", P, _for("disputed: maybe")),
    ("unknown value", P, _for("promise: brocken")),
    ("unknown country", P, _for("country: Germny")),
    ("unknown language", P, _for("language: Klingonese")),
    ("unknown time zone", P, _for("time-zone: New York")),
    ("unknown currency as a word", P, _for("currency: Dollars")),
    ("not within a list", P, _for("segment: [not trade, not retail]")),
    ("ambiguous terms", P, _for("terms: net 30 EOM")),
    ("when is a text", P, _step("day: 35", "call: collector", "when: overdue over 500")),
    ("a dash of when is a text", P, _step("day: 35", "call: collector", "when: [overdue]")),
    # a step
    ("step unknown word", P, _step("day: 35", "phone: collector")),
    ("step no day", P, _step("call: collector")),
    ("day is a text", P, _step("day: thirty", "call: collector")),
    ("day out of range", P, _step("day: 1000", "call: collector")),
    ("no action", P, _step("day: 35", "name: wait")),
    ("long name", P, _step("day: 35", f"name: {'x' * 100}", "call: collector")),
    ("unknown role", P, _step("day: 35", "call: colector")),
    ("unknown contact", P, _step("day: 35", "email: firm-reminder", "to: principle")),
    ("unknown template", P, _step("day: 35", "letter: firm-remainder")),
    ("unknown script", P, _step("day: 35", "call: collector", "script: firstcall")),
    ("script for a message", P, _step("day: 35", "letter: first-call")),
    ("message for a script", P, _step("day: 35", "call: collector", "script: cod-notice")),
    ("unknown terms", P, _step("day: 35", "terms: whenever they like")),
    ("ambiguous new terms", P, _step("day: 35", "terms: net 30 EOM")),
    ("unknown hold", P, _step("day: 35", "hold: order")),
    ("unknown hand-off", P, _step("day: 35", "hand off: lawyer", "approve: supervisor")),
    ("task without what", P, _step("day: 35", "task: supervisor")),
    ("unknown webhook", P, _step("day: 35", "webhook: crn")),
    ("approval by nobody", P, _step("day: 35", "call: collector", "approve: {when: [{overdue: over 5}]}")),
    ("repeat", P, _step("day: 35", "call: collector", "repeat: weekly")),
    ("repeated effect", P, _step("day: 35", "hold: orders", "repeat: every 7 days, at most 2")),
    ("restore-after", P, _step("day: 35", "hold: orders", "restore-after: a while")),
    ("script without call", P, _step("day: 35", "letter: firm-reminder", "script: first-call")),
    ("from without message", P, _step("day: 35", "call: collector", "from: supervisor")),
    ("to without contact", P, _step("day: 35", "hold: orders", "to: principal")),
    ("restore-after without effect", P, _step("day: 35", "call: collector", "restore-after: 3 clean months")),
    ("same name", P, _HEAD + _ONE + "  - day: 40\n    call: collector\n"),
    ("order of days", P, _HEAD + _ONE + "  - day: 30\n    letter: firm-reminder\n"),
    ("negative day", P, _step("day: -5", "email: friendly-statement")),
    ("firm before due", P, _step("day: -5", "letter: firm-reminder", head="policy: S\nclock: due date\n")),
    ("hold before due", P, _step("day: -5", "hold: orders", head="policy: S\nclock: due date\n")),
    ("first is final", P, _step("day: 35", "letter: final-notice")),
    (
        "softer",
        P,
        _HEAD + "steps:\n  - {day: 5, email: firm-reminder}\n  - {day: 9, email: friendly-statement}\n",
    ),
    (
        "legal alone",
        P,
        _HEAD + "steps:\n  - {day: 35, letter: firm-reminder}\n  - {day: 90, letter: attorney-notice}\n",
    ),
    ("hand-off alone", P, _step("day: 90", "hand off: agency")),
    ("before due", P, _HEAD + "for:\n  terms: [net 30, net 60]\n" + _ONE),
    # house.yaml
    ("house empty", H, ""),
    ("house unknown word", H, _house("minimun: 50")),
    ("order unknown policy", H, "order: [broken-promise, key-accounts, standart, standard]\n"),
    ("order incomplete", H, "order: [broken-promise, key-accounts]\n"),
    ("order twice", H, "order: [broken-promise, standard, key-accounts, standard]\n"),
    ("no order", H, "minimum: 50\n"),
    ("unknown house currency", H, _house("currency: Dollar")),
    ("unknown calendar", H, _house("calendar: Americaland")),
    ("hours", H, _house("hours: in the morning")),
    ("closed", H, _house("closed: next day")),
    ("never is a text", H, _house("never: insolvent")),
    ("pause is a text", H, _house("pause: [under review]")),
    ("no season", H, _house("pause: [{letter: over Christmas}]")),
    ("two seasons", H, _house("pause: [{letter: 18 Dec to 31 Dec, call: 1 Jan to 6 Jan}]")),
    ("minimum below 0", H, _house("minimum: -5")),
    ("contact", H, _house("contact: seldom")),
    ("capacity is a number", H, _house("capacity: 60")),
    ("capacity of nobody", H, _house("capacity: {cals: 60}")),
    ("split", H, _house("split: 1000")),
    ("not yet", H, _house("split: 4")),
    ("usual", H, _house("usual: a lot")),
    ("live", H, _house("live: at once")),
    # outcomes.yaml
    ("unknown outcome", C, "hung-upp:\n  guidance: Not about you.\n"),
    ("outcome is a text", C, "hung up: call again\n"),
    ("offer is a text", C, "hung up:\n  offer: call again\n"),
    ("outcome value", C, "angry:\n  cool: a while\n"),
    # tests
    ("test file empty", T, ""),
    ("test of no policy", T, "policy: standart\ntests:\n  - name: x\n    expect: nothing\n"),
    ("no tests", T, "policy: standard\n"),
    ("tests is a text", T, "policy: standard\ntests: none\n"),
    ("test calendar", T, "calendar: Americaland\n" + _trial("expect: nothing")),
    ("no invoice", T, _trial("expect: nothing", account="policy: standard\n")),
    ("computed field", T, _trial("account: {balance: 500}", "expect: nothing")),
    ("unknown address", T, _trial("account: {addresses: [fax]}", "expect: nothing")),
    ("invoices is a text", T, _trial("account: {invoices: A1}", "expect: nothing")),
    (
        "same number",
        T,
        _trial(
            "account: {credits: [{number: C, date: 2026-01-01, amount: 5}, "
            "{number: C, date: 2026-01-01, amount: 5}]}",
            "expect: nothing",
        ),
    ),
    (
        "more open than written",
        T,
        _trial("account: {invoices: [{date: 2026-01-01, amount: 5, open: 6}]}", "expect: nothing"),
    ),
    ("date", T, _trial("account: {invoices: [{date: 5 Jan 2026, amount: 5}]}", "expect: nothing")),
    (
        "comma in an invoice",
        T,
        _trial("account: {invoices: [{date: 2026-01-01, amount: 1,200}]}", "expect: nothing"),
    ),
    ("expect is a text", T, _trial("expect: call collector")),
    ("expect is a list", T, _trial("expect: [call collector]")),
    ("unknown step", T, _trial("expect: {35: call colector}")),
    ("unknown reason", T, _trial("expect: {35: 'nothing, because disputted'}")),
    ("unknown event in a test", T, _trial("events: {40: dispute openned}", "expect: nothing")),
    ("unknown document", T, _trial("events: {40: dispute opened B7}", "expect: nothing")),
    ("unknown call outcome", T, _trial("events: {40: call no anser}", "expect: nothing")),
    ("same test name", T, _trial("expect: nothing") + "  - name: first\n    expect: nothing\n"),
]
