"""Which messages are written demands: what they have to name, a courteous note need not. And what makes a message the same."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

from engine.core.language.policy import Policy, Tone
from engine.core.messages.head import Template, Templates


def written_demands(policies: Iterable[Policy]) -> frozenset[str]:
    """The messages that a step sends when something is past due: each of them is a written demand."""
    return frozenset(
        action.value
        for policy in policies
        for step in policy.steps
        if step.demand
        for action in step.actions
        if action.kind.written
    )


def is_demand(template: Template, demands: Collection[str]) -> bool:
    return template.tone is not None and (template.tone is not Tone.COURTEOUS or template.name in demands)


def fingerprints(templates: Templates, demands: Collection[str], by: str) -> dict[str, str]:
    """By file, a SHA-256 over everything that decides whether a template is sound: its text and name, the pages around it,
    whether it is a written demand, and `by` what it is looked at.
    """
    pages = [part for name, text in sorted(templates.frames.items()) for part in (name, text)]

    def taken(template: Template) -> str:
        demand = "demand" if is_demand(template, demands) else ""
        digest = hashlib.sha256()
        for part in (by, demand, template.file, template.text, *pages):
            data = part.encode()
            digest.update(len(data).to_bytes(8, "big") + data)
        return digest.hexdigest()

    return {template.file: taken(template) for template in templates}
