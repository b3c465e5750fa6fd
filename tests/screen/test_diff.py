"""A change of the policies drawn, for a person, a pull request and a program."""

from __future__ import annotations

from dataclasses import replace

from syrupy.assertion import SnapshotAssertion

from engine.core.sentences import NO_LEDGER, NO_STOP, NOBODY, SAME_WORDS
from engine.core.trust.impact import Touched
from engine.screen.diff import diff_drawn, diff_value
from engine.screen.diff_markdown import diff_markdown
from tests.screen.changes import DAYS, DIFFERENCE, IMPACT
from tests.screen.values import drawn


def test_a_change(snapshot: SnapshotAssertion) -> None:
    assert drawn(diff_drawn(DIFFERENCE)) == snapshot


def test_a_change_on_a_narrow_screen(snapshot: SnapshotAssertion) -> None:
    assert drawn(diff_drawn(DIFFERENCE, width=72), 72) == snapshot


def test_a_comment_of_a_pull_request(snapshot: SnapshotAssertion) -> None:
    assert diff_markdown(DIFFERENCE) == snapshot


def test_a_comment_in_which_nobody_is_named() -> None:
    text = diff_markdown(DIFFERENCE, names=False)
    for account in ("HARB", "MEIE", "ACME", "CORK", "Kyoto"):
        assert account not in text
    assert "$998,120.50 and €12,000.00" in text


def test_names_from_a_ledger_are_no_mark_up() -> None:
    text = diff_markdown(DIFFERENCE)
    assert "Meier \\| Söhne @\u200ball &lt;b&gt;" in text
    assert "\x1b" not in text + drawn(diff_drawn(DIFFERENCE))


def test_a_program_is_given_minor_units_by_currency(snapshot: SnapshotAssertion) -> None:
    assert diff_value(DIFFERENCE) == snapshot


def test_every_day_when_asked() -> None:
    many = replace(IMPACT, days=DAYS[1:2] * 12)
    short, long = (
        drawn(diff_drawn(replace(DIFFERENCE, impact=many), every_day=every)) for every in (False, True)
    )
    assert (short.count("Tue 24 Nov"), long.count("Tue 24 Nov")) == (10, 14)
    assert "more: --show days (12 in all)" in short
    assert "more: --show days" not in long


def test_nothing_to_tell() -> None:
    nobody = Touched(0, {}, ())
    quiet = replace(
        IMPACT, days=DAYS[2:4], kinds=(), moves=(), newly=nobody, no_longer=nobody, otherwise=0,
        approvals_after=2, workload=(),
    )  # fmt: skip
    text = drawn(diff_drawn(replace(DIFFERENCE, impact=quiet)))
    assert NOBODY in text
    assert NO_STOP in text
    assert NOBODY in diff_markdown(replace(DIFFERENCE, impact=quiet))
    words = replace(DIFFERENCE, impact=None, ledger=False)
    assert NO_LEDGER in drawn(diff_drawn(words))
    same = replace(words, words=(), files=())
    assert SAME_WORDS in drawn(diff_drawn(same))
    assert SAME_WORDS in diff_markdown(same)
