"""Every profile shown in the manual is one."""

from __future__ import annotations

import re
from pathlib import Path

from engine.readers import profile as profiles
from engine.readers.aliases import LEDGER
from engine.readers.headers import normal
from engine.readers.profile import SET_ASIDE, SIGNS

PAGE = (Path(__file__).parents[2] / "engine" / "help" / "ledger.md").read_text(encoding="utf-8")


def test_profiles_in_the_manual_are_read() -> None:
    shown = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(shown) == 2
    for text in shown:
        profile, problems = profiles.read("manual.toml", text)
        assert problems == ()
        assert profile is not None
    for word in (*SET_ASIDE, *SIGNS):
        assert f'"{word}"' in PAGE


def test_headers_in_the_manual_are_known() -> None:
    known = {alias for tiers in LEDGER.values() for tier in tiers for alias in tier.split("·")}
    rows = re.findall(r"^\| (?:customer|document|due|open|currency)[^|]*\| ([^|;]*)", PAGE, re.MULTILINE)
    assert len(rows) == 6
    for row in rows:
        for name in row.split(","):
            assert normal(name) in known, name
