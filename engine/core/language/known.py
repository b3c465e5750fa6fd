"""What a workspace has beside its policies, as far as policies may speak of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.core.language.fields import FIELDS, Field
from engine.core.language.policy import Tone
from engine.core.problem import Place

ROLES = ("collector", "supervisor", "credit manager", "account owner", "dispute owner")


@dataclass(frozen=True, slots=True)
class TemplateHead:
    """What a policy must know of a template. `kind` is `message` or `script`; a script has no tone."""

    name: str
    kind: str
    tone: Tone | None
    languages: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Known:
    """Names that policies may use. `ledger_terms` gives the canonical terms that occur in the ledger ("net 30"): few books
    need them, and they are looked for in all that is open.

    A message and a script may have the same name, so `templates` are heads in any order.
    """

    templates: tuple[TemplateHead, ...] = ()
    roles: frozenset[str] = frozenset(ROLES)
    people: frozenset[str] = frozenset()
    webhooks: frozenset[str] = frozenset()
    own_fields: Mapping[str, Field] = field(default_factory=dict)
    ledger_terms: Callable[[], frozenset[str]] = frozenset

    @property
    def fields(self) -> Mapping[str, Field]:
        """The data dictionary with the workspace's own fields."""
        return {**FIELDS, **self.own_fields}

    def names(self, kind: str) -> tuple[str, ...]:
        """The templates of a kind, `message` or `script`, sorted."""
        return tuple(sorted({head.name for head in self.templates if head.kind == kind}))

    @property
    def tones(self) -> Mapping[str, Tone]:
        """The tone of each message."""
        return {head.name: head.tone for head in self.templates if head.kind == "message" and head.tone}

    @property
    def somebody(self) -> tuple[str, ...]:
        """Roles and people, sorted: whoever a call or a task can go to."""
        return tuple(sorted(self.roles | self.people))
