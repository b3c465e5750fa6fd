"""Each of the 76 practices of good collection is shown by a test.

A practice is shown by a test marked `@pytest.mark.practice(N)` that drives a verb and asserts what the next person sees.
`python -m tests.cases.test_practices` prints the table.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]

PRACTICES = {
    1: "a customer hangs up",
    2: "a hang-up is no failure",
    3: "customers are under the influence of circumstances",
    4: "no technique works every time",
    5: "a hang-up differs from an abusive call",
    6: "do not take it personally",
    7: "call back right away",
    8: "or in ten minutes",
    9: "carry on as if it had not happened",
    10: "or bring it into the open",
    11: "have a supervisor call",
    12: "a peer often does just fine",
    13: "let it go once the intention is clear",
    14: "keep what was obtained before the hang-up",
    15: "the older a debt, the harder to collect",
    16: "no anger, an empathetic tone",
    17: "a short-term crunch, or deep trouble",
    18: "a good customer with a problem",
    19: "listen to the customer's story",
    20: "a special payment plan",
    21: "return of merchandise",
    22: "a lower tier of service until it is solved",
    23: "a resolution that is best for both",
    24: "accurate records of communications",
    25: "begin with a letter that does not threaten",
    26: "ask for an answer by a date",
    27: "progressively firmer",
    28: "an insufficient response is a condition",
    29: "contact a principal",
    30: "confirm the points covered",
    31: "review the policies when problems rise",
    32: "last resort: cash on delivery",
    33: "or payment in advance",
    34: "the account owner hears first",
    35: "give the customer time to talk",
    36: "pay attention to what they say",
    37: "let them finish the story",
    38: "confident, not superior",
    39: "know the payment history",
    40: "know the patterns of late payment",
    41: "know what goes on in their industry",
    42: "outside information",
    43: "a reasonable compromise",
    44: "done well it raises retention",
    45: "keep the account buying while it pays",
    46: "many are late for the first time",
    47: "they want to preserve their credit",
    48: "be the first who is paid",
    49: "help to find sources of money",
    50: "arrangements that they can keep",
    51: "a friendly approach works",
    52: "guidance: remind of the positive role",
    53: "assertive, not aggressive",
    54: "a pattern for the call",
    55: "positive questions",
    56: "the voice on the telephone",
    57: "tell short-term from long-term problems",
    58: "the tools at hand for each reason",
    59: "disputes and hardship have their own ways",
    60: "angry customers, calmly",
    61: "mind the stress of the job",
    62: "the 35th day without a check, on the phone",
    63: "research first, the paperwork at hand",
    64: "the customer and the issue only",
    65: "do not start by demanding: ask why",
    66: "short shipment",
    67: "wrong product",
    68: "pricing error",
    69: "credit not received",
    70: "legitimate concerns before demands",
    71: "the check is in the mail: number, amount, date",
    72: "not received in 5 to 7 days: follow up",
    73: "no invoice: a copy at once",
    74: "never irate",
    75: "the name of the person spoken with",
    76: "follow up with the same person",
}


def _marks(source: str) -> Iterator[int]:
    """The numbers in `pytest.mark.practice(N)` anywhere: on a test, a parameter or a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.practice":
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, int):
                    yield argument.value


def shown() -> dict[int, set[str]]:
    """Practice to the files whose tests show it."""
    found: dict[int, set[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for number in _marks(path.read_text("utf-8")):
            found.setdefault(number, set()).add(path.relative_to(TESTS).as_posix())
    return found


def table() -> str:
    """All 76 as a table in Markdown: each with the tests that show it."""
    found = shown()
    lines = ["| # | practice | tests |", "|---|---|---|"]
    lines += [f"| {n} | {practice} | {', '.join(sorted(found[n]))} |" for n, practice in PRACTICES.items()]
    return "\n".join(lines)


def test_every_practice_has_a_test() -> None:
    assert set(PRACTICES) == set(range(1, 77))
    assert set(shown()) == set(PRACTICES)


def test_the_table_has_a_line_for_each() -> None:
    rows = [line for line in table().splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert [int(row.split("|")[1]) for row in rows] == list(PRACTICES)
    assert "| 24 | accurate records of communications | cases/test_evidence.py |" in rows


if __name__ == "__main__":
    print(table())
