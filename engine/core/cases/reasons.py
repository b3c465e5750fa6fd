"""Why a customer has not paid, in codes that stay the same: a reason, what is contested, and what they are under."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from engine.core.language.words import Where, names

DISPUTE = "dispute"  # the beginning of the codes of what is contested: `dispute:short_shipment`


def slug(name: str) -> str:
    """`cash crunch short` as `cash_crunch_short`."""
    return "_".join(re.split(r"[\s_-]+", name.strip().lower()))


CODES: tuple[str, ...] = tuple(slug(name) for name in names(Where.REASON) if name != DISPUTE)
# What may be contested; the standards that they map to are kept with disputes.
CONTESTED: tuple[str, ...] = (
    *("short_shipment", "wrong_product", "pricing_error", "missing_credit", "damaged_goods", "quality"),
    *("goods_returned", "duplicate_billing", "not_our_bill", "terms_error", "incorrect_discount"),
    *("documents_missing", "item_not_received", "freight", "tax", "promotion", "no_order_on_file", "other"),
)
CIRCUMSTANCES: tuple[str, ...] = ("reduced_sales", "cash_crunch", "personal", "external_event")
HORIZONS: tuple[str, ...] = ("short", "long", "unknown")

# How people say it.
_SAID: Mapping[str, str] = {
    **dict.fromkeys(("cash crunch", "cash flow", "cashflow", "short of cash"), "cash_crunch_short"),
    **dict.fromkeys(("hardship", "long term hardship", "deep trouble"), "hardship_long"),
    **dict.fromkeys(("approval", "waiting for approval", "not approved"), "approval_pending"),
    **dict.fromkeys(("payment run", "next payment run", "pay run"), "payment_run_date"),
    **dict.fromkeys(("no invoice", "invoice missing", "invoice lost"), "invoice_not_received"),
    **dict.fromkeys(("check in the mail", "cheque in the mail", "cheque in mail"), "check_in_mail"),
    **dict.fromkeys(("system", "software", "computer error"), "system_error"),
    **dict.fromkeys(
        ("changed bank", "new bank", "changed contact", "new contact"), "changed_bank_or_contact"
    ),
    **dict.fromkeys(("refused", "refuses", "will not pay"), "unwilling"),
    **dict.fromkeys(("insolvent", "bankrupt", "bankruptcy"), "insolvency"),
    **dict.fromkeys(("not known", "did not say", "no reason"), "unknown"),
    **dict.fromkeys(("shipped short", "short delivery"), "dispute:short_shipment"),
    **dict.fromkeys(("wrong goods", "wrong item"), "dispute:wrong_product"),
    **dict.fromkeys(("price", "wrong price", "pricing"), "dispute:pricing_error"),
    **dict.fromkeys(("credit missing", "credit not received"), "dispute:missing_credit"),
    **dict.fromkeys(("damaged", "goods damaged", "damage"), "dispute:damaged_goods"),
    **dict.fromkeys(("returned", "return"), "dispute:goods_returned"),
    **dict.fromkeys(("duplicate", "billed twice"), "dispute:duplicate_billing"),
    **dict.fromkeys(("not received", "not delivered"), "dispute:item_not_received"),
}
_ALL: Mapping[str, str] = {
    **{f"dispute:{name}".replace("_", " "): f"{DISPUTE}:{name}" for name in CONTESTED},
    **{name.replace("_", " "): f"{DISPUTE}:{name}" for name in CONTESTED},
    **{name.replace("_", " "): name for name in CODES},
    **_SAID,
}


def read_reason(text: str) -> str | None:
    """The code of a reason, as it is written or said; None where there is no such reason."""
    return _ALL.get(_plain(text))


def read_circumstance(text: str) -> str | None:
    """`reduced_sales`, `cash_crunch`, `personal` or `external_event`. Nothing else is kept: no names of illnesses."""
    return next((code for code in CIRCUMSTANCES if _plain(text) == code.replace("_", " ")), None)


def read_horizon(text: str) -> str | None:
    """`short`, `long` or `unknown`."""
    word = _plain(text).removesuffix(" term")
    return word if word in HORIZONS else None


def nearest_reason(text: str) -> str:
    """What may have been meant, or what there is."""
    close = get_close_matches(_plain(text), _ALL, 1, 0.6)
    if close:
        return f"did you mean “{spoken(_ALL[close[0]])}”?"
    return f"one of: {', '.join(name.replace('_', ' ') for name in CODES)}; or what is contested, like short shipment"


def spoken(code: str) -> str:
    """A code as people say it: `short shipment`, `cash crunch short`."""
    return code.removeprefix(f"{DISPUTE}:").replace("_", " ")


def family(code: str) -> str:
    """What `on reason` of an outcome calls it: `cash crunch short`; all that is contested is `dispute`."""
    return DISPUTE if code.startswith(DISPUTE) else code.replace("_", " ")


def horizon_of(code: str) -> str | None:
    """Whether a hardship is short or long; None where the reason is no hardship."""
    return {"cash_crunch_short": "short", "hardship_long": "long"}.get(code)


def hardship(horizon: str) -> str:
    """The reason that a hardship of this length is."""
    return {"short": "cash_crunch_short", "long": "hardship_long"}.get(horizon, "unknown")


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[_\-/]", " ", text).lower().split())
