"""What terms of payment mean: when an invoice falls due, and which terms we refuse to guess.

Trade reads some terms in more than one way ("net 30 EOM"). Those come back as `Ambiguous`, with every reading
spelled out: a demand before the day on which the customer reads the terms is a demand for money not owed.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache


class Rule(StrEnum):
    """How a due date follows from the invoice date. `days` and `months` are those of the terms."""

    NET = "days after the invoice"
    EOM_PLUS = "days after the end of the invoice's month"
    THEN_EOM = "end of the month reached by adding days to the invoice"
    END_OF_MONTH = "end of a month, counted from the invoice's"
    DAY_OF_MONTH = "a day of the month following the invoice"
    AT_ONCE = "on the day of the invoice"


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of payment. `text` is the one spelling that is stored and tested: "net 30", "2/10 net 30".

    `days` is a number of days, or for `DAY_OF_MONTH` the day itself; `months` belongs to `END_OF_MONTH`;
    `discounts` are (per cent, within days), the soonest first.
    """

    text: str
    rule: Rule
    days: int = 0
    months: int = 0
    discounts: tuple[tuple[Decimal, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Terms that trade reads in several ways: the ledger's owner must write one of the `readings` instead."""

    written: str
    readings: tuple[Terms, ...]


@lru_cache(maxsize=1024)
def read_terms(text: str) -> Terms | Ambiguous | None:
    """The meaning of terms as any system writes them; None where they are not understood. Few are written many times."""
    words = _words(text)
    if words in _NAMED:
        return _NAMED[words]
    discounts: list[tuple[Decimal, int]] = []
    while match := _DISCOUNT.match(words):
        percent = Decimal(match["percent"] or match["per_cent"])
        discounts.append((percent, int(match["within"] or match["in_days"])))
        words = words[match.end() :]
    terms = _after_discounts(words, text.strip())
    if not discounts or terms is None:
        return terms
    if isinstance(terms, Ambiguous):
        return Ambiguous(terms.written, tuple(_discounted(reading, discounts) for reading in terms.readings))
    within = [days for _, days in discounts]
    too_late = terms.rule is Rule.NET and max(within) >= terms.days
    if too_late or terms.rule is Rule.AT_ONCE or within != sorted(set(within)):
        return None
    return _discounted(terms, discounts)


def due_date(invoice_date: date, terms: Terms) -> date:
    """The day on which an invoice of that date falls due."""
    match terms.rule:
        case Rule.NET:
            return invoice_date + timedelta(days=terms.days)
        case Rule.EOM_PLUS:
            return end_of_month(invoice_date) + timedelta(days=terms.days)
        case Rule.THEN_EOM:
            return end_of_month(invoice_date + timedelta(days=terms.days))
        case Rule.END_OF_MONTH:
            return end_of_month(invoice_date, terms.months)
        case Rule.DAY_OF_MONTH:
            end = end_of_month(invoice_date, 1)
            return end.replace(day=min(terms.days, end.day))
        case Rule.AT_ONCE:
            return invoice_date


def net_days(terms: Terms) -> int | None:
    """Days from invoice to due date where they never vary: 30 for "net 30", 0 for "due on receipt"."""
    return terms.days if terms.rule in (Rule.NET, Rule.AT_ONCE) else None


def infer_terms(invoice_date: date, due: date) -> str:
    """The terms that an invoice's own dates show: "net 30"; "due on receipt" for 0 days or fewer."""
    return _net((due - invoice_date).days).text


def end_of_month(day: date, months: int = 0) -> date:
    """The last day of the month that lies `months` after the day's own."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])


def clock_date(clock: str, invoice_date: date, due: date, statement: date | None = None) -> date:
    """The day from which a policy's `day` counts for an item: its day 0. `clock` is the word in the policy.

    An item that was on no statement takes the end of its invoice's month, when statements are usually drawn.
    """
    match clock:
        case "invoice date":
            return invoice_date
        case "due date":
            return due
        case "statement date":
            return statement or end_of_month(invoice_date)
        case "end of month":
            return end_of_month(invoice_date)
    raise ValueError(f"there is no clock “{clock}”")


CASH_ON_DELIVERY = Terms("cash on delivery", Rule.AT_ONCE)
CASH_IN_ADVANCE = Terms("cash in advance", Rule.AT_ONCE)
DUE_ON_RECEIPT = Terms("due on receipt", Rule.AT_ONCE)

# "Net 10 EOM" is the 10th of the following month in every trade. A month may lack a later day than this,
# so that the readings part.
_SURE_DAY = 27
_LONGEST = 365
_MONTHS = {1: "following", 2: "second following", 3: "third following"}

# What systems and languages write, and the word we read it as. A phrase stands before the words in it.
_SPELLINGS: tuple[tuple[str, str], ...] = tuple(
    (rf"(?<![a-z0-9])(?:{spelling})(?![a-z])", word)
    for spelling, word in (
        (r"end of (the )?(following|next) month|(eom|end of (the )?month) following|eofm", "eofm"),
        (r"end of (the )?second following month", "eofm2"),
        (r"end of (the )?third following month", "eofm3"),
        (r"(day )?of (the )?(following|next) month|month following( invoice)?|proximo|prox", "mfi"),
        (r"(from|after) (the )?(end of (the )?(invoice )?month|month end|eom)", "aftereom"),
        (r"end of (the )?(invoice )?month|month end", "eom"),
        (r"fin de mois|fin de mes|fine mese|fim do mes|monatsende|ende des monats|fdm|dffm|dfm|fm", "fdm"),
        (r"(from |after )?(the )?(invoice date|date of invoice|date of the invoice|invoice)", ""),
        (r"date (de )?facture|ddf|fecha (de )?factura|data (da )?fatura|data fattura", ""),
        (r"(ab |nach )?rechnungsdatum|ohne abzug|strictly|(payment )?terms?|^due(?! net| in)", ""),
        (r"payable|due net|due in|within|innerhalb( von)?|zahlbar", "net"),
        (r"cash discount|discount|skonto|escompte|sconto|descuento|desconto", ""),
        (r"days?|(?<=\d )[dj]|tage?n?|jours?|dias?|giorni|gg|dagen|dgn", "days"),
        (r"((nett?o?|nt|n|neto|liquido)\b ?)+", "net "),
        (r"^a(?= \d)", ""),
    )
)
_DISCOUNT = re.compile(
    r"(net )?((?P<percent>\d{1,2}(\.\d+)?) ?[%/] ?(?P<within>\d{1,3})( days)?"
    r"|(?P<in_days>\d{1,3}) days (?P<per_cent>\d{1,2}(\.\d+)?) ?%) "
)
_DAYS = r"(?:net )?(?P<n>\d{1,3})(?: days)?(?: net)?"
_NET = re.compile(rf"{_DAYS}")
_N_EOM = re.compile(rf"{_DAYS} (?P<word>eom|fdm)|(?:net )?eom (?P<m>\d{{1,3}})(?: days)?")
_PLUS = re.compile(rf"{_DAYS} aftereom|(?:eom|fdm) ?\+ ?(?P<m>\d{{1,3}})(?: days)?")
_THEN = re.compile(rf"{_DAYS} then (?:eom|fdm)")
_END = re.compile(r"(?:(?P<n>\d{1,3})(?: days)? )?eofm(?P<m>[23]?)")
_MFI = re.compile(r"(?:net )?(?P<n>\d{1,2})(?:st|nd|rd|th)?(?: net)? mfi")


def _words(text: str) -> str:
    """Lower case, without accents and punctuation, in the few words that the patterns know."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"(?<=\b[a-z])\.", "", plain)  # c.o.d.
    plain = re.sub(r"(\d),(\d+ ?%)", r"\1.\2", plain)  # 2,5 %
    plain = re.sub(r"\bn/(?=\d)", "net ", plain)  # n/30
    plain = re.sub(r"[^a-z0-9%/+.]|\.(?!\d)", " ", plain)
    plain = re.sub(r"(?<=[a-z])(?=\d)|(?<=%)(?=\w)", " ", plain)  # net30, 2%10
    plain = re.sub(r"(?<=\d)(?!st\b|nd\b|rd\b|th\b)(?=[a-z])", " ", plain)  # 30d
    plain = re.sub(r"(?<=[a-z] )0+(?=\d)", "", " ".join(plain.split()))  # N030
    for spelling, word in _SPELLINGS:
        plain = " ".join(re.sub(spelling, word, plain).split())
    return plain


def _after_discounts(words: str, written: str) -> Terms | Ambiguous | None:
    if words == "mfi":  # proximo without a day
        return Ambiguous(written, (_end_of_month(1), _day_of_month(10), _day_of_month(25)))
    if match := _NET.fullmatch(words):
        return _net(int(match["n"])) if int(match["n"]) <= _LONGEST else None
    if match := _PLUS.fullmatch(words):
        return _eom_plus(int(match["n"] or match["m"]))
    if match := _THEN.fullmatch(words):
        return _then_eom(int(match["n"]))
    if match := _END.fullmatch(words):
        months = int(match["m"] or 1)
        return _end_of_month(months) if not match["n"] or int(match["n"]) == 30 * months else None
    if match := _MFI.fullmatch(words):
        return _day_of_month(int(match["n"])) if 1 <= int(match["n"]) <= 31 else None
    if match := _N_EOM.fullmatch(words):
        days = int(match["n"] or match["m"])
        if days == 0:
            return _EOM
        if days <= _SURE_DAY and match["word"] != "fdm":
            return _eom_plus(days)
        following = (_end_of_month(days // 30),) if days % 30 == 0 and days // 30 in _MONTHS else ()
        return Ambiguous(written, (_eom_plus(days), _then_eom(days), *following))
    return None


def _net(days: int) -> Terms:
    return Terms(f"net {days}", Rule.NET, days) if days > 0 else DUE_ON_RECEIPT


def _eom_plus(days: int) -> Terms:
    text = f"net {days} eom" if days <= _SURE_DAY else f"eom + {days} days"
    return Terms(text, Rule.EOM_PLUS, days) if days else _EOM


def _then_eom(days: int) -> Terms:
    return Terms(f"{days} days then eom", Rule.THEN_EOM, days)


def _end_of_month(months: int) -> Terms:
    return Terms(f"{30 * months} days, end of {_MONTHS[months]} month", Rule.END_OF_MONTH, months=months)


def _day_of_month(day: int) -> Terms:
    return Terms(f"{day} mfi", Rule.DAY_OF_MONTH, day)


def _discounted(terms: Terms, discounts: list[tuple[Decimal, int]]) -> Terms:
    before = " ".join(f"{percent.normalize():f}/{days}" for percent, days in discounts)
    return Terms(f"{before} {terms.text}", terms.rule, terms.days, terms.months, tuple(discounts))


def _named(terms: Terms, names: str) -> dict[str, Terms]:
    return {" ".join(name.split()): terms for name in names.split(",")}


_EOM = Terms("eom", Rule.END_OF_MONTH)
_NAMED: Mapping[str, Terms] = {
    **_named(_EOM, "eom, fdm, net eom, net fdm"),
    **_named(
        DUE_ON_RECEIPT,
        """receipt, on receipt, upon receipt, now, immediate, immediately, immediately net, net immediately,
        net immediately net, dor, prompt, cash, net cash, sofort, sofort net, sofort fallig, reception,
        a reception, comptant, a vista, contado, al contado, immediato, rimessa diretta""",
    ),
    **_named(
        CASH_ON_DELIVERY,
        """cod, cash on delivery, collect on delivery, pay on delivery, nachnahme, per nachnahme,
        contre remboursement, contra reembolso, contrareembolso, contrassegno""",
    ),
    **_named(
        CASH_IN_ADVANCE,
        """cia, cash in advance, cash advance, pia, payment in advance, payment advance, in advance, advance,
        advance payment, cbs, cash before shipment, cbd, cash before delivery, cwo, cash with order, prepaid,
        prepay, prepayment, vorkasse, vorauskasse, vorauszahlung, paiement d avance, d avance, anticipado,
        antecipado, anticipato, pago anticipado, pagamento anticipato, pagamento antecipado""",
    ),
}
