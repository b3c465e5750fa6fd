"""The templates and policies that Dunwell ships, as the tests read them, and accounts to fill them in for."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from engine.core.messages.facts import Debtor, MessageFacts
from engine.core.messages.head import Templates, read_templates
from engine.core.messages.samples import full

ROOT = Path(__file__).parents[2]

DEBTORS = {
    "en": Debtor(
        "Acme Hardware & Sons", ("200 Harbor Street", "Portland, ME 04101", "USA"), "Dana Whitfield", "US"
    ),
    "de": Debtor("Eisenwaren Böhm GmbH", ("Hafenstraße 12", "20457 Hamburg"), "Petra Böhm", "DE"),
    "fr": Debtor("Quincaillerie Lefèvre", ("3, rue du Port", "44000 Nantes"), "", "FR"),
    "es": Debtor("Ferretería Ibáñez S.L.", ("Calle Mayor 8", "46001 Valencia"), "Lucía Ibáñez", "ES"),
    "pt": Debtor("Ferragens Conceição", ("Rua da Alfândega 5", "1100-016 Lisboa"), "João Conceição", "PT"),
    "it": Debtor("Ferramenta D’Angelo", ("Via del Porto 3", "16126 Genova"), "Sofia D’Angelo", "IT"),
}


def template_files() -> dict[str, bytes]:
    return {
        f"templates/{path.name}": path.read_bytes()
        for path in (ROOT / "templates").iterdir()
        if path.is_file()
    }


def policy_files() -> dict[str, bytes]:
    return {
        str(path.relative_to(ROOT)): path.read_bytes() for path in sorted((ROOT / "policies").rglob("*.yaml"))
    }


@lru_cache(maxsize=1)
def shipped() -> Templates:
    templates, problems = read_templates(template_files())
    assert problems == []
    return templates


def facts(language: str = "en") -> MessageFacts:
    return replace(full(), debtor=DEBTORS[language])


def made_of(body: str, head: str = "subject: S\ntone: courteous", name: str = "note.md") -> Templates:
    """A workspace with one template."""
    templates, problems = read_templates({f"templates/{name}": f"---\n{head}\n---\n{body}".encode()})
    assert problems == []
    return templates
