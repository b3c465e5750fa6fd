"""Every page of the desk, small and wide, light and dark, looked through by axe.

`python -m benchmarks.looks [--folder DIR]` opens the desk over the sample in Chromium as somebody with every role. Each
page is asked at 360 and 1920 pixels, in light and in dark: whether axe finds anything, and whether it is wider than its
window. With `--folder` each is kept as a picture, to be looked at. The last line is JSON (`pages`, `looks`, `faults`).
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import axe_playwright_python

from benchmarks.pages import everything, pages
from benchmarks.pictures import NOW, chromium, sample
from engine.jobs.people import entry
from engine.jobs.people.entry import From

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
WIDTHS = (360, 1920)
SCHEMES = ("light", "dark")
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_FOUND = "axe.run(document, {resultTypes: ['violations']})"


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--folder", type=Path)
    into: Path | None = words.parse_args().folder
    with sample() as (desk, address), chromium() as browser:
        token = entry.let_in(desk.engine, everything(desk.engine), "link", NOW, From()).token
        there = [one for one in pages(desk.engine, desk) if not one.startswith("/api/")]
        faults, looks = 0, 0
        for width in WIDTHS:
            for scheme in SCHEMES:
                context = browser.new_context(
                    base_url=address, viewport={"width": width, "height": 900}, color_scheme=scheme
                )
                context.add_cookies([{"name": "dunwell", "value": token, "url": address}])
                page = context.new_page()
                for path in there:
                    looks += 1
                    for fault in _looked(page, path):
                        faults += 1
                        print(f"{width} {scheme} {path}: {fault}", flush=True)
                    if into is not None:
                        into.mkdir(parents=True, exist_ok=True)
                        named = re.sub(r"\W+", "-", path).strip("-")
                        page.screenshot(path=into / f"{named}.{width}.{scheme}.png", full_page=True)
                context.close()
    print(json.dumps({"pages": len(there), "looks": looks, "faults": faults}))
    return 1 if faults else 0


def _looked(page: Any, path: str) -> list[str]:
    answer = page.goto(path)
    if answer.status != 200:
        return [f"answers {answer.status}"]
    if path.startswith("/week"):
        page.locator(".calendar").wait_for()
    wider = page.evaluate(_WIDER)
    found = [f"{wider} pixels wider than its window"] if wider > 0 else []
    page.evaluate(AXE)
    return found + [f"{one['id']}: {one['nodes'][0]['html']}" for one in page.evaluate(_FOUND)["violations"]]


if __name__ == "__main__":
    raise SystemExit(main())
