"""Values are written into `dunwell.toml`: each into its place, and what stands around them stays as it is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import tomlkit

from engine.settings.source import Source

Value = str | int | tuple[str, ...] | None  # None: the setting is taken out
Way = tuple[str, ...]


class CannotWrite(Exception):
    """The file is written in a way in which a value has to be changed by hand."""


def with_values(text: str, values: Mapping[Way, Value]) -> str:
    """The text of a `dunwell.toml` with these values, by section and name. What it says already is not touched.

    A new value goes below the last one of its section, a new section to the end. Raises CannotWrite.
    """
    for way, value in values.items():
        text = _with_value(text, way, list(value) if isinstance(value, tuple) else value)
    return text


def _with_value(text: str, way: Way, value: Any) -> str:
    data = tomllib.loads(text)
    section, name = way[:-1], way[-1]
    wanted = deepcopy(data)
    around = wanted
    for part in section:
        around = around.setdefault(part, {})
    if around.get(name) == value:
        return text
    there = name in around
    if value is None:
        del around[name]
    else:
        around[name] = value
    ways = [_in_place] if there else [_below, _under_its_head, _at_the_end]
    for write in ways:
        after = write(text, section, name, value)
        try:
            if after is not None and tomllib.loads(after) == wanted:
                return after
        except tomllib.TOMLDecodeError:
            continue
    raise CannotWrite


def _in_place(text: str, section: Way, name: str, value: Any) -> str:
    document = tomlkit.parse(text)
    table: Any = document
    for part in section:
        table = table[part]
    if value is None:
        del table[name]
    else:
        table[name] = value
    return tomlkit.dumps(document)


def _below(text: str, section: Way, name: str, value: Any) -> str | None:
    places = Source(text).places
    lines = [place[0] for way, place in places.items() if way[:-1] == section and way != section]
    return _after(text, max(lines), name, value) if lines else None


def _under_its_head(text: str, section: Way, name: str, value: Any) -> str | None:
    place = Source(text).places.get(section)
    return _after(text, place[0], name, value) if place else None


def _at_the_end(text: str, section: Way, name: str, value: Any) -> str:
    head = ".".join(part if re.fullmatch(r"[\w-]+", part, re.ASCII) else f'"{part}"' for part in section)
    return f"{text.rstrip()}\n\n[{head}]\n{_line(name, value)}\n".lstrip("\n")


def _after(text: str, line: int, name: str, value: Any) -> str:
    lines = text.splitlines(keepends=True)
    ending = "\r\n" if lines[line - 1].endswith("\r\n") else "\n"
    lines[line - 1] = lines[line - 1].rstrip("\r\n") + ending
    return "".join((*lines[:line], _line(name, value) + ending, *lines[line:]))


def _line(name: str, value: Any) -> str:
    return f"{name} = {tomlkit.item(value).as_string()}"
