"""The manual, page by page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.edge import edge_of

PAGES = Path(__file__).resolve().parent.parent / "help"


def help_(
    ctx: typer.Context,
    page: Annotated[
        str | None, typer.Argument(metavar="PAGE", help="A page, as the first one lists them.")
    ] = None,
) -> None:
    """Show a page of the manual; without one, what pages there are."""
    from difflib import get_close_matches

    from rich.markdown import Markdown

    from engine.errors import NotFound

    pages = {path.stem: path for path in sorted(PAGES.glob("*.md"))}
    name = (page or "index").strip().lower().removesuffix(".md")
    if name not in pages:
        near = tuple(get_close_matches(name, pages, 2, 0.5)) or tuple(pages)
        raise NotFound("page", page or name, near)
    text = re.sub(r"^!\[.*\n\n?", "", pages[name].read_text("utf-8"), flags=re.MULTILINE)  # no pictures here
    edge = edge_of(ctx)
    if edge.screen.is_terminal:
        edge.show(Markdown(text, hyperlinks=False))
    else:
        edge.screen.out(text, highlight=False)
