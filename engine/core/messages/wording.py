"""The few words that Dunwell itself puts into a message, in each language that it ships."""

from __future__ import annotations

from dataclasses import dataclass

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages


@dataclass(frozen=True, slots=True)
class Wording:
    """Headings of the list of invoices, the salutation with and without a name, and the words of a letter."""

    dear: str  # with {name}
    dear_nobody: str
    number: str
    date: str
    due: str
    order: str
    open: str
    total: str
    aside: str
    reasons: dict[str, str]
    pay: str
    account: str
    remittance: str
    answer_by: str
    phone: str
    email: str
    joiner: str


WORDING: dict[str, Wording] = {
    "en": Wording(
        "Dear {name},",
        "Dear Sir or Madam,",
        "Invoice",
        "Date",
        "Due",
        "Your order",
        "Open",
        "Total",
        "Set aside, and not part of what we ask for here:",
        {"disputed": "in dispute", "promised": "payment promised", "planned": "in the payment plan"},
        "How to pay",
        "Account",
        "Please return with your payment",
        "Please answer by",
        "Telephone",
        "E-mail",
        " and ",
    ),
    "de": Wording(
        "Guten Tag {name},",
        "Sehr geehrte Damen und Herren,",
        "Rechnung",
        "Datum",
        "Fällig am",
        "Ihre Bestellung",
        "Offen",
        "Summe",
        "Zurückgestellt und hier nicht angemahnt:",
        {"disputed": "in Klärung", "promised": "Zahlung zugesagt", "planned": "im Zahlungsplan"},
        "So zahlen Sie",
        "Kundenkonto",
        "Bitte bei der Zahlung angeben",
        "Bitte antworten Sie bis zum",
        "Telefon",
        "E-Mail",
        " und ",
    ),
    "fr": Wording(
        "Bonjour {name},",
        "Madame, Monsieur,",
        "Facture",
        "Date",
        "Échéance",
        "Votre commande",
        "Solde dû",
        "Total",
        "Mis de côté, et hors de notre demande :",
        {"disputed": "en litige", "promised": "règlement promis", "planned": "dans l’échéancier"},
        "Pour régler",
        "Compte",
        "À joindre à votre règlement",
        "Réponse souhaitée au plus tard le",
        "Téléphone",
        "E-mail",
        " et ",
    ),
    "es": Wording(
        "Buenos días, {name}:",
        "Estimados señores:",
        "Factura",
        "Fecha",
        "Vencimiento",
        "Su pedido",
        "Pendiente",
        "Total",
        "Apartado, y fuera de lo que aquí solicitamos:",
        {"disputed": "en revisión", "promised": "pago prometido", "planned": "en el plan de pagos"},
        "Cómo pagar",
        "Cuenta",
        "Adjúntese al pago",
        "Le rogamos responder a más tardar el",
        "Teléfono",
        "Correo",
        " y ",
    ),
    "pt": Wording(
        "Bom dia, {name},",
        "Prezados Senhores,",
        "Fatura",
        "Data",
        "Vencimento",
        "O seu pedido",
        "Em aberto",
        "Total",
        "Posto de parte, e fora do que aqui pedimos:",
        {"disputed": "em análise", "promised": "pagamento prometido", "planned": "no plano de pagamento"},
        "Como pagar",
        "Conta",
        "Para acompanhar o pagamento",
        "Pedimos resposta até",
        "Telefone",
        "E-mail",
        " e ",
    ),
    "it": Wording(
        "Buongiorno {name},",
        "Gentili Signori,",
        "Fattura",
        "Data",
        "Scadenza",
        "Vostro ordine",
        "Saldo aperto",
        "Totale",
        "Accantonato, ed escluso da questa richiesta:",
        {"disputed": "in verifica", "promised": "pagamento promesso", "planned": "nel piano di pagamento"},
        "Come pagare",
        "Conto",
        "Da allegare al pagamento",
        "Si prega di rispondere entro il",
        "Telefono",
        "E-mail",
        " e ",
    ),
}


def wording(language: str) -> Wording:
    """The words of a language; English where Dunwell has none of its own."""
    return WORDING.get(language, WORDING["en"])


def is_language(code: str) -> bool:
    """Whether `code` is a language that dates and money can be written in, like `de`."""
    try:
        return len(code) in (2, 3) and code.isascii() and code.islower() and bool(Locale.parse(code))
    except (UnknownLocaleError, ValueError):
        return False


def language_of(written: str) -> str:
    """`German`, `de-AT`, `DE` as `de`; an unknown word as the empty text."""
    word = written.strip().lower()
    code = word.replace("_", "-").split("-")[0]
    if is_language(code):
        return code
    names = Locale("en").languages
    return next((key for key, name in names.items() if name.lower() == word and is_language(key)), "")


def choose_language(wanted: tuple[str, ...], country: str, available: frozenset[str]) -> str:
    """The first of the wanted languages that there is, then the country's official ones, then English."""
    official = get_official_languages(country.upper(), de_facto=True) if country else ()
    for written in (*wanted, *official, "en"):
        if (code := language_of(written)) in available:
            return code
    return min(available)


def locale_of(language: str, country: str) -> Locale:
    """How dates and money are written: the language as it is used in the customer's country."""
    try:
        return Locale.parse(f"{language}_{country.upper()}") if country else Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale.parse(language if is_language(language) else "en")
