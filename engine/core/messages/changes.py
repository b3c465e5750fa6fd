"""New terms, a hold and their end, as a customer of each language reads them behind a colon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.ledger import Terms, net_days, read_terms


@dataclass(frozen=True, slots=True)
class _Words:
    """What holds from a day: by terms, by what waits, and by what waits no longer."""

    delivery: str
    advance: str
    at_once: str
    days: str  # with {n}
    terms: str  # with {terms}: any other, as they are written
    held: Mapping[str, str]
    free: Mapping[str, str]


_WORDS: Mapping[str, _Words] = {
    "en": _Words(
        "delivery against payment on delivery",
        "delivery against payment in advance",
        "our invoices are due on receipt",
        "our invoices are due within {n} days",
        "our terms are {terms}",
        {
            "orders": "new orders wait",
            "deliveries": "deliveries wait",
            "credit": "we supply against payment only",
        },
        {
            "orders": "your orders go out as usual",
            "deliveries": "deliveries go out as usual",
            "credit": "we supply on account as usual",
        },
    ),
    "de": _Words(
        "Lieferung gegen Zahlung bei Lieferung",
        "Lieferung gegen Vorkasse",
        "unsere Rechnungen sind sofort fällig",
        "unsere Rechnungen sind innerhalb von {n} Tagen fällig",
        "unsere Zahlungsbedingungen sind {terms}",
        {
            "orders": "neue Bestellungen ruhen",
            "deliveries": "Lieferungen ruhen",
            "credit": "wir liefern nur gegen Zahlung",
        },
        {
            "orders": "Ihre Bestellungen laufen wie gewohnt",
            "deliveries": "wir liefern wie gewohnt",
            "credit": "wir liefern wie gewohnt auf Rechnung",
        },
    ),
    "fr": _Words(
        "livraison contre paiement à la livraison",
        "livraison contre paiement d’avance",
        "nos factures sont payables à réception",
        "nos factures sont payables sous {n} jours",
        "nos conditions sont {terms}",
        {
            "orders": "les nouvelles commandes sont en attente",
            "deliveries": "les livraisons sont en attente",
            "credit": "nous livrons contre paiement uniquement",
        },
        {
            "orders": "vos commandes suivent leur cours habituel",
            "deliveries": "nous livrons comme d’habitude",
            "credit": "nous livrons à nouveau en compte ouvert",
        },
    ),
    "es": _Words(
        "entrega contra pago a la entrega",
        "entrega contra pago por adelantado",
        "nuestras facturas vencen a su recepción",
        "nuestras facturas vencen a los {n} días",
        "nuestras condiciones son {terms}",
        {
            "orders": "los nuevos pedidos quedan en espera",
            "deliveries": "las entregas quedan en espera",
            "credit": "suministramos solo contra pago",
        },
        {
            "orders": "sus pedidos siguen su curso habitual",
            "deliveries": "entregamos como de costumbre",
            "credit": "suministramos de nuevo a cuenta abierta",
        },
    ),
    "pt": _Words(
        "entrega contra pagamento na entrega",
        "entrega contra pagamento antecipado",
        "as nossas faturas vencem na receção",
        "as nossas faturas vencem em {n} dias",
        "as nossas condições são {terms}",
        {
            "orders": "os novos pedidos ficam em espera",
            "deliveries": "as entregas ficam em espera",
            "credit": "fornecemos apenas contra pagamento",
        },
        {
            "orders": "os seus pedidos seguem como habitualmente",
            "deliveries": "entregamos como habitualmente",
            "credit": "fornecemos de novo em conta aberta",
        },
    ),
    "it": _Words(
        "consegna contro pagamento alla consegna",
        "consegna contro pagamento anticipato",
        "le nostre fatture sono pagabili al ricevimento",
        "le nostre fatture sono pagabili entro {n} giorni",
        "le nostre condizioni sono {terms}",
        {
            "orders": "i nuovi ordini restano in attesa",
            "deliveries": "le consegne restano in attesa",
            "credit": "forniamo solo contro pagamento",
        },
        {
            "orders": "i vostri ordini procedono come di consueto",
            "deliveries": "consegniamo come di consueto",
            "credit": "forniamo di nuovo in conto aperto",
        },
    ),
}


def changed(kind: str, value: str, lifted: str, language: str) -> str:
    """What holds from the day on; English where Dunwell has no words of its own."""
    words = _WORDS.get(language, _WORDS["en"])
    if kind == "hold":
        return words.free.get(lifted, words.free["orders"]) if lifted else words.held.get(value, value)
    match value:
        case "cash on delivery":
            return words.delivery
        case "cash in advance":
            return words.advance
        case "due on receipt":
            return words.at_once
    terms = read_terms(value)
    days = net_days(terms) if isinstance(terms, Terms) and not terms.discounts else None
    return words.days.format(n=days) if days else words.terms.format(terms=value)
