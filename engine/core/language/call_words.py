"""The words of outcomes.yaml and of a call's form: each with its sentence and an example of what stands behind it."""

from __future__ import annotations

Rows = tuple[tuple[str, str, str], ...]

OUTCOMES: Rows = (
    ("hung up", "The customer put the phone down.", ""),
    ("check in the mail", "The customer says that a cheque was sent.", ""),
    ("no invoice", "The customer says that the invoice never came.", ""),
    ("promise to pay", "The customer promised an amount by a date.", ""),
    ("vague promise", "The customer means to pay, and names no day or no amount.", ""),
    ("dispute", "The customer contests an invoice.", ""),
    ("hardship", "The customer cannot pay.", ""),
    ("angry", "The customer is angry.", ""),
    ("no answer", "Nobody picked up; the call is tried again.", ""),
    ("busy", "The line was busy; the call is tried again.", ""),
    ("voicemail", "A message was left on a machine; the call is tried again.", ""),
    ("left message", "A message was left with a person.", ""),
    ("not in", "The person was not in.", ""),
    ("wrong number", "The number is not the customer's.", ""),
    ("callback requested", "The customer asked to be called at another time.", ""),
    ("paid already", "The customer says that it is paid.", ""),
    ("payment plan agreed", "Instalments were agreed.", ""),
    ("return agreed", "Goods will come back.", ""),
    ("compromise", "A middle way was agreed.", ""),
    ("information only", "The customer was only told something.", ""),
    ("refused", "The customer will not pay.", ""),
    ("insolvent", "The customer is insolvent.", ""),
    ("abusive", "The call was abusive.", ""),
)

OUTCOME: Rows = (
    ("guidance", "A line for the collector.", "Not about you."),
    (
        "ask",
        "What the call form asks for. “if known” may be left out; a question of your own ends with “?”.",
        "[amount, date, reference if known]",
    ),
    (
        "offer",
        "Options of which the collector picks one; the same is not offered twice running.",
        "[{call: supervisor}]",
    ),
    (
        "promise",
        "The promise that it makes, and when the money must have come.",
        "check, 5 to 7 days from date mailed",
    ),
    ("then", "The call that follows.", "call same person"),
    ("script", "Its script, a template.", "carry-on"),
    ("email", "A message that goes at once, or is drafted where something was agreed.", "confirmation"),
    ("from", "The role or person who signs it.", "supervisor"),
    ("to", "Whom at the customer it goes to.", "principal"),
    ("task", "A task for somebody, or several with dashes.", "dispute owner, answer in 5 open days"),
    ("cool", "No contact for so long.", "1 open day"),
    ("suggest", "What to ask the customer for.", "promise within 14 days"),
    ("checklist", "What to go through with the customer; it stands with what follows.", "[ask for a part]"),
    (
        "resources",
        "Where a customer may find money; they stand with what follows.",
        "[factoring, their bank]",
    ),
    ("close", "The step is done; why.", "enough was said"),
    ("twice running", "What happens when it comes twice in a row.", "{email: after-hang-ups}"),
    ("on reason", "What follows besides, by why it was not paid.", "{hardship long: {cool: 5 open days}}"),
)

OPTION: Rows = (
    ("call back", "Call again, now or later.", "in 10 minutes"),
    ("call", "Somebody else calls: a role, or a peer who has not called this account.", "peer"),
    ("script", "The call script, a template.", "carry-on"),
    ("email", "A message that goes at once.", "after-hang-ups"),
    ("from", "The role or person who signs it.", "supervisor"),
    ("to", "Whom at the customer it goes to.", "principal"),
    ("task", "A task for somebody, or several with dashes.", "supervisor, listen to the call"),
    ("cool", "No contact for so long.", "1 open day"),
    ("suggest", "What to ask the customer for.", "promise within 14 days"),
    ("checklist", "What to go through with the customer; it stands with what follows.", "[ask for a part]"),
    (
        "resources",
        "Where a customer may find money; they stand with what follows.",
        "[factoring, their bank]",
    ),
    ("close", "The step is done; why.", "enough was said"),
)

# Why payment has not been made. What is contested is a reason too, and is called as it is in a dispute.
REASONS: Rows = (
    ("cash crunch short", "Money is short for a few weeks.", ""),
    ("hardship long", "The trouble will last; nothing of what it is about a person is kept.", ""),
    ("approval pending", "Somebody there has to approve the payment.", ""),
    ("payment run date", "They pay on certain days only.", ""),
    ("invoice not received", "The invoice never came.", ""),
    ("check in mail", "A cheque is on its way.", ""),
    ("system error", "Their system, or ours, made a mistake.", ""),
    ("changed bank or contact", "Bank or people have changed.", ""),
    ("dispute", "Something about the invoice is contested.", ""),
    ("unwilling", "They can pay and will not.", ""),
    ("insolvency", "Proceedings have been opened, or will be.", ""),
    ("unknown", "They did not say.", ""),
)

ANSWERS: Rows = (
    ("reason", "Why it has not been paid; asked first.", "cash crunch"),
    ("spoken with", "Who was on the line.", "Ana Reyes"),
    ("number", "Their direct number; of a wrong number, the one that was dialled.", "+1 202 555 0199"),
    ("right party", "Whether they can pay or decide.", "yes"),
    (
        "circumstance",
        "What they are under: reduced sales, cash crunch, personal, external event.",
        "reduced sales",
    ),
    ("story", "What they told, in their words.", "their largest customer has not paid them"),
    ("request stated", "Whether what we want was made clear.", "yes"),
    ("short or long", "Whether a hardship is short or long, or unknown.", "short"),
    ("amount", "How much, in the invoices' own currency; or all.", "1,200"),
    ("date", "The day on which the money, or our call, is to come.", "friday"),
    ("time", "The time of that call, by the customer's clock.", "14:30"),
    ("invoice", "The invoice; several with commas.", "10231"),
    ("check number", "The number of the cheque.", "4711"),
    ("date mailed", "The day on which it was posted.", "monday"),
    ("email address", "Where the copy goes, as they confirm it.", "ap@acme.example"),
    ("date paid", "The day on which they paid.", "2026-11-12"),
    ("reference", "How the payment can be recognised.", "transfer 77120"),
    (
        "instalments",
        "How many; or each with its day, with semicolons.",
        "500 by 2026-12-01; 500 by 2027-01-04",
    ),
    ("first date", "The day of the first instalment.", "2026-12-01"),
    ("return number", "The number under which the goods come back (RMA).", "RMA-204"),
    ("expected credit", "The credit note that is to come.", "CN for RMA-204"),
    ("we give", "What we give for a solution; several with semicolons.", "discount 100; 14 days"),
    ("they give", "What they give for it.", "the rest by friday"),
    ("administrator", "Who administers the insolvency.", "Hale & Partners"),
    ("case number", "The court's or administrator's number.", "26-10442"),
    ("name of the right person", "Whom to ask for instead.", "Dana Whitfield"),
    ("phone number", "The number that is right.", "+1 202 555 0142"),
)
