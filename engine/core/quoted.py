"""What a person wrote in a mail themselves: without what they quoted, and without their signature.

Simple, well-known marks only. Where they leave nothing, what is left after the quoted lines stands; the whole
text is kept beside it in any case.
"""

from __future__ import annotations

import html
import re

MOST_HTML = 200_000  # characters of a page that are read at all

# “On Mon, 5 Oct 2026, Seller wrote:” in the languages of our messages; it may be broken over two or three lines.
_ATTRIBUTION = re.compile(
    r"(?:on|am|le|el|il|em|op|a)\b.{0,300}?"
    r"(?:wrote|schrieb|a écrit|escribió|ha scritto|escreveu)\b.{0,120}?:\s*",
    re.IGNORECASE | re.DOTALL,
)
_BEGINS = re.compile(r"(?:on|am|le|el|il|em|a)\b", re.IGNORECASE)
# “-----Original Message-----”
_DIVIDER = re.compile(
    r"[-_ ]{2,}\s*(?:original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht"
    r"|message d'origine|message d’origine|message transféré|mensaje original|mensaje reenviado"
    r"|messaggio originale|messaggio inoltrato|mensagem original|mensagem encaminhada)\s*[-_ ]{2,}",
    re.IGNORECASE,
)
_RULE = re.compile(r"_{20,}")
# The head that Outlook puts over what it quotes: a sender, and a date within the next lines.
_FROM = re.compile(r"\*?(?:from|von|de|da|expéditeur)\s?:\*?\s?\S", re.IGNORECASE)
_SENT = re.compile(
    r"\*?(?:sent|date|gesendet|datum|envoyé|enviado(?: el)?|fecha|inviato|data|enviada(?: em)?)\s?:",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"(?:sent from my |get outlook for |von meinem .{1,40} gesendet|gesendet mit |envoyé de(?:puis)? mon "
    r"|enviado desde mi |inviato da(?:l mio)? |enviado do meu )",
    re.IGNORECASE,
)
_BLOCK = frozenset(
    re.findall(
        r"\w+",
        "address article blockquote br div dd dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table tr ul",
    )
)
_HIDDEN = (
    (re.compile("<!--"), re.compile("-->")),
    *(
        (re.compile(rf"<{name}(?=[\s/>])", re.IGNORECASE), re.compile(f"</{name}[^<>]*>?", re.IGNORECASE))
        for name in ("script", "style", "head", "title", "template")
    ),
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})[^<>]*>")
_NO_LETTER = re.compile(r"&#[xX]?[0-9a-fA-F]{8,};?")  # so long a number stands for none
_OTHER = re.compile(r"<[!?/][^<>]*>")


def own_words(text: str) -> str:
    """The person's own words of a mail's plain text."""
    lines = text.splitlines()
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if _cuts(lines, at):
            break
        if spanned := _attribution(lines, at):
            # Over quoted lines it belongs to them, and an answer may stand below; else all that follows is quoted.
            below = next((other for other in lines[at + spanned :] if other.strip()), "")
            if not below.lstrip().startswith(">"):
                break
            at += spanned
            continue
        if not line.startswith(">"):
            kept.append(lines[at].rstrip())
        at += 1
    words = _tidy(kept)
    return words or _tidy([line for line in lines if not line.lstrip().startswith(">")])


def plain(page: str) -> str:
    """The text of an HTML page: nothing hidden, no links, no pictures; what it quotes begins with “>”."""
    page = _without(page[:MOST_HTML].replace("\x00", ""))
    parts: list[str] = []
    depth, last = 0, 0

    def say(piece: str) -> None:
        words = " ".join(html.unescape(_NO_LETTER.sub("", _OTHER.sub("", piece))).split())
        if words:
            parts.append((" " if piece[:1].isspace() else "") + words + (" " if piece[-1:].isspace() else ""))

    def turn() -> None:
        parts.append("\n" + "> " * min(depth, 1))

    for found in _TAG.finditer(page):
        say(page[last : found.start()])
        last = found.end()
        name = found[2].lower()
        if name == "blockquote":
            depth = max(0, depth + (-1 if found[1] else 1))
        if name in _BLOCK:
            turn()
    say(page[last:])
    lines = (line.strip() for line in "".join(parts).split("\n"))
    return _tidy(["" if line == ">" else line for line in lines])


def _without(page: str) -> str:
    """The page without comments and what no reader sees. By searching only: no page can make it slow."""
    for begins, ends in _HIDDEN:
        parts, at = [], 0
        while found := begins.search(page, at):
            parts.append(page[at : found.start()])
            over = ends.search(page, found.end())
            at = over.end() if over else len(page)
        page = "".join((*parts, page[at:]))
    return page


def _cuts(lines: list[str], at: int) -> bool:
    """From this line on nothing is the person's own: a signature, or the message that is answered."""
    line = lines[at].strip()
    if lines[at] in ("-- ", "--") or (len(line) < 200 and _DIVIDER.fullmatch(line)) or _DEVICE.match(line):
        return True
    if _RULE.fullmatch(line):
        return True
    return bool(_FROM.match(line)) and any(_SENT.match(other.strip()) for other in lines[at + 1 : at + 5])


def _attribution(lines: list[str], at: int) -> int:
    """How many lines from here are “On …, … wrote:”; 0 where this is not one."""
    if not _BEGINS.match(lines[at].strip()):
        return 0
    joined = ""
    for count, line in enumerate(lines[at : at + 3], 1):
        joined = f"{joined} {line.strip()[:300]}".strip()
        if joined.endswith(":") and _ATTRIBUTION.fullmatch(joined):
            return count
    return 0


def _tidy(lines: list[str]) -> str:
    """Without empty lines at the ends, and never more than one between."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
