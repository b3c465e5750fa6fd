"""The API's own description, as a page has it: by subject, each address with what it takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

_REF = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a request takes. `where` is path, query, header or body; `kind` says what it is."""

    name: str
    where: str
    kind: str
    needed: bool
    about: str


@dataclass(frozen=True, slots=True)
class Verb:
    """One address. `example` is a body as JSON, `gives` what is answered."""

    method: str
    path: str
    about: str
    takes: tuple[Field, ...]
    example: str
    gives: str
    scope: str
    more: str  # what its body says of itself


@dataclass(frozen=True, slots=True)
class Shape:
    """Something that is sent or answered, by the name that others call it."""

    name: str
    about: str
    fields: tuple[Field, ...]


def subjects(openapi: Mapping[str, Any]) -> dict[str, list[Verb]]:
    """The addresses by subject, in their order."""
    base = openapi["servers"][0]["url"]
    schemas = openapi["components"]["schemas"]
    found: dict[str, list[Verb]] = {}
    for path, verbs in openapi["paths"].items():
        for method, verb in verbs.items():
            found.setdefault(verb["tags"][0], []).append(_verb(method, base + path, verb, schemas))
    return found


def shapes(openapi: Mapping[str, Any]) -> list[Shape]:
    """All that have fields, by name."""
    found = []
    for name, schema in sorted(openapi["components"]["schemas"].items()):
        if "properties" in schema:
            found.append(Shape(name, schema.get("description", ""), _fields(schema)))
    return found


def _fields(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    needed = schema.get("required", ())
    return tuple(
        Field(name, "body", _kind(one), name in needed, one.get("description", ""))
        for name, one in schema["properties"].items()
    )


def _verb(method: str, path: str, verb: Mapping[str, Any], schemas: Mapping[str, Any]) -> Verb:
    takes = [
        Field(one["name"], one["in"], _kind(one["schema"]), one["required"], one.get("description", ""))
        for one in verb.get("parameters", ())
    ]
    example = more = ""
    if body := verb.get("requestBody"):
        content = body["content"]["application/json"]
        schema = schemas[content["schema"]["$ref"].removeprefix(_REF)]
        takes += _fields(schema)
        more = schema.get("description", "")
        for given in content.get("examples", {}).values():
            example = orjson.dumps(given["value"], option=orjson.OPT_INDENT_2).decode()
    gives = _kind(verb["responses"]["200"]["content"]["application/json"]["schema"])
    return Verb(
        method.upper(),
        path,
        verb["description"],
        tuple(takes),
        example,
        gives,
        verb["security"][0]["token"][0],
        more,
    )


def _kind(schema: Mapping[str, Any]) -> str:
    """What a value is, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(_kind(one) for one in options if one.get("type") != "null")
    if values := schema.get("enum"):
        return ", ".join(str(value) or "empty" for value in values)
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return str(schema.get("format") or _WORDS.get(schema.get("type", ""), "anything"))


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
}
