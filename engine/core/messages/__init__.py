"""A template and a decision become a message."""

from engine.core.messages.facts import (
    Company,
    Debtor,
    Instalment,
    Item,
    MessageFacts,
    Promise,
    Sender,
)
from engine.core.messages.frames import letter_html
from engine.core.messages.head import Template, Templates, read_templates
from engine.core.messages.lint import lint, written_demands
from engine.core.messages.render import Message, render, render_one

__all__ = [
    "Company",
    "Debtor",
    "Instalment",
    "Item",
    "Message",
    "MessageFacts",
    "Promise",
    "Sender",
    "Template",
    "Templates",
    "letter_html",
    "lint",
    "read_templates",
    "render",
    "render_one",
    "written_demands",
]
