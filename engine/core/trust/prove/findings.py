"""What is found: each with its places, an account that shows it, how it comes to it, and a test that anybody can run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.language.policy import Policy, PolicyBook, Step
from engine.core.problem import Place, Problem, Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `policy` is the one that it is about; `example` an account of a policy test, `timeline` how it comes to it,
    `test` a whole file of policies/tests; each may be empty. `shown`: the test does what it should. `sampled`: found, or not
    found, by trying some of many cases.
    """

    problem: Problem
    policy: str = ""
    example: str = ""
    timeline: tuple[str, ...] = ()
    test: str = ""
    shown: bool = True
    sampled: bool = False


def warned(
    code: str,
    place: Place,
    sentence: str,
    suggestion: str,
    also: Place | None = None,
    policy: str = "",
    **more: object,
) -> Finding:
    return Finding(
        Problem(place, sentence, suggestion, code, Severity.WARNING, also=also),
        policy,
        **more,  # type: ignore[arg-type]
    )


def steps(book: PolicyBook) -> Sequence[tuple[int, Policy, Step]]:
    """Every step of every policy, with the policy's index."""
    return [(p, policy, step) for p, policy in enumerate(book.policies) for step in policy.steps]
