"""Why a customer contests an invoice: the field's reason codes, their spellings, and who answers by when."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.language.follows import Outcome, Unit

OWNER = "dispute owner"
OTHER = "other"
AGREED_CREDIT = "agreed credit"
FLAGGED = "flagged in the ledger"  # what a ledger says, and no customer
DAYS = 5  # open days to answer in, where outcomes.yaml does not say


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason code. `jde` and `x12` (element 426) are its codes in those standards, empty where they have none.

    `spellings` are what else it is called; `signs` decide in a sentence in which they stand. `credit`: a credit note
    settles it, so that one is expected.
    """

    name: str
    jde: str = ""
    x12: str = ""
    spellings: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    credit: bool = False

    @property
    def code(self) -> str:
        """As other systems write it: `short_shipment`."""
        return self.name.replace(" ", "_")


def _reason(
    name: str, jde: str = "", x12: str = "", spellings: str = "", signs: str = "", credit: bool = False
) -> Reason:
    def words(text: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in text.split(",") if word.strip())

    return Reason(name, jde, x12, words(spellings), words(signs), credit)


# The names and codes are those of domain.md, section 2.
REASONS: tuple[Reason, ...] = (
    _reason(
        "short shipment", "SS", "06",
        "short, shipped short, short shipped, short delivery, quantity, wrong quantity, quantity contested, missing goods",
        "short shipment, shipped short, short delivery, delivered short, quantity, too few, incomplete delivery",
    ),
    _reason(
        "wrong product", "", "07, 08",
        "wrong item, wrong goods, wrong article, incorrect product, substitute",
        "wrong product, wrong item, wrong goods, wrong article, incorrect product",
    ),
    _reason(
        "pricing error", "PD", "01", "price, pricing, wrong price, price difference, overcharged",
        "price, pricing, overcharged",
    ),
    _reason(
        "missing credit", "", "43, 52",
        "credit missing, missing credit note, credit not received, no credit, credit note",
        "missing credit, credit note, credit not received, still waiting for credit", credit=True,
    ),
    _reason("damaged goods", "DG", "04", "damaged, damage, broken goods, broken", "damaged, damage"),
    _reason("quality", "", "05", "poor quality, bad quality, defective, defect", "quality, defective"),
    _reason(
        "goods returned", "GR", "11, 12, 13, 14, 15", "return, returned, returned goods, return agreed, rma",
        "returned, sent back, rma", credit=True,
    ),
    _reason(
        "duplicate billing", "", "19", "duplicate, billed twice, duplicate invoice, double billing",
        "billed twice, invoiced twice, duplicate",
    ),
    _reason("not our bill", "", "18", "not ours, not our invoice, wrong customer", "not ours, not our invoice"),
    _reason("terms error", "", "09", "terms, wrong terms, due date, wrong due date", "wrong terms, payment terms"),
    _reason("incorrect discount", "", "24", "discount, wrong discount, missing discount", "discount"),
    _reason(
        "documents missing", "", "44, 17",
        "missing documents, missing po, no po, missing pod, no pod, proof of delivery, no proof of delivery, paperwork",
        "proof of delivery, purchase order",
    ),
    _reason(
        "item not received", "", "59", "not received, never received, not delivered, never delivered",
        "never received, never delivered, not delivered, never arrived",
    ),
    _reason("freight", "", "54", "freight charge, shipping, shipping charge", "freight, shipping charge"),
    _reason("tax", "", "55", "vat, sales tax, wrong tax", "sales tax, vat"),
    _reason("promotion", "", "56", "promotion deducted, rebate", "promotion"),
    _reason("no order on file", "", "61", "no order, not ordered, never ordered", "never ordered, not ordered"),
    _reason(AGREED_CREDIT, "", "", "", "", credit=True),  # ours, not the customer's: we agreed to it and owe it
    _reason(OTHER, "DA, UD"),
)  # fmt: skip
BY_NAME: Mapping[str, Reason] = {reason.name: reason for reason in REASONS}


@dataclass(frozen=True, slots=True)
class Unknown:
    """No reason is called that. `nearest` are what may have been meant, the likeliest first."""

    wanted: str
    nearest: tuple[str, ...]


def read_reason(text: str) -> Reason | Unknown:
    """The reason that is meant: by its name, another spelling, a standard's code, or one sign in a sentence."""
    wanted = _plain(text)
    exact = _EXACT.get(wanted) or _CODES.get(text.strip(" .").upper())
    if exact is not None:
        return exact
    found = [one for one in REASONS if any(f" {sign} " in f" {wanted} " for sign in one.signs)]
    if len(found) == 1:
        return found[0]
    if found:
        return Unknown(text, tuple(one.name for one in found))
    close = difflib.get_close_matches(wanted, list(_EXACT), n=3, cutoff=0.75)
    return Unknown(text, tuple(dict.fromkeys(_EXACT[each].name for each in close)))


def expects_credit(reason: str) -> bool:
    """Whether a credit note is what settles a dispute of this reason."""
    return reason in BY_NAME and BY_NAME[reason].credit


def answered_by(outcome: Outcome | None) -> tuple[str, int]:
    """(role or person, open days) that answer a dispute, as outcomes.yaml says: `task: dispute owner, answer in 5 open days`."""
    task = next(iter(outcome.follow.tasks), None) if outcome is not None else None
    if task is None:
        return OWNER, DAYS
    days = task.within.count if task.within and task.within.unit in (Unit.DAY, Unit.OPEN_DAY) else DAYS
    return task.role or OWNER, days


def _plain(text: str) -> str:
    """Lower case, with one space for whatever stands between the words."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


_EXACT = {_plain(name): one for one in REASONS for name in (one.name, *one.spellings)}
_CODES = {
    code.strip(): one
    for one in reversed(REASONS)
    for code in f"{one.jde},{one.x12}".split(",")
    if code.strip()
}
