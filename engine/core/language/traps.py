"""What YAML could not read, said to someone who has never heard of YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.core.language.notes import Notes
from engine.core.problem import Place

if TYPE_CHECKING:
    import yaml

_SIGN = re.compile(r":\s*(?P<sign>[<>]=?|=)\s*(?P<value>[^#]*)")
_WORDS = {">": "over", "<": "under", ">=": "at least", "<=": "at most", "=": ""}


# Errors that the parser notices late: the writer looks where the part begins.
_AT_START = ("quoted scalar", "flow sequence", "flow mapping", "simple key")


def explain_error(error: yaml.MarkedYAMLError, notes: Notes) -> None:
    """Turn the parser's error into one problem, at the place where the writer would look first."""
    mark = error.problem_mark or error.context_mark
    said = f"{error.context or ''} {error.problem or ''}"
    if error.context_mark and "escape" not in said and any(where in said for where in _AT_START):
        mark = error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    last = len(notes.lines) - 1
    while line > 0 and (line > last or not notes.lines[line].strip()):
        line -= 1  # the end of the file is nobody's mistake
        column = len(notes.lines[min(line, last)])
    text = notes.lines[min(line, last)]
    if "{{" in text or "}}" in text:
        if not any(problem.code == "placeholder" for problem in notes.problems):
            at = max(text.find("{{"), 0) + 1
            say_placeholder(Place(notes.file, line + 1, at, at + 2), notes)
        return
    place, sentence, suggestion, code = _say(said, text, notes.file, line + 1, column + 1)
    notes.error(place, sentence, suggestion, code)


def _say(said: str, text: str, file: str, line: int, column: int) -> tuple[Place, str, str, str]:
    place = Place(file, line, column, column + 1)
    if "quoted scalar" in said and "escape" not in said:
        quote = text[column - 1 : column] or '"'
        return (
            place,
            f"this {quote} is never closed",
            f"put a {quote} at the end of the text as well",
            "unclosed-quote",
        )
    if "escape" in said:
        return (
            place,
            "a backslash in double quotes begins a code, and this is none",
            "use single quotes:  'like this'",
            "escape",
        )
    if sign := _SIGN.search(text):
        start = sign.start("sign") + 1
        word = _WORDS[sign["sign"]]
        return (
            Place(file, line, start, start + len(sign["sign"])),
            f"“{sign['sign']}” is a sign; policies use words"
            if sign["sign"] != ">"
            else "YAML keeps “>” for itself",
            f"write  {word} {sign['value'].strip()[:40] or '500'}".rstrip(),
            "sign",
        )
    if "\t" in text[: max(column, len(text) - len(text.lstrip()))]:
        tab = text.index("\t") + 1
        return (
            Place(file, line, tab, tab + 1),
            "there is a tab here, and YAML counts only spaces",
            "replace the tab by spaces",
            "tab",
        )
    if inner := re.search(r"(?P<quote>['\"])[^'\"]*(?P=quote)(?=\w)", text):
        end = inner.end()
        other = "'" if inner["quote"] == '"' else '"'
        return (
            Place(file, line, end, end + 1),
            f"the text ends at this {inner['quote']}, because it began with one",
            f"put the whole text between {other} and {other}",
            "quote-in-quotes",
        )
    if "mapping values are not allowed" in said:
        return (
            place,
            "there is a second colon on this line, or the line stands too far to the right",
            "put the text behind the first colon in quotes, or line the word up with the one above",
            "second-colon",
        )
    if "cannot start any token" in said:
        sign_text = text[column - 1 : column]
        return (
            place,
            f"a value cannot begin with “{sign_text}”",
            f'put it in quotes:  "{text[column - 1 :].strip()[:60]}"',
            "sign-start",
        )
    if "flow" in said and (negated := re.search(r"not\s*\[[^\]]*\]?", text)):
        start = negated.start() + 1
        return (
            Place(file, line, start, start + len(negated[0])),
            "inside braces “not” and a list need quotes",
            f'write  "{negated[0]}"',
            "not-in-braces",
        )
    if "flow" in said:
        return (
            place,
            "what is opened here is not closed, or a comma is missing in it",
            "each [ needs its ], each { its }, and a comma stands between two parts",
            "unclosed-bracket",
        )
    if "undefined alias" in said:
        return (
            place,
            "“*” repeats another part of the file, which policies cannot",
            "put the text in quotes",
            "alias",
        )
    if "tag" in said:
        return place, "a value cannot begin with “!”", "write  not …  or put the text in quotes", "sign-not"
    if "anchor" in said or "alias" in said:
        return place, "“&” and “*” cannot begin a value", "put the text in quotes", "sign-start"
    if "could not find expected ':'" in said:
        return place, "this line is no “word: value”", "write a colon and a space behind the word", "no-colon"
    if "block" in said or "indent" in said or "dedent" in said:
        return (
            place,
            "this line does not line up with those above it",
            "words that belong together begin in the same column; a dash begins each entry of a list",
            "indentation",
        )
    return place, "this line cannot be read", "compare it with an example:  dunwell words", "unreadable"


def say_placeholder(place: Place, notes: Notes) -> None:
    notes.error(
        place,
        "“{{ }}” is for templates; a policy file has no placeholders",
        "write the word itself here, and the placeholder in the template",
        "placeholder",
    )
