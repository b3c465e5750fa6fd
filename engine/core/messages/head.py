"""A template is a text under a short head: its subject, its tone, and whether it is a message or a script."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from engine.core.language.known import TemplateHead
from engine.core.language.policy import Tone
from engine.core.messages.wording import is_language
from engine.core.problem import Place, Problem

MOST_BYTES = 200_000
WORDS = ("subject", "tone", "kind", "language", "for")
KINDS = ("message", "script")
STRANGERS = ("voicemail", "reception")  # whom a script may be for: somebody who must learn nothing
FRAMES = ("_letter.html", "_email.html")
_LINE = re.compile(r"(?P<key>[^\s:#][^:]*?)(?P<gap>\s*:\s*)(?P<value>.*?)\s*$")

_ALONE = re.compile(r"\s*(\{%.*?%\}\s*)+")


@dataclass(frozen=True, slots=True)
class Template:
    """One file. `text` is all of it; what Jinja sees keeps the file's line numbers. `tone` is None for a
    script."""

    name: str
    kind: str  # message | script
    language: str
    subject: str
    tone: Tone | None
    text: str
    body_line: int  # the line on which the body begins
    place: Place
    subject_place: Place
    stranger: str = ""  # a script that a machine or a receptionist hears: voicemail, reception

    @property
    def body(self) -> str:
        """The text with the head blanked out, so that a line number is the file's."""
        lines = self.text.split("\n")[self.body_line - 1 :]
        return "\n" * (self.body_line - 1) + "\n".join(_keep_break(line) for line in lines)

    @property
    def body_offset(self) -> int:
        """Where the body begins in `text`."""
        return sum(len(line) + 1 for line in self.text.split("\n")[: self.body_line - 1])

    @property
    def file(self) -> str:
        return self.place.file

    def line(self, number: int) -> str:
        lines = self.text.split("\n")
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def problem(self, start: int, end: int, sentence: str, suggestion: str, code: str) -> Problem:
        """Something wrong with the characters of `text` from `start` to before `end`."""
        before = self.text[:start]
        line = before.count("\n") + 1
        column = start - (before.rfind("\n") + 1) + 1
        stop = column + len(self.text[start:end].split("\n")[0])
        return Problem(Place(self.file, line, column, stop), sentence, suggestion, code, line=self.line(line))


@dataclass(frozen=True, slots=True)
class Templates:
    """All templates of a workspace: by kind and name, in each language. `frames` are `_letter.html`,
    `_email.html`."""

    by_name: Mapping[tuple[str, str], Mapping[str, Template]] = field(default_factory=dict)
    frames: Mapping[str, str] = field(default_factory=dict)

    def languages(self, name: str, kind: str = "message") -> Mapping[str, Template]:
        """The template in its languages; empty if there is none of that name and kind."""
        return self.by_name.get((kind, name), {})

    def names(self, kind: str = "message") -> tuple[str, ...]:
        return tuple(sorted(name for each, name in self.by_name if each == kind))

    @property
    def heads(self) -> tuple[TemplateHead, ...]:
        """What policies must know of the templates."""
        return tuple(
            TemplateHead(name, kind, first.tone, tuple(variants), first.place)
            for (kind, name), variants in sorted(self.by_name.items())
            for first in [variants.get("en") or next(iter(variants.values()))]
        )

    def without(self, files: Collection[str]) -> Templates:
        """These but for those of some files."""
        kept = {
            key: {language: each for language, each in variants.items() if each.file not in files}
            for key, variants in self.by_name.items()
        }
        return Templates({key: variants for key, variants in kept.items() if variants}, self.frames)

    def tone(self, name: str) -> Tone | None:
        return next((template.tone for template in self.languages(name).values()), None)

    def __iter__(self) -> Iterator[Template]:
        for key in sorted(self.by_name):
            yield from self.by_name[key].values()


def did_you_mean(written: str, known: tuple[str, ...] | list[str], otherwise: str) -> str:
    near = difflib.get_close_matches(written, known, n=1, cutoff=0.6)
    return f"did you mean “{near[0]}”?" if near else otherwise


def read_templates(files: Mapping[str, bytes]) -> tuple[Templates, list[Problem]]:
    """File names (with or without a folder) and their bytes; the templates that could be read, and all
    problems.

    `NAME.md` is a template, `NAME.de.md` its German, `NAME.script.md` a call script that may share a
    message's name.
    Other files than `.md` and the two frames are left alone.
    """
    problems: list[Problem] = []
    found: dict[tuple[str, str], dict[str, Template]] = {}
    frames: dict[str, str] = {}
    for file in sorted(files):
        base = PurePosixPath(file).name
        if base not in FRAMES and not base.endswith(".md"):
            continue
        text = _decode(file, files[file], problems)
        if text is None:
            continue
        if base in FRAMES:
            frames[base] = text
            continue
        template = _read(file, text, problems)
        if template is None:
            continue
        languages = found.setdefault((template.kind, template.name), {})
        if first := languages.get(template.language):
            problems.append(
                _problem(
                    template,
                    template.place,
                    f"“{first.file}” is this {template.kind} in {template.language} already",
                    "keep one of the two files",
                    "duplicate",
                    also=first.place,
                )
            )
            continue
        languages[template.language] = template
    for languages in found.values():
        problems += _tones_differ(list(languages.values()))
    return Templates(found, frames), problems


def _decode(file: str, data: bytes, problems: list[Problem]) -> str | None:
    if len(data) > MOST_BYTES:
        problems.append(
            Problem(
                Place(file),
                f"this file has {len(data):,} bytes; a template has at most {MOST_BYTES:,}",
                "is it another file?",
                "too-large",
            )
        )
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", errors="replace").split("\n")
        place = Place(file, len(before), len(before[-1]) + 1)
        problems.append(Problem(place, "this file is not saved as UTF-8", "save it as UTF-8", "encoding"))
        return None
    if "\0" in text:
        problems.append(
            Problem(Place(file), "this is no text file", "save it as plain text in UTF-8", "encoding")
        )
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read(file: str, text: str, problems: list[Problem]) -> Template | None:
    lines = text.split("\n")
    stem, *marks = PurePosixPath(file).name.removesuffix(".md").split(".")
    start = Place(file, 1, 1, len(lines[0]) + 1)
    example = "begin the file with\n---\nsubject: Overdue invoices, account {{ account }}\ntone: firm\n---"
    if lines[0].strip() != "---":
        problems.append(Problem(start, "this template has no head", example, "no-head", line=lines[0]))
        return None
    end = next((number for number, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
    if not end:
        problems.append(
            Problem(start, "the head is not closed", "put a line  ---  under it", "no-head", line="---")
        )
        return None
    before = len(problems)
    words = _head(file, lines[1:end], problems)

    def value(word: str) -> tuple[str, Place]:
        return words.get(word, ("", start))

    def wrong(word: str, sentence: str, suggestion: str, code: str) -> None:
        place = value(word)[1]
        problems.append(Problem(place, sentence, suggestion, code, line=lines[place.line - 1]))

    kind = value("kind")[0] or ("script" if "script" in marks else "message")
    if kind not in KINDS:
        wrong(
            "kind",
            f"there is no kind “{kind}”",
            did_you_mean(kind, KINDS, "write  message  or  script"),
            "unknown-word",
        )
    elif kind == "message" and "script" in marks:
        wrong("kind", "a file named .script.md is a call script", "write  kind: script", "kind")
    marks = [mark for mark in marks if mark != "script"]
    language = value("language")[0] or (marks[-1] if marks else "en")
    if len(marks) > 1 or not is_language(language):
        problems.append(
            Problem(
                value("language")[1],
                f"“{'.'.join(marks) or language}” is no language",
                f"write its two letters, as in {stem}.de.md",
                "unknown-language",
                line=lines[0],
            )
        )
    stranger = value("for")[0]
    if stranger and (kind != "script" or stranger not in STRANGERS):
        sentence = (
            f"a script is not for “{stranger}”" if kind == "script" else "only a script is for somebody"
        )
        hint = did_you_mean(stranger, STRANGERS, "write  for: voicemail  or  for: reception")
        wrong("for", sentence, hint if kind == "script" else "take the line away", "unknown-word")
    tone = value("tone")[0]
    tones = tuple(each.value for each in Tone)
    if kind == "message":
        if "subject" not in words or not value("subject")[0]:
            wrong(
                "subject", "this message has no subject", "add a line  subject: …  to the head", "no-subject"
            )
        if not tone:
            wrong(
                "tone",
                "this message does not say its tone",
                "add a line  tone: courteous  (or firm, final, legal)",
                "no-tone",
            )
        elif tone not in tones:
            wrong(
                "tone",
                f"there is no tone “{tone}”",
                did_you_mean(tone, tones, "write one of: " + ", ".join(tones)),
                "unknown-word",
            )
    if len(problems) > before:
        return None
    return Template(
        name=stem,
        kind=kind,
        language=language,
        subject=value("subject")[0],
        tone=Tone(tone) if kind == "message" else None,
        text=text,
        body_line=end + 2,
        place=start,
        subject_place=value("subject")[1],
        stranger=stranger,
    )


def _head(file: str, lines: list[str], problems: list[Problem]) -> dict[str, tuple[str, Place]]:
    """Each word with its value and the value's place."""
    words: dict[str, tuple[str, Place]] = {}
    for number, line in enumerate(lines, 2):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.match(line)
        whole = Place(file, number, 1, len(line) + 1)
        if match is None:
            problems.append(
                Problem(
                    whole,
                    "a line of the head is a word, a colon and its value",
                    "write  tone: firm",
                    "head",
                    line=line,
                )
            )
            continue
        key, value = match["key"], match["value"]
        place = Place(file, number, 1, len(key) + 1)
        if key not in WORDS:
            hint = did_you_mean(key, WORDS, "the words of a head are: " + ", ".join(WORDS))
            problems.append(Problem(place, f"a template has no “{key}”", hint, "unknown-word", line=line))
            continue
        if key in words:
            first = words[key][1]
            problems.append(
                Problem(
                    place,
                    f"“{key}” is written twice",
                    f"the first is on line {first.line}; keep one",
                    "duplicate",
                    line=line,
                    also=first,
                )
            )
            continue
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        column = match.start("value") + 1
        words[key] = (value, Place(file, number, column, max(column + 1, match.end("value") + 1)))
    return words


def _keep_break(line: str) -> str:
    """A tag alone on its line takes the line with it; one at the end of a line of text leaves the line break
    there."""
    end = line.rstrip()
    if end.endswith("%}") and end[-3:-2] not in "-+" and not _ALONE.fullmatch(line):
        return end[:-2] + "+%}"
    return line


def _tones_differ(variants: list[Template]) -> list[Problem]:
    first = next((each for each in variants if each.language == "en"), variants[0])
    return [
        _problem(
            each,
            each.place,
            f"this is {each.tone} in {each.language}, and {first.tone} in {first.language}",
            f"write  tone: {first.tone}  in both",
            "tones-differ",
            also=first.place,
        )
        for each in variants
        if each.tone is not first.tone
    ]


def _problem(
    template: Template, place: Place, sentence: str, suggestion: str, code: str, also: Place | None = None
) -> Problem:
    return Problem(place, sentence, suggestion, code, line=template.line(place.line), also=also)
