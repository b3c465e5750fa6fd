"""A CSV file as its rows: any usual encoding and separator, strict about quotes and about where it ends."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from charset_normalizer import from_bytes

from engine.core.problem import Place, Problem
from engine.readers.headers import likeness
from engine.readers.table import Table

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_CODE_PAGES = ("cp1252", "cp850", "mac_roman")
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# "Ã¼" for "ü", "â‚¬" for "€": UTF-8 that was read as Windows text and saved again
_MOJIBAKE = re.compile(r"[ÃÂ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â(?:€|‚¬|‚)|Ã[ƒ‚]|[├┬][^\w\s]|\ufffd")
_SAMPLE = 80  # lines looked at to find the separator


def read_csv(
    name: str, data: bytes, *, encoding: str = "", separator: str = ""
) -> tuple[list[Table], list[Problem]]:
    """The one table of a CSV file, or the problems that keep it from being read at all."""
    decoded = decode(name, data, encoding)
    if isinstance(decoded, Problem):
        return [], [decoded]
    text, used = decoded
    if not text.strip():
        return [], [Problem(Place(name), "the file is empty", "export it again", "empty-file")]
    source = list(io.StringIO(text, newline=""))
    chosen = separator or _separator(source)
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(source, delimiter=chosen, strict=True)
    begins = 1
    try:
        for row in reader:
            rows.append([cell.strip() for cell in row])
            lines.append(begins)
            begins = reader.line_num + 1
    except csv.Error:
        return [], [_long(name, source, begins, chosen) or _quote(name, source, begins, chosen)]
    return [
        Table(
            name,
            rows,
            lines,
            separator=chosen,
            encoding=used,
            source=source,
            ended=source[-1].endswith(("\n", "\r")),
        )
    ], []


def decode(name: str, data: bytes, encoding: str = "") -> tuple[str, str] | Problem:
    """The text and the encoding it was in: as told, else by its mark, else UTF-8, else the likeliest code
    page.
    """
    place = Place(name)
    for mark, marked in _BOMS:
        if data.startswith(mark):
            encoding = marked
            break
    else:
        if not encoding and b"\x00" in data[:400]:
            encoding = "utf-16-le" if data[1:2] == b"\x00" else "utf-16-be"
    try:
        if encoding:
            text = data.decode(encoding)
        else:
            text, encoding = _guess(data)
    except LookupError:
        return Problem(
            place,
            f"there is no encoding “{encoding}”",
            "write for example encoding = “utf-8” or “cp1252” in the profile",
            "encoding",
        )
    except UnicodeError as error:
        at = data[: getattr(error, "start", 0)].count(b"\n") + 1
        return Problem(
            Place(name, at),
            f"this line is not {encoding.upper()} text",
            "save the file as “CSV UTF-8”, or name its encoding in the profile: encoding = “cp1252”",
            "encoding",
        )
    if "\x00" in text:
        at = text[: text.index("\x00")].count("\n") + 1
        return Problem(
            Place(name, at), "this is not a text file", "export the ledger as CSV or as .xlsx", "not-text"
        )
    spoilt = _MOJIBAKE.search(text)
    if spoilt:
        before = text[: spoilt.start()]
        column = spoilt.start() - (before.rfind("\n") + 1)
        line = text[spoilt.start() - column :].partition("\n")[0].rstrip("\r")
        return Problem(
            Place(name, before.count("\n") + 1, column + 1, column + 1 + len(spoilt[0])),
            f"“{spoilt[0]}” shows that letters were lost when this file was saved",
            "export it again and choose UTF-8; do not open and save it in between",
            "mojibake",
            line=line,
        )
    return text, encoding


def _guess(data: bytes) -> tuple[str, str]:
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        # Only the lines with letters beyond ASCII tell code pages apart.
        telling = b"\n".join(line for line in data.splitlines() if not line.isascii())[:65536]
        best = from_bytes(telling, cp_isolation=list(_CODE_PAGES)).best()
        encoding = best.encoding if best else "cp1252"
        return data.decode(encoding), encoding


def _separator(source: Sequence[str]) -> str:
    """The separator under which the first lines show the best header."""

    def score(separator: str) -> tuple[int, int]:
        best = (0, 0)
        for line in source[:_SAMPLE]:
            try:
                cells = next(csv.reader([line], delimiter=separator), [])
            except csv.Error:
                cells = line.split(separator)
            best = max(best, (likeness(cells), len(cells)))
        return best

    return max(SEPARATORS, key=score)


def _long(name: str, source: Sequence[str], begins: int, separator: str) -> Problem | None:
    """A cell that is longer than any is read; None where reading stopped for another reason."""
    line = source[begins - 1].rstrip("\r\n") if begins <= len(source) else ""
    most = csv.field_size_limit()
    start, quoted = 0, False
    for at, character in enumerate(line + separator if len(line) > most else ""):
        if character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            if at - start > most:
                return Problem(
                    Place(name, begins, start + 1, start + 2),
                    f"this cell has {at - start:,} characters; the most that is read is {most:,}",
                    "shorten it, or export without this column",
                    "long-cell",
                    line=line[: start + 40],
                )
            start = at + 1
    return None


def _quote(name: str, source: Sequence[str], begins: int, separator: str) -> Problem:
    """The quote that is never closed: the last one opened in the row at which reading stopped."""
    line = source[begins - 1] if begins <= len(source) else ""
    column = max(line.find('"'), 0)
    start, quoted = 0, False
    for at, character in enumerate(line):
        if character == '"':
            quoted = not quoted
            column = at if at == start else column
        elif character == separator and not quoted:
            start = at + 1
    return Problem(
        Place(name, begins, column + 1, column + 2),
        "a quote that begins here is never closed as it should be",
        'close the quote, or double it where it belongs to the text: "12"" pipe"',
        "unclosed-quote",
        line=line.rstrip("\r\n"),
    )
