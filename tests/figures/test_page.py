"""The page of the manual has every definition, word for word; its examples are true."""

from __future__ import annotations

import re
from dataclasses import replace

from engine.core.language.check import check
from tests.figures.page import PAGE, definitions, parts
from tests.language.workspace import KNOWN, STANDARD

TEXT = PAGE.read_text("utf-8")


def test_the_definitions_are_those_of_the_registry() -> None:
    assert parts(TEXT)[1].strip() == definitions().strip(), "python -m tests.figures.page  writes them"


def test_the_bands_of_the_page() -> None:
    example = re.search(r"```yaml\n# (policies/house.yaml)\n(.*?)```", TEXT, re.S)
    assert example is not None
    files = {example[1]: example[2].encode(), "policies/standard.yaml": STANDARD.encode()}
    found = check(files, replace(KNOWN, own_fields={}))
    assert [problem.sentence for problem in found.problems] == []
    assert found.book is not None
    bands = found.book.house.bands
    assert [(one.low, one.high, one.near) for one in bands.values()] == [
        (None, 20, None),
        (75, None, None),
        (30, 45, None),
        (None, None, 15),
    ]
