"""Who works here: names, roles, and whether they can sign in to the desk."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.screen.written import clean
from engine.settings import Person
from engine.store.glance import Worker


def people_drawn(people: Mapping[str, Person], kept: Mapping[str, Worker]) -> RenderableType:
    """A line a person. `kept` are those of the database, by id."""
    if not people:
        return Text(
            "Nobody works here yet: “dunwell serve” shows a link for the first, or write [people.…] in dunwell.toml."
        )
    table = Table.grid(padding=(0, 2))
    for id, one in people.items():
        enters = "signs in" if id in kept and kept[id].enters else "no password"
        table.add_row(
            Text(clean(id), "bold"), clean(one.name), clean(", ".join(one.roles)), Text(enters, "dim")
        )
    return Group(table, Text(), Text("  A link to choose a password:  dunwell invite PERSON", "dim"))


def people_value(people: Mapping[str, Person], kept: Mapping[str, Worker]) -> list[dict[str, object]]:
    """What `people --json` writes."""
    return [
        {
            "id": id,
            "name": one.name,
            "roles": list(one.roles),
            "email": one.email,
            "calls": one.calls,
            "letters": one.letters,
            "signs_in": id in kept and kept[id].enters,
        }
        for id, one in people.items()
    ]
