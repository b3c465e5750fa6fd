"""What requests that change an account have in common: whose it is, when it was, how much."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from engine.errors import NotFound
from engine.jobs.cases import Who, must_know
from engine.jobs.cases.owing import is_open, minor_of
from engine.web.api.caller import Caller
from engine.web.api.problems import Mistake, NotDone, wrong

Text = Annotated[str, Field(max_length=10_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2100, 12, 31))]
Decimals = Annotated[str, Field(pattern=r"^[0-9]{1,13}(\.[0-9]{1,4})?$", examples=["1200.00"])]
Code = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["USD"])]
Items = Annotated[list[Name], Field(max_length=1000)]


class Asked(BaseModel):
    """A request about an account."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    account: Name
    on: Annotated[Day | None, Field(description="The day it happened; today where it is not said.")] = None


def about(caller: Caller, asked: Asked, items: Sequence[str] = ()) -> Who:
    """The author, where account, day and open items are known; else every mistake at once."""
    found = []
    with caller.reading() as conn:
        try:
            must_know(conn, asked.account)
        except NotFound as error:
            found.append(
                Mistake(part="body", pointer="/account", detail=error.sentence, suggestion=error.hint)
            )
        for at, item in enumerate(items if not found else ()):
            try:
                is_open(conn, asked.account, item)
            except NotFound as error:
                place = f"/items/{at}"
                found.append(
                    Mistake(part="body", pointer=place, detail=error.sentence, suggestion=error.hint)
                )
    if found and found[0].pointer == "/account":
        raise NotDone("not-found", found[0].detail, found[0].suggestion, found)
    if asked.on is not None and asked.on > caller.today:
        said = f"{asked.on} is a day to come"
        hint = "write the day on which it happened"
        found.append(Mistake(part="body", pointer="/on", detail=said, suggestion=hint))
    if found:
        raise wrong(found)
    return caller.who(asked.on)


def minor(
    caller: Caller,
    asked: Asked,
    amount: str,
    currency: str | None,
    items: Sequence[str] = (),
    field: str = "amount",
) -> tuple[int, str | None]:
    """Minor units, and the currency where one is named. What is no amount is a mistake of its field."""
    house = caller.live.live.house.currency
    try:
        return minor_of(caller.desk.engine, asked.account, f"{amount} {currency or ''}".strip(), house, items)
    except ValueError as error:
        raise wrong([Mistake(part="body", pointer=f"/{field}", detail=str(error))]) from None
