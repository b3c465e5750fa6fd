"""Requests drawn from the API's own description, good ones and bad ones, and whether each answer is as described."""

from __future__ import annotations

from traceback import format_exception
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

ACCOUNT, ITEM = "ACC1", "I1"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


class Fuzzed:
    """What was sent to each address, by the status it was answered with; and what was wrong with an answer."""

    def __init__(self) -> None:
        self.answered: dict[str, dict[int, int]] = {}
        self.wrong: dict[str, str] = {}


def fuzzed(
    app: Any, authorization: str, *, good: int, bad: int, only: str = "", steady: bool = True
) -> Fuzzed:
    """So many requests that are as described, and that are not, for each address. Over ASGI, in this process.

    `steady`: the same ones each time.
    """
    headers = {"authorization": authorization, "host": "localhost"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=headers)
    found = Fuzzed()
    for result in schema.get_all_operations():
        operation = result.ok()
        where = f"{operation.method.upper()} {operation.path}"
        if only and operation.path != only:
            continue
        for mode, many in ((GenerationMode.POSITIVE, good), (GenerationMode.NEGATIVE, bad)):
            drawn = operation.as_strategy(generation_mode=mode)
            if mode is GenerationMode.POSITIVE:
                drawn = drawn.map(_of_the_house)
            try:
                _tried(found.answered.setdefault(where, {}), drawn, headers, many, steady)
            except (Exception, BaseExceptionGroup) as error:
                found.wrong[where] = "".join(format_exception(error, limit=0))
    return found


def _tried(answered: dict[int, int], drawn: Any, headers: dict[str, str], many: int, steady: bool) -> None:
    def send(case: Any) -> None:
        answer = case.call(headers=headers)
        answered[answer.status_code] = answered.get(answer.status_code, 0) + 1
        case.validate_response(answer, checks=CHECKS)

    settings(
        max_examples=many,
        deadline=None,
        database=None,
        derandomize=steady,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(given(drawn)(send))()


def _of_the_house(case: Any) -> Any:
    """A name that was drawn is nobody's: it is one of the house, so that there is something to be done."""
    if isinstance(case.body, dict) and "account" in case.body:
        case.body["account"] = ACCOUNT
        case.body |= {"items": [ITEM]} if case.body.get("items") else {}
    if isinstance(case.path_parameters, dict) and "account" in case.path_parameters:
        case.path_parameters["account"] = ACCOUNT
    return case
