"""Markdown with its values in slots becomes HTML, and a plain text in which a table still is a table."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from engine.core.messages.slots import Slots

WIDTH = 76

_STYLES = {
    "paragraph_open": "margin:0 0 14px 0",
    "bullet_list_open": "margin:0 0 14px 0;padding-left:22px",
    "ordered_list_open": "margin:0 0 14px 0;padding-left:22px",
    "h1_open": "margin:0 0 14px 0;font-size:19px;line-height:26px",
    "h2_open": "margin:18px 0 8px 0;font-size:16px;line-height:22px",
    "table_open": "border-collapse:collapse;width:100%;margin:4px 0 18px 0",
    "th_open": "padding:6px 14px 6px 0;border-bottom:2px solid #33414e;text-align:left;font-size:12px;"
    "line-height:16px;color:#5b6770;font-weight:600;white-space:nowrap",
    "td_open": "padding:7px 14px 7px 0;border-bottom:1px solid #dde2e6;text-align:left;vertical-align:top",
    "link_open": "color:#1f5673",
}

# A style waits under a name that no text can have: Markdown takes every NUL out.
_STYLE = "\0"
_STYLED = re.compile(f' {_STYLE}="[^"]*"')


class BadLink(ValueError):
    """A link that leads to something other than a web page or a mail address."""


@cache
def _parser() -> MarkdownIt:
    """Made once: it takes longer than a message does. No HTML from a template, and no images: a message fetches nothing."""
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    return made.disable(["image", "html_block", "html_inline"])


def _parsed(markdown: str) -> list[Token]:
    return _parser().parse(markdown)


@dataclass(frozen=True, slots=True)
class Written:
    """One text as it goes out. `inline` is `html` with simple styles on the elements, as mail programs want them."""

    text: str
    html: str
    inline: str


def written(markdown: str, slots: Slots) -> Written:
    """The text read once and written twice: plain, and as HTML in which every value is escaped."""
    tokens = _parsed(markdown)
    text = _text(tokens, slots)
    for token in _all(tokens):
        if token.type == "link_open":
            token.attrSet("href", _address(str(token.attrGet("href") or ""), slots))
        style = _STYLES.get(f"{token.tag}_open" if token.type == "heading_open" else token.type)
        right = "right" in str(token.attrGet("style") or "")
        if token.type in ("th_open", "td_open"):
            token.attrs.pop("style", None)
            if right:
                token.attrSet("class", "amount")
        if style and right:
            style = style.replace("text-align:left", "text-align:right;white-space:nowrap")
            style = style.replace("14px 7px 0", "0 7px 0").replace("14px 6px 0", "0 6px 0")
        if style:
            token.attrSet(_STYLE, style)
    both = _parser().renderer.render(tokens, _parser().options, {})
    plain, inline = _STYLED.sub("", both), both.replace(f'{_STYLE}="', 'style="')
    return Written(text, slots.fill(plain, html.escape), slots.fill(inline, html.escape))


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def _address(href: str, slots: Slots) -> str:
    whole = slots.fill(href, lambda value: quote(value, safe=":/?#[]@!$&'()*+,;=%~-._"))
    if not re.match(r"(https?://|mailto:)[^\s]+$", whole, re.I):
        raise BadLink(whole[:80])
    return whole


def to_text(markdown: str, slots: Slots) -> str:
    """Plain text, lines of at most `WIDTH` characters but for tables, which keep their columns."""
    return _text(_parsed(markdown), slots)


def _text(tokens: list[Token], slots: Slots) -> str:
    blocks = list(_blocks(tokens, slots, ""))
    return "\n\n".join(block for block in blocks if block.strip()) + "\n"


def _blocks(tokens: list[Token], slots: Slots, indent: str) -> Iterator[str]:
    position = 0
    while position < len(tokens):
        token = tokens[position]
        end = _closing(tokens, position)
        inner = tokens[position + 1 : end]
        match token.type:
            case "paragraph_open":
                yield _fill(_inline(inner[0], slots), indent)
            case "heading_open":
                line = _inline(inner[0], slots)
                rule = ("=" if token.tag == "h1" else "-") * len(line)
                yield f"{indent}{line}\n{indent}{rule}"
            case "bullet_list_open" | "ordered_list_open":
                yield "\n".join(_items(inner, slots, indent, token.type == "ordered_list_open"))
            case "table_open":
                yield _table(inner, slots, indent)
            case "blockquote_open":
                yield from _blocks(inner, slots, indent + "  ")
            case "hr":
                yield indent + "-" * 20
            case "fence" | "code_block":
                yield textwrap.indent(slots.fill(token.content).rstrip("\n"), indent + "    ")
            case "inline":
                yield _fill(_inline(token, slots), indent)
            case _:
                pass
        position = end + 1


def _closing(tokens: list[Token], start: int) -> int:
    """The index of the token that closes the one at `start`; itself if it opens nothing."""
    depth = 0
    for position in range(start, len(tokens)):
        depth += tokens[position].nesting
        if depth == 0:
            return position
    return len(tokens)


def _items(tokens: list[Token], slots: Slots, indent: str, numbered: bool) -> Iterator[str]:
    position, number = 0, 1
    while position < len(tokens):
        end = _closing(tokens, position)
        mark = f"{number}. " if numbered else "- "
        inner = "\n".join(_blocks(tokens[position + 1 : end], slots, indent + " " * len(mark)))
        yield indent + mark + inner[len(indent) + len(mark) :]
        position, number = end + 1, number + 1


def _inline(token: Token, slots: Slots) -> str:
    out: list[str] = []
    links: list[tuple[str, int]] = []
    for child in token.children or []:
        match child.type:
            case "text" | "code_inline":
                out.append(slots.fill(child.content))
            case "softbreak":
                out.append(" ")
            case "hardbreak":
                out.append("\n")
            case "link_open":
                links.append((_address(str(child.attrGet("href") or ""), slots), len(out)))
            case "link_close":
                href, start = links.pop()
                shown = "".join(out[start:])
                if href.removeprefix("mailto:") != shown:
                    out.append(f" ({href})")
            case _:
                pass
    return "".join(out)


def _fill(text: str, indent: str) -> str:
    wrap = {"width": WIDTH, "break_long_words": False, "break_on_hyphens": False}
    lines = [
        textwrap.fill(line, initial_indent=indent, subsequent_indent=indent, **wrap)  # type: ignore[arg-type]
        for line in text.split("\n")
    ]
    return "\n".join(lines)


def _table(tokens: list[Token], slots: Slots, indent: str) -> str:
    rows: list[list[str]] = []
    right: list[bool] = []
    for position, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            rows[-1].append(_inline(tokens[position + 1], slots))
            if token.type == "th_open":
                right.append("right" in str(token.attrGet("style") or ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(right))]
    lines = []
    for number, row in enumerate(rows):
        cells = [
            cell.rjust(width) if alone else cell.ljust(width)
            for cell, width, alone in zip(row, widths, right, strict=True)
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
        if number == 0:
            lines.append(indent + "  ".join("-" * width for width in widths))
    return "\n".join(lines)
