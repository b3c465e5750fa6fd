"""The files and the surroundings that the tests of the language share: the examples of the manual."""

from __future__ import annotations

from engine.core.language.check import Known, TemplateHead
from engine.core.language.fields import Field, Type
from engine.core.language.policy import Tone
from engine.core.problem import Place

STANDARD = """\
policy: Standard terms
for:                          # every line must hold
  terms: net 30
  segment: [trade, retail]
clock: invoice date           # what `day` counts from

steps:
  - day: 35
    call: collector
    script: first-call

  - day: 45
    letter: firm-reminder

  - day: 60
    call: supervisor
    script: supervisor-call

  - day: 90
    terms: cash on delivery
    email: cod-notice
    approve: credit manager
"""

KEY_ACCOUNTS = """\
policy: Key accounts
for:
  segment: key
clock: due date
steps:
  - day: -5                   # before it falls due
    email: friendly-statement
    from: account owner
  - day: 10
    call: account owner
    script: key-account-call
  - day: 40
    letter: firm-reminder
    approve: credit manager
    when:                     # one dash is enough
      - overdue: over 10,000
      - used: at least 90%    # of the credit limit
"""

BROKEN_PROMISE = """\
policy: Broken promise
for:
  promise: broken             # the latest one
  overdue: over 100
start: promise broken         # `day` counts from here; begins afresh at each event
steps:
  - day: 0
    call: collector
    script: broken-promise
  - day: 5
    letter: broken-promise
  - day: 12
    hold: orders
    call: supervisor
    script: supervisor-call
    approve: credit manager
"""

HOUSE = """\
order: [broken-promise, key-accounts, standard]   # the first that fits wins
currency: USD                 # what an amount without a currency means
calendar: US                  # weekends and holidays are closed
hours: weekdays 8:30-17:00    # in the customer's own time zone
closed: next open day         # where a step goes that falls on a closed day
answer: 7 days                # what a written demand gives the customer to answer

never:                        # these accounts are left to people
  - insolvent: yes
  - attorney: yes
pause:                        # while one holds, every step waits
  - status: under review
  - letter: 18 Dec to 31 Dec  # or only one kind of action, for a season
minimum: 50                   # an account owing less is left alone
gap: 5 days                   # between two steps for one account
contact: at most 3 in 7 days
late: climb                   # see Catching up
capacity: {calls: 60, letters: 40}   # a day; the rest waits, highest first
stop:                         # a run that wants more does nothing and asks
  actions: 400
  letters: 100
"""

OUTCOMES = """\
hung up:
  guidance: Not about you. Most hang-ups are pressure, not refusal.
  offer:                          # the collector picks; the same one is not offered twice running
    - call back: now
    - call back: in 10 minutes
      script: carry-on            # or address-it
    - call: peer                  # someone who has not called this account
    - call: supervisor
    - close: enough was said      # only when the reason and our request are on record
  twice running:
    email: after-hang-ups
    from: supervisor
check in the mail:
  ask: [check number, amount, date mailed]
  promise: check, 5 to 7 days from date mailed
  then: call same person          # only if it has not come
no invoice:
  ask: [email address]
  email: invoice-copy             # at once, with the document
  then: call in 3 open days
promise to pay:
  ask: [amount, date, spoken with]
  email: confirmation             # our understanding of the points covered
  then: call same person          # only if it is broken
dispute:
  ask: [reason, invoice, amount]  # short shipment, wrong product, pricing error, missing credit, damaged, …
  task: dispute owner, answer in 5 open days
hardship:
  ask: [short or long]
  task: offer a payment plan
angry:
  cool: 1 open day
  then: call peer
"""

TRIALS = """\
policy: standard
account:
  segment: trade
  terms: net 30
  invoices: [{number: A1, date: 2026-01-05, amount: "1,200"}]

tests:
  - name: walks the whole ladder
    expect:
      35: call collector
      45: letter firm-reminder
      60: call supervisor
      90: terms cash on delivery, email cod-notice
  - name: a dispute pauses the ladder
    events: {40: dispute opened, 52: dispute closed}
    expect:
      35: call collector
      45: nothing, because disputed
      53: letter firm-reminder
  - name: key accounts are not ours
    account: {segment: key}
    expect: policy key-accounts
"""

FILES = {
    "policies/standard.yaml": STANDARD,
    "policies/key-accounts.yaml": KEY_ACCOUNTS,
    "policies/broken-promise.yaml": BROKEN_PROMISE,
    "policies/house.yaml": HOUSE,
    "policies/outcomes.yaml": OUTCOMES,
    "policies/tests/standard.yaml": TRIALS,
}

MESSAGES = {
    "friendly-statement": Tone.COURTEOUS,
    "firm-reminder": Tone.FIRM,
    "broken-promise": Tone.FIRM,
    "cod-notice": Tone.FINAL,
    "final-notice": Tone.FINAL,
    "attorney-notice": Tone.LEGAL,
    "invoice-copy": Tone.COURTEOUS,
    "confirmation": Tone.COURTEOUS,
    "after-hang-ups": Tone.COURTEOUS,
}
SCRIPTS = ("first-call", "supervisor-call", "key-account-call", "broken-promise", "carry-on", "address-it")


def head(name: str, kind: str, tone: Tone | None) -> TemplateHead:
    return TemplateHead(name, kind, tone, ("en",), Place(f"templates/{name}.md"))


KNOWN = Known(
    templates=(
        *(head(name, "message", tone) for name, tone in MESSAGES.items()),
        *(head(name, "script", None) for name in SCRIPTS),
    ),
    people=frozenset({"J. Ortiz", "M. Chen"}),
    webhooks=frozenset({"crm"}),
    own_fields={
        "rating": Field("rating", Type.COUNT, "Points of the rating agency.", "rating: over 300"),
        "sales region": Field("sales region", Type.WORD, "Who sells there.", "sales region: north"),
    },
    ledger_terms=lambda: frozenset({"net 30"}),
)


def files(**changed: str) -> dict[str, bytes]:
    """The examples as bytes; a keyword such as `standard` or `house` replaces that file's text."""
    texts = dict(FILES)
    for name, text in changed.items():
        texts[f"policies/{name.replace('_', '-')}.yaml"] = text
    return {file: text.encode() for file, text in texts.items()}
