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
    points: dict[str, str]  # what else was agreed, by its kind, with {amount}, {days} and {text}
    check: str  # how a payment comes, with {number}


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
        {
            "return": "Goods worth {amount} come back to us under return number {text}; a credit note for them follows.",
            "discount": "We take {amount} off what is owed.",
            "days": "We give {days} more days.",
            "waiver": "We waive {amount} of interest and charges.",
            "release": "We release orders against this payment.",
        },
        "check {number}",
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
        {
            "return": "Ware im Wert von {amount} kommt unter der Rücksendenummer {text} zurück; eine Gutschrift folgt.",
            "discount": "Wir erlassen {amount} des offenen Betrags.",
            "days": "Wir geben {days} Tage mehr Zeit.",
            "waiver": "Wir verzichten auf {amount} an Zinsen und Gebühren.",
            "release": "Wir geben Bestellungen gegen diese Zahlung frei.",
        },
        "Scheck {number}",
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
        {
            "return": "Des marchandises pour {amount} nous reviennent sous le numéro de retour {text} ; un avoir suivra.",
            "discount": "Nous déduisons {amount} du montant dû.",
            "days": "Nous accordons {days} jours de plus.",
            "waiver": "Nous renonçons à {amount} d’intérêts et de frais.",
            "release": "Nous libérons des commandes contre ce règlement.",
        },
        "chèque {number}",
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
        {
            "return": "Mercancía por {amount} vuelve a nosotros con el número de devolución {text}; le seguirá un abono.",
            "discount": "Descontamos {amount} de lo pendiente.",
            "days": "Concedemos {days} días más.",
            "waiver": "Renunciamos a {amount} de intereses y gastos.",
            "release": "Liberamos pedidos contra este pago.",
        },
        "cheque {number}",
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
        {
            "return": "Mercadoria no valor de {amount} regressa com o número de devolução {text}; segue-se uma nota de crédito.",
            "discount": "Descontamos {amount} do valor em aberto.",
            "days": "Concedemos mais {days} dias.",
            "waiver": "Prescindimos de {amount} de juros e encargos.",
            "release": "Libertamos encomendas contra este pagamento.",
        },
        "cheque {number}",
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
        {
            "return": "Merce per un valore di {amount} torna a noi con il numero di reso {text}; segue una nota di credito.",
            "discount": "Togliamo {amount} da quanto è dovuto.",
            "days": "Concediamo altri {days} giorni.",
            "waiver": "Rinunciamo a {amount} di interessi e spese.",
            "release": "Sblocchiamo ordini a fronte di questo pagamento.",
        },
        "assegno {number}",
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
