"""What is claimed to be proved is true for every value, and for an account without one."""

from __future__ import annotations

from hypothesis import event, given, settings
from hypothesis import strategies as st

from engine.core.language.condition import Clause, Op, Test
from engine.core.language.overlap import implies, takes_all
from engine.core.problem import Place

PLACE = Place("p.yaml")
WORDS = ("a", "b", "c")
SETTINGS = settings(max_examples=400, deadline=None)


@st.composite
def number_tests(draw: st.DrawFn, field: str = "days") -> Test:
    op = draw(st.sampled_from(list(Op)))
    low = draw(st.integers(-2, 3))
    values: tuple[int, ...] = (low,)
    if op is Op.BETWEEN:
        values = (low, low + draw(st.integers(0, 3)))
    if op is Op.IS:
        values = tuple(draw(st.lists(st.integers(-2, 3), min_size=1, max_size=3)))
    return Test(field, op, values, draw(st.booleans()), "", PLACE)


@st.composite
def word_tests(draw: st.DrawFn, field: str = "segment") -> Test:
    words = tuple(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)))
    return Test(field, Op.IS, words, draw(st.booleans()), "", PLACE)


@SETTINGS
@given(number_tests(), number_tests())
def test_numbers(one: Test, other: Test) -> None:
    proved = implies(one, other)
    event(f"proved: {proved}")
    for value in (None, *range(-6, 9)):
        if proved and one.holds({"days": value}):
            assert other.holds({"days": value}), value


def test_a_list_of_numbers_is_not_what_it_spans() -> None:
    inside = Test("days", Op.BETWEEN, (2, 3), False, "", PLACE)
    ends = Test("days", Op.IS, (1, 5), False, "", PLACE)
    assert not implies(inside, ends)
    negated = [Test("days", test.op, test.values, True, "", PLACE) for test in (ends, inside)]
    assert not implies(*negated)
    assert implies(ends, Test("days", Op.BETWEEN, (0, 5), False, "", PLACE))


@SETTINGS
@given(word_tests(), word_tests())
def test_words(one: Test, other: Test) -> None:
    proved = implies(one, other)
    event(f"proved: {proved}")
    truth = all(other.holds({"segment": v}) for v in (None, *WORDS, "d") if one.holds({"segment": v}))
    assert proved == truth  # with words the proof is complete


@SETTINGS
@given(word_tests("tags"), word_tests("tags"))
def test_tags(one: Test, other: Test) -> None:
    if implies(one, other):
        for tags in (
            None,
            *(frozenset(w for n, w in enumerate(WORDS) if bits >> n & 1) for bits in range(8)),
        ):
            assert not one.holds({"tags": tags}) or other.holds({"tags": tags})


@SETTINGS
@given(
    st.lists(st.one_of(word_tests(), number_tests()), max_size=2),
    st.lists(st.one_of(word_tests(), number_tests()), max_size=3),
)
def test_clauses(earlier: list[Test], later: list[Test]) -> None:
    first, second = Clause(tuple(earlier), PLACE), Clause(tuple(later), PLACE)
    if takes_all(first, second):
        for word in (None, *WORDS, "d"):
            for days in (None, *range(-6, 9)):
                facts = {"segment": word, "days": days}
                assert not second.holds(facts) or first.holds(facts)
