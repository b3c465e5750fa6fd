"""What our messages do not say, in each language: threats, reproaches, lectures, advertising."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manner:
    """A kind of phrase that is refused: why, and what to write instead. The patterns are by language."""

    code: str
    sentence: str  # with {words}
    suggestion: str
    patterns: dict[str, re.Pattern[str]]


def _any(**phrases: str) -> dict[str, re.Pattern[str]]:
    """Phrases by language, separated by ` | `; a space stands for any space, a line break too."""
    return {
        language: re.compile(
            r"(?<!\w)(?:"
            + "|".join(each.strip().replace(" ", r"\s+") for each in text.split(" | "))
            + r")(?!\w)",
            re.IGNORECASE,
        )
        for language, text in phrases.items()
    }


LEGAL = Manner(
    "legal-word",
    "“{words}” threatens with the law, and this message is not of tone legal",
    "say what we will really do next, or write  tone: legal  and have the step approved",
    _any(
        en="attorneys? | lawyers? | solicitors? | courts? | lawsuits? | sue | sued | suing | legal"
        " | legally | litigation"
        " | judge?ments? | prosecut\\w+ | bailiffs? | garnish\\w* | collection agenc(?:y|ies)"
        " | debt collectors?"
        " | credit bureaus? | winding-up",
        de="(?:rechts)?anw[aä]lt\\w* | gericht\\w* | klage | klagen | verklagen | mahnbescheid\\w*"
        " | inkasso\\w*"
        " | \\w*vollstreckung\\w* | rechtlich\\w* | rechtsweg\\w* | schufa",
        fr="avocate?s? | tribuna(?:l|ux) | huissiers? | commissaires? de justice | poursuites | justice"
        " | judiciaires?"
        " | juridiques? | contentieux | mise en demeure | recouvrement | assignation",
        es="abogad[oa]s? | tribunal(?:es)? | juzgados? | judicial(?:es|mente)? | legal(?:es|mente)?"
        " | (?<!sin\\s)embargo"
        " | litigio | agencia de cobros? | requerimiento",
        pt="advogad[oa]s? | tribuna(?:l|is) | judicia(?:l|is) | judicialmente | lega(?:l|is)"
        " | legalmente | penhora"
        " | litígio | contencioso | agência de cobranças?",
        it="avvocat[oi] | tribunal[ei] | giudic[ei] | giudiziari\\w* | legal[ei] | legalmente"
        " | decreto ingiuntivo"
        " | pignoramento | messa in mora | recupero crediti | contenzioso",
    ),
)

ACCUSING = Manner(
    "accusing",
    "“{words}” accuses",
    "ask for the fact:  What day did you send the payment?",
    _any(
        en="did you really | do you really | you claim | you claimed | why haven[’']t you"
        " | why have you not | why didn[’']t you"
        " | you failed to | you have failed | you refuse | you are refusing | you (?:have )?ignored"
        " | your excuses?"
        " | you lied | dishonest\\w* | your fault",
        de="haben Sie wirklich | Sie behaupten | warum haben Sie(?: \\w+){0,3} nicht | Sie haben es versäumt"
        " | Sie weigern | Sie haben(?: \\w+){0,4} ignoriert | Ihre Ausreden? | Ihre Schuld",
        fr="avez-vous vraiment | vous prétendez | pourquoi n[’']avez-vous | vous avez omis | vous refusez"
        " | vous avez ignoré | vos prétextes | votre faute",
        es="de verdad (?:envió|pagó|ha \\w+) | (?:usted )?afirma que | por qué no ha | ha ignorado"
        " | se niega a"
        " | ha incumplido | sus excusas | su culpa",
        pt="enviou mesmo | pagou mesmo | alega que | por ?que não (?:pagou|enviou|respondeu) | ignorou"
        " | recusa-se"
        " | as suas desculpas | sua culpa",
        it="avete davvero | ha davvero | sostenete di | perché non avete | avete ignorato | vi rifiutate"
        " | le vostre scuse | vostra colpa",
    ),
)

PATRONISING = Manner(
    "patronising",
    "“{words}” talks down to the customer",
    "say the thing itself, plainly",
    _any(
        en="as you should know | as you (?:well )?know | you should know | surely you | obviously"
        " | needless to say"
        " | you must understand | you need to understand | be reasonable | even you | it is quite simple",
        de="wie Sie (?:ja\\s|wohl\\s)?wissen | wie Ihnen bekannt sein (?:dürfte|sollte) | offensichtlich"
        " | es sollte Ihnen klar sein | Sie müssen verstehen | seien Sie vernünftig",
        fr="comme vous (?:le )?savez | évidemment | vous devriez savoir | il va de soi"
        " | vous devez comprendre"
        " | soyez raisonnables?",
        es="como (?:usted )?(?:ya |bien )?sabe | obviamente | debería saber | huelga decir"
        " | debe entender | sea razonable",
        pt="como (?:bem |já )?sabe | obviamente | deveria saber | escusado será dizer"
        " | tem de compreender | seja razoável",
        it="come (?:ben |già )?sapete | ovviamente | dovreste sapere | va da sé | dovete capire"
        " | siate ragionevoli",
    ),
)

PROMOTION = Manner(
    "promotion",
    "“{words}” advertises, and a reminder must not",
    "take it out; send offers apart from reminders",
    _any(
        en="special offers? | newsletter | new products? | buy now | free trial | promo codes?"
        " | vouchers? | summer sale",
        de="sonderangebote? | newsletter | neue produkte | jetzt kaufen | gutscheine? | rabattaktion",
        fr="offres? spéciales? | newsletter | nouveaux produits | bons? d[’']achat | code promo"
        " | promotions?",
        es="ofertas? especial(?:es)? | newsletter | nuevos productos | código promocional | promociones"
        " | promoción",
        pt="ofertas? especia(?:l|is) | newsletter | novos produtos | código promocional | promoção"
        " | promoções",
        it="offert[ae] special[ei] | newsletter | nuovi prodotti | codice promozionale | promozion[ei]",
    ),
)

# Words in a call script that tell a stranger what the call is about.
DEBT = re.compile(
    r"(?<!\w)(?:debts?|owe[sd]?|owing|overdue|past\s+due|unpaid|outstanding|arrears|invoices?\s+open|collections?)(?!\w)",
    re.IGNORECASE,
)
ACRONYMS = frozenset(
    {"IBAN", "SEPA", "SWIFT", "ACH", "BACS", "CHAPS", "VAT", "USPS", "NIPC", "SIRET", "GMBH", "DUNS"}
)
