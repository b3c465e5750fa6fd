"""Made-up companies, people and addresses for the sample ledger; none of them is meant to exist."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Country:
    """What a customer of a country looks like. Telephone numbers are of ranges kept for fiction."""

    code: str
    language: str
    share: int  # of 1,000 accounts
    firsts: tuple[str, ...]
    trades: tuple[str, ...]
    forms: tuple[str, ...]
    people: tuple[str, ...]
    streets: tuple[str, ...]
    towns: tuple[tuple[str, str, str], ...]  # town, postcode, time zone
    phone: str  # each # is a digit
    public: str  # how a public body is called


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


_EAST, _CENTRAL, _WEST = "America/New_York", "America/Chicago", "America/Los_Angeles"
US = Country(
    "US",
    "en",
    860,
    _words(
        "Alderbrook Bramble Cinder Copperfield Driftwood Ember Fallow Foxglove Granite Harbor Hollow "
        "Ironwood Juniper Kestrel Lantern Larkspur Maple_Row Meadow Northgate Oakline Pebble Pinecrest "
        "Quarry Redstart Riverbend Saltmarsh Sparrow Stillwater Tamarack Thistle Tumbledown Vesper "
        "Wainscot Westerly Whitfield Wrenfield Yarrow Bluestem Cobbler's Dovetail Elkhorn Featherstone "
        "Gristmill Hayloft Inkwell Jackdaw Longacre Millrace Nettle Orchard_Hill"
    ),
    _words(
        "Hardware Supply Fixtures Foods Packaging Outfitters Electric Plumbing Tools Interiors Paper "
        "Garden Kitchens Fasteners Lighting Flooring Coatings Marine Textiles Printing Bakery Dairy "
        "Sporting_Goods Office_Supply"
    ),
    ("Inc.", "LLC", "Co.", "Corp.", "& Sons", "Group"),
    _words(
        "Dana_Whitlow Marcus_Pell Irene_Castor Lou_Bascom Priya_Nandan Theo_Marsh Wanda_Sills "
        "Curtis_Vane Rosa_Delmar Nell_Fairbank Omar_Haddon Greta_Lindqvist Ben_Achterberg Sue_Ellery "
        "Hank_Dorsey Mina_Okafor"
    ),
    _words(
        "Mill_Lane Depot_Street Canal_Road Foundry_Avenue Orchard_Drive Commerce_Way Prospect_Street "
        "Quarry_Road"
    ),
    (
        ("Dayton, OH", "45402", _EAST),
        ("Albany, NY", "12207", _EAST),
        ("Macon, GA", "31201", _EAST),
        ("Peoria, IL", "61602", _CENTRAL),
        ("Tulsa, OK", "74103", _CENTRAL),
        ("Duluth, MN", "55802", _CENTRAL),
        ("Boise, ID", "83702", "America/Boise"),
        ("Fresno, CA", "93721", _WEST),
        ("Tacoma, WA", "98402", _WEST),
    ),
    "+1 202 555 01##",
    "{} County Schools",
)
DE = Country(
    "DE",
    "de",
    45,
    _words(
        "Ahornblick Birkental Eschenhof Fichtengrund Kieselbach Lindenau Moorwiese Rabenstein Silbersee "
        "Tannquell"
    ),
    _words("Werkzeuge Bauelemente Verpackung Elektrotechnik Küchen Beschläge Druck Gartenbedarf"),
    ("GmbH", "KG", "GmbH & Co. KG"),
    _words("Jutta_Kranz Holger_Brink Sabine_Ruhland Uwe_Tölle"),
    _words("Mühlenweg Hafenstraße Gießereistraße Am_Kanal"),
    (("Kassel", "34117", "Europe/Berlin"), ("Bamberg", "96047", "Europe/Berlin")),
    "+49 30 23125 ###",
    "Stadtverwaltung {}",
)
FR = Country(
    "FR",
    "fr",
    25,
    _words("Aubépine Boisclair Clairvent Grandpré Hautemer Merlette Pierrelune Valserein"),
    _words("Outillage Emballages Cuisines Éclairage Quincaillerie Jardins"),
    ("SARL", "SAS", "SA"),
    _words("Odile_Farnaud Luc_Merisier Élise_Caubet"),
    ("rue du Moulin", "quai du Canal", "avenue de la Fonderie"),
    (("Limoges", "87000", "Europe/Paris"), ("Troyes", "10000", "Europe/Paris")),
    "+33 1 99 00 ## ##",
    "Commune de {}",
)
ES = Country(
    "ES",
    "es",
    20,
    _words("Almendral Brisamar Cantoverde Peñaluz Riosereno Valdehoja"),
    _words("Herramientas Envases Iluminación Ferretería Cocinas"),
    ("S.L.", "S.A."),
    _words("Nuria_Baltar Iván_Corralero Pilar_Montejo"),
    ("calle del Molino", "avenida del Puerto"),
    (("Zaragoza", "50001", "Europe/Madrid"), ("Murcia", "30001", "Europe/Madrid")),
    "+34 910 000 ###",
    "Ayuntamiento de {}",
)
BR = Country(
    "BR",
    "pt",
    16,
    _words("Aroeira Beira-Rio Jatobá Maré_Alta Serra_Clara Vila_Nova"),
    _words("Ferramentas Embalagens Iluminação Alimentos Tintas"),
    ("Ltda.", "S.A."),
    _words("Marta_Queiroz Davi_Lacerda Renata_Prado"),
    ("rua do Moinho", "avenida do Porto"),
    (("Campinas", "13010-000", "America/Sao_Paulo"), ("Londrina", "86010-000", "America/Sao_Paulo")),
    "+55 11 5555 0###",
    "Prefeitura de {}",
)
IT = Country(
    "IT",
    "it",
    14,
    _words("Acquafredda Borgolieto Cascinaverde Montesole Roccaluna"),
    _words("Utensili Imballaggi Cucine Illuminazione Ferramenta"),
    ("S.r.l.", "S.p.A."),
    _words("Bruna_Fossati Elio_Marchesin"),
    ("via del Mulino", "viale del Porto"),
    (("Parma", "43121", "Europe/Rome"), ("Bergamo", "24121", "Europe/Rome")),
    "+39 06 5550 ###",
    "Comune di {}",
)
GB = Country(
    "GB",
    "en",
    16,
    _words("Ashmoor Brackendale Coldharbour Fenwick_Lane Harrowgate_Hill Thornbury_Vale"),
    _words("Ironmongers Timber Catering Stationers Joinery Lighting"),
    ("Ltd", "LLP"),
    _words("Hester_Blythe Colin_Aske Moira_Tarn"),
    ("Mill Lane", "Wharf Road", "Foundry Street"),
    (("Leeds", "LS1 1AA", "Europe/London"), ("Exeter", "EX1 1AA", "Europe/London")),
    "+44 20 7946 0###",
    "{} Borough Council",
)
PT = Country(
    "PT",
    "pt",
    4,
    _words("Azinheira Foz_Serena Monte_Alvo"),
    _words("Ferragens Embalagens Cozinhas"),
    ("Lda.",),
    _words("Lurdes_Vinhal Rui_Sobral"),
    ("rua do Moinho",),
    (("Braga", "4700-001", "Europe/Lisbon"),),
    "+351 210 000 ###",
    "Câmara Municipal de {}",
)
COUNTRIES: tuple[Country, ...] = (US, DE, FR, ES, BR, IT, GB, PT)


def country(number: int, random: Random) -> Country:
    """The first accounts go once round the world, so that every language is in a small sample too."""
    if number < len(COUNTRIES):
        return COUNTRIES[number]
    return random.choices(COUNTRIES, [place.share for place in COUNTRIES])[0]


def phone(place: Country, random: Random) -> str:
    return "".join(str(random.randrange(10)) if sign == "#" else sign for sign in place.phone)
