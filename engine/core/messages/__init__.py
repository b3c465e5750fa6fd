"""A template and a decision become a message."""

from engine.core.messages.facts import (
    Change,
    Company,
    Debtor,
    Instalment,
    Item,
    MessageFacts,
    Point,
    Promise,
    Sender,
)
from engine.core.messages.frames import letter_html
from engine.core.messages.head import Template, Templates, read_templates
from engine.core.messages.lint import lint, written_demands
from engine.core.messages.render import Message, render, render_one
from engine.core.messages.scripts import Block, Part, Script, render_script

__all__ = [
    "Block",
    "Change",
    "Company",
    "Debtor",
    "Instalment",
    "Item",
    "Message",
    "MessageFacts",
    "Part",
    "Point",
    "Promise",
    "Script",
    "Sender",
    "Template",
    "Templates",
    "letter_html",
    "lint",
    "read_templates",
    "render",
    "render_one",
    "render_script",
    "written_demands",
]
