"""Every word that may stand in a file, with a sentence and an example: the source of checks and manual."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.core.language import call_words
from engine.core.language.condition import Op, Test
from engine.core.language.fields import FIELDS, Field, name_of

__all__ = ["FIELDS", "WORDS", "Where", "Word", "explain", "names", "nearest", "overview", "sentence"]


class Where(StrEnum):
    """Where a word may stand, or what it is."""

    POLICY = "a policy"
    STEP = "a step"
    ACTION = "an action of a step"
    APPROVAL = "an approval"
    HOUSE = "house.yaml"
    LIMIT = "a limit"
    SPLIT = "a comparison of split"
    OUTCOMES = "outcomes.yaml"
    OUTCOME = "an outcome"
    OPTION = "an option of an outcome"
    REASON = "a reason for not paying"
    ANSWER = "an answer on a call"
    TRIALS = "a test file"
    ACCOUNT = "the account of a test"
    DOCUMENT = "an invoice of a test"
    TRIAL = "a test"
    CLOCK = "a clock"
    EVENT = "an event to start from"
    COMPARISON = "a comparison"
    TO = "a person at the customer"
    GATE = "a gate"
    GUARDS = "the guards of house.yaml"
    CHARGE = "a charge of house.yaml"
    SCORE = "the score"
    INVARIANT = "invariants.yaml"
    DEED = "what an invariant speaks of"


@dataclass(frozen=True, slots=True)
class Word:
    """One word in one place."""

    name: str
    where: Where
    sentence: str
    example: str


def _words(where: Where, *rows: tuple[str, str, str]) -> list[Word]:
    return [
        Word(name, where, says, f"{name}: {example}" if example else name) for name, says, example in rows
    ]


_LATE = "How an account beyond several steps catches up: lowest first, highest only, or highest within days."
_GAP = "Days between two contacts with one account."
_ANSWER = (
    "Days a written demand gives the customer to answer; no higher step, and no other written demand, before they "
    "have passed."
)

WORDS: tuple[Word, ...] = (
    *_words(
        Where.POLICY,
        ("policy", "The policy's title. Its file's name is what the house calls it by.", "Standard terms"),
        (
            "for",
            "Which accounts it is for. Every line must hold; no lines fit every account.",
            "{segment: trade}",
        ),
        ("clock", "What `day` counts from.", "invoice date"),
        (
            "start",
            "An event that `day` counts from instead; the ladder begins afresh at each.",
            "promise broken",
        ),
        ("each", "Gives every invoice its own ladder and its own message.", "invoice"),
        ("steps", "The ladder: one dash a step.", ""),
        ("without", "What no step and no outcome may do to these accounts.", "[call, terms]"),
        ("late", _LATE + " Here it beats the house's.", "climb"),
        ("gap", _GAP + " Here it beats the house's.", "7 days"),
        ("answer", _ANSWER + " Here it beats the house's.", "10 days"),
    ),
    *_words(
        Where.STEP,
        ("day", "The day it falls on, counted by the policy's clock; below 0 is before the due date.", "35"),
        ("name", "What the step is called. Without it, it is named after its actions.", "last call"),
        ("script", "The call script, a template.", "first-call"),
        ("to", "Whom at the customer it goes to; accounts payable if nothing is said.", "principal"),
        ("from", "The role or person of ours who signs.", "account owner"),
        ("when", "Dashes, one of which must hold, for each item by itself.", "[{amount: at least 500}]"),
        ("approve", "The role that must agree first.", "credit manager"),
        (
            "notify",
            "The role that is told; with days ahead, terms and a hold wait so long after their notice.",
            "account owner, 3 days ahead",
        ),
        ("repeat", "Comes again until nothing is overdue.", "every 14 days, at most 5"),
        (
            "restore-after",
            "Clean months before the way back from terms or hold is proposed.",
            "3 clean months",
        ),
    ),
    *_words(
        Where.ACTION,
        ("call", "A call task for a role, with a script.", "collector"),
        ("email", "A message by e-mail, from a template.", "friendly-statement"),
        ("letter", "A letter as PDF, from a template.", "firm-reminder"),
        ("statement", "A statement of the account, from a template.", "monthly-statement"),
        ("terms", "Asks for new terms, once an episode, after its notice was sent.", "cash on delivery"),
        ("hold", "Asks to hold orders, deliveries or credit, once an episode.", "orders"),
        ("hand off", "Hands the account to an agency or an attorney, once an episode.", "agency"),
        ("task", "A task for a role, with what is to be done.", "account owner, visit the customer"),
        ("webhook", "Tells another system; webhooks are declared in dunwell.toml.", "crm"),
    ),
    *_words(
        Where.APPROVAL,
        ("by", "The role that must agree.", "credit manager"),
        ("when", "Only then it must agree; else the step goes by itself.", "[{overdue: over 10,000}]"),
    ),
    *_words(
        Where.HOUSE,
        (
            "order",
            "The policies in the order in which they are asked: the first that fits wins.",
            "[key-accounts, standard]",
        ),
        ("currency", "What an amount without a currency means.", "USD"),
        ("calendar", "The country whose holidays are closed days; none for no holidays.", "US"),
        ("hours", "When we call and write, in the customer's own time zone.", "weekdays 8:30-17:00"),
        (
            "closed",
            "Where a step goes that falls on a closed day: next open day, or same day.",
            "next open day",
        ),
        ("answer", _ANSWER, "7 days"),
        ("never", "Accounts that are left to people. Dashes: one is enough.", "[{insolvent: yes}]"),
        (
            "pause",
            "While one dash holds, every step waits, or only one kind of action for a season.",
            "[{status: under review}]",
        ),
        ("minimum", "An account owing less is left alone.", "50"),
        ("gap", _GAP, "5 days"),
        ("contact", "The most contacts with one account in so many days.", "at most 3 in 7 days"),
        ("late", _LATE, "skip 7 days"),
        (
            "capacity",
            "What a day can take, of the house or of a person; the rest waits, highest first.",
            "{calls: 60, letters: 40}",
        ),
        ("stop", "A run that wants more than this does nothing and asks.", "{actions: 400, letters: 100}"),
        (
            "split",
            "Which accounts go to another policy, by lot, to see which policy does better; each comparison has a name.",
            "{earlier-call: {shares: {standard: 70%, standard-early: 30%}, until: 2027-03-31, because: sooner paid}}",
        ),
        (
            "costs",
            "What a call or a message costs us, all in: what comparisons reckon with.",
            "{calls: 6, letters: 1.50}",
        ),
        ("owner", "The role that gets what nobody else owns.", "credit manager"),
        ("fresh", "The greatest age of a ledger that may demand.", "26 hours"),
        (
            "score",
            "What the work list is ordered by: amount and age, amount, or age; or the weight of each part.",
            "{amount: 1, age: 1, risk: 2, promise: 2, quiet: 1}",
        ),
        ("usual", "How many times the usual number of actions a run may want before it asks.", "3 times"),
        ("live", "Whether a changed policy is live on save, or on approval.", "on save"),
        (
            "guards",
            "How often people are called, and how long an exception may hold: tighter as you like, looser with a reason.",
            "{calls: at most 3 in 7 days}",
        ),
        (
            "charge",
            "The late-payment law that is charged, for all or by country; without it nothing is.",
            "{DE: germany, GB: uk}",
        ),
        (
            "rates",
            "Reference rates that Dunwell does not know yet, by half-year.",
            "{ecb: {2026-07-01: 2.15%}}",
        ),
        (
            "bands",
            "The band that a figure of the report is to stay in; outside it there is a task to review the policies.",
            "{overdue share: at most 20%, CEI: at least 75}",
        ),
        (
            "limits",
            "What each role may give by itself for a solution; more waits for the yes of a role that may. The owner's "
            "role may give anything. Without this word a collector may give 7 days and plans of 3 months, a supervisor "
            "30 days and 6 months, and neither of them money.",
            "{collector: {discount: 2%, days: 7, plan: 3 months}}",
        ),
    ),
    *_words(
        Where.GUARDS,
        ("calls", "The most calls to one company in so many days.", "at most 3 in 7 days"),
        (
            "persons",
            "The same where consumer law may apply: natural persons, sole traders.",
            "at most 7 in 7 days",
        ),
        ("conversation", "Days without a call after a conversation with one of those.", "7 days"),
        ("exceptions", "The most days for which a guard may be set aside for an account.", "30 days"),
        ("because", "Why something is looser than what is built in.", "our counsel agreed to it on 3 March"),
    ),
    *_words(
        Where.CHARGE,
        ("pack", "The law: eu, germany, france, uk; or contract.", "uk"),
        ("from", "The first day for which anything is charged.", "2026-01-01"),
        (
            "lump-sum",
            "Whether the law's lump sum is charged beside the interest; yes if nothing is said.",
            "no",
        ),
        ("rate", "The rate that was agreed, of a contract or above France's least.", "1.5% a month"),
        (
            "basis",
            "Where the contract says so; without it each charge must name it.",
            "terms of sale 2025, section 7",
        ),
    ),
    *_words(
        Where.SPLIT,
        (
            "shares",
            "The sides and how many accounts of a hundred each has: the policy of now first, then the other, or the "
            "holdout, or both.",
            "{standard: 70%, standard-early: 30%}",
        ),
        ("alike", "Facts in which the sides are to be alike.", "[segment, risk]"),
        ("until", "The last day on which accounts are drawn.", "2027-03-31"),
        (
            "because",
            "What is to be found out; for whoever asks why two customers were treated otherwise.",
            "is money in sooner with a call on day 32?",
        ),
        ("holdout", "How many days past due the accounts of the holdout are left in peace.", "14 days"),
    ),
    *_words(
        Where.LIMIT,
        ("discount", "The share of what is owed that the role may take off.", "2%"),
        ("days", "How many days more the role may give.", "7"),
        ("plan", "How many months a payment plan may take that the role agrees to.", "3 months"),
        ("waive", "Up to which amount the role may waive charges, in the house's currency.", "25"),
    ),
    *_words(Where.OUTCOMES, *call_words.OUTCOMES),
    *_words(Where.OUTCOME, *call_words.OUTCOME),
    *_words(Where.OPTION, *call_words.OPTION),
    *_words(Where.REASON, *call_words.REASONS),
    *_words(Where.ANSWER, *call_words.ANSWERS),
    *_words(
        Where.TRIALS,
        ("policy", "The policy that is tested: its file's name.", "standard"),
        ("calendar", "Closed days and weekends count; without it every day is open.", "US"),
        ("account", "The account that all tests of the file begin with.", "{segment: trade}"),
        ("tests", "The tests: one dash each.", ""),
    ),
    *_words(
        Where.ACCOUNT,
        ("name", "What the customer is called.", "Harbor Supply"),
        ("invoices", "Open invoices.", "[{number: A1, date: 2026-01-05, amount: 1200}]"),
        ("credits", "Open credit notes.", "[{number: C1, date: 2026-01-20, amount: 300}]"),
        ("payments", "Unapplied cash.", "[{date: 2026-02-01, amount: 500}]"),
        ("addresses", "Which addresses are known; all if nothing is said.", "[post, phone]"),
        (
            "side",
            "Where a comparison of the house has drawn it to: a policy, or holdout. Without it, to the policy that is tested.",
            "standard-early",
        ),
    ),
    *_words(
        Where.DOCUMENT,
        ("number", "Its number.", "A1"),
        ("date", "Its date.", "2026-01-05"),
        ("due", "When it is due; else by the account's terms.", "2026-02-04"),
        ("amount", "What it was written over.", "1200 USD"),
        ("open", "What is still open of it, if not all.", "700"),
        ("currency", "Its currency.", "EUR"),
        ("statement", "The date of the statement it stands on.", "2026-01-31"),
        ("disputed", "Whether it is disputed from the beginning.", "yes"),
    ),
    *_words(
        Where.TRIAL,
        ("name", "What the test shows.", "walks the whole ladder"),
        ("account", "Lines that differ from the account of the file.", "{segment: key}"),
        ("events", "What happens, by day.", "{40: dispute opened}"),
        (
            "expect",
            "What must be done, by day; or the policy that takes the account instead.",
            "{35: call collector}",
        ),
    ),
    *_words(
        Where.CLOCK,
        ("invoice date", "Days since the invoice was written.", ""),
        ("due date", "Days since it was due; negative before.", ""),
        ("statement date", "Days since the statement it stands on.", ""),
        ("end of month", "Days since the end of the month of its date.", ""),
    ),
    *_words(
        Where.EVENT,
        ("promise broken", "The day on which a promise counted as broken.", ""),
        ("dispute closed", "The day on which a dispute was closed.", ""),
        ("terms changed", "The day on which the terms changed.", ""),
    ),
    *_words(
        Where.COMPARISON,
        ("over", "More than; the number itself does not count.", ""),
        ("under", "Less than; the number itself does not count.", ""),
        ("at least", "The number or more.", ""),
        ("at most", "The number or less.", ""),
        ("between", "From the one to the other, both included.", ""),
        ("not", "Turns a value round.", ""),
    ),
    *_words(
        Where.TO,
        ("accounts payable", "Who pays the bills at the customer.", ""),
        ("principal", "Owner or director of the customer.", ""),
        ("account owner", "Our contact for everything else there.", ""),
    ),
    *_words(
        Where.GATE,
        ("never", "First gate: the account is left to people.", ""),
        ("minimum", "Second gate: in no currency is that much overdue and not set aside.", ""),
        ("set aside", "Third gate: all that offers a step is disputed, promised or under a plan.", ""),
        ("pause", "Fourth gate: a pause holds.", ""),
        ("closed day and hours", "Fifth gate: a weekend, a holiday or the wrong hour.", ""),
        ("gap", "Sixth gate: the last contact is too recent.", ""),
        ("answer", "Seventh gate: the last demand's time to answer has not passed.", ""),
        ("contact limit", "Eighth gate: as many contacts as are allowed.", ""),
        ("fresh ledger", "Ninth gate: the ledger is too old to demand.", ""),
        ("address", "Tenth gate: nobody knows where to send it; a task is made.", ""),
        ("approval", "Eleventh gate: a person must agree.", ""),
        ("safety stop", "Twelfth gate: the run wants more than the house allows.", ""),
        ("capacity", "Thirteenth gate: the day is full; the rest waits.", ""),
    ),
    *_words(
        Where.SCORE,
        ("amount", "A point for each power of ten: 1,000 has 3 points, 10,000 has 4.", "1"),
        (
            "age",
            "A point for every 30 days past due, at most 6: the older a debt, the harder to collect.",
            "1",
        ),
        ("risk", "The risk class: a point each from B or medium on; A or low has none.", "2"),
        ("promise", "3 points for a promise that was broken, 2 for one that falls due.", "2"),
        ("quiet", "A point for every 30 days in which nobody there was spoken with, at most 3.", "1"),
    ),
    *_words(
        Where.INVARIANT,
        ("name", "What the invariant is called.", "no cash on delivery without a call"),
        (
            "must never",
            "What may never be done to an account, whatever happens to it; or never without, so soon after, or before.",
            "terms cash on delivery without call supervisor before",
        ),
        (
            "must always",
            "What must be done in time; with “or a reason”, days on which something holds the account do not count.",
            "a letter within 60 days past due, or a reason",
        ),
        (
            "without",
            "What must have come before it, on a day of its own.",
            "call supervisor in the 45 days before",
        ),
        ("within", "How soon after something else, or past due.", "10 days after a letter"),
        ("before", "How many days past due the oldest invoice must be.", "30 days past due"),
        ("for", "Only for accounts of which every line holds.", "{segment: trade}"),
        ("known", "A finding of `check --deep` that is as it should be.", "softer-path"),
        ("policy", "The policies in which that finding is known; all if nothing is said.", "small-balances"),
        ("because", "Why; for the next reader.", "a part payment earns a kinder word"),
    ),
    *_words(
        Where.DEED,
        ("message", "An email, a letter or a statement; also with its tone: a final message.", ""),
        ("contact", "A message, or a call.", ""),
        (
            "approval",
            "In “without”: somebody must agree to the step, or this role must.",
            "approval by credit manager",
        ),
    ),
)


def names(where: Where) -> tuple[str, ...]:
    """The words that may stand there, in the order of the manual."""
    return tuple(word.name for word in WORDS if word.where is where)


def nearest(word: str, known: Iterable[str]) -> str:
    """A suggestion for a word that is not known: the nearest of `known`, else all of them."""
    all_known = list(known)
    if not all_known:
        return "there is none yet"
    lower = {each.lower(): each for each in reversed(all_known)}
    wanted = " ".join(word.lower().split())[:80]
    for other in (
        wanted,
        wanted.replace(" ", "-"),
        wanted.replace("-", " "),
        wanted.replace("_", "-"),
        wanted.replace("_", " "),
    ):
        if other in lower:
            return f"did you mean “{lower[other]}”?"
    if close := difflib.get_close_matches(wanted, lower, 1, 0.7):
        return f"did you mean “{lower[close[0]]}”?"
    if len(all_known) > 30:
        return "dunwell words  lists what there is"
    return "known: " + ", ".join(all_known)


def explain(word: str, own_fields: Mapping[str, Field] | None = None) -> str | None:
    """What `dunwell words WORD` shows: every meaning of the word, or None if it has none."""
    parts: list[str] = []
    field = {**FIELDS, **(own_fields or {})}.get(word)
    if field:
        what = "a fact of an item, in `when` only" if field.item else "a fact of an account"
        lines = [f"{field.name}: {what} ({field.type.value}, in {field.type.unit})"]
        if field.type.unit == field.type.value or not field.type.number:
            lines = [f"{field.name}: {what} ({field.type.value})"]
        if field.type.value == "money":
            lines = [f"{field.name}: {what} (money, in the house's currency)"]
        lines.append(f"  {field.sentence}")
        if field.choices:
            lines.append(f"  One of: {', '.join(field.choices)}.")
        parts.append("\n".join([*lines, f"  Example:  {field.example}"]))
    for each in WORDS:
        if each.name == word:
            example = f"\n  Example:  {each.example}" if each.example != each.name else ""
            where = each.where.value
            head = where if each.where in _KINDS else f"a word of {where}"
            parts.append(f"{word}: {head}\n  {each.sentence}{example}")
    return "\n\n".join(parts) or None


_KINDS = (
    *(Where.ACTION, Where.CLOCK, Where.EVENT, Where.COMPARISON, Where.TO, Where.GATE),
    *(Where.REASON, Where.ANSWER, Where.DEED),
)


def overview(own_fields: Mapping[str, Field] | None = None) -> str:
    """What `dunwell words` shows: all words, by where they may stand."""
    groups = [
        (
            f"Words of {where.value}"
            if where not in _KINDS
            else where.value.removeprefix("an ").removeprefix("a ").capitalize(),
            names(where),
        )
        for where in Where
    ]
    fields = {**FIELDS, **(own_fields or {})}
    groups.append(("Facts of an account", tuple(n for n, field in fields.items() if not field.item)))
    groups.append(("Facts of an item, in `when` only", tuple(n for n, field in fields.items() if field.item)))
    return "\n".join(f"{title}\n  {', '.join(words)}" for title, words in groups)


def sentence(test: Test) -> str:
    """A test as a reader says it: “terms is net 30”, “overdue over 10,000”, “segment is trade or retail”."""
    field = name_of(test.field)
    text = test.text.strip()
    negation = ""
    if text.lower().startswith("not ") and test.negated:
        negation, text = "not ", text[4:].strip()
    if test.op is not Op.IS:
        return f"{field} {negation}{text}"
    if text.startswith("[") and text.endswith("]"):
        words = [word.strip() for word in text[1:-1].split(",")]
        text = " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
    return f"{field} is {negation}{text}"
