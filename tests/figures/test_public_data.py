"""On a public ledger of three years the figures are those that a plain loop over its lines comes to."""

from __future__ import annotations

import csv
import gzip
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from engine.core.figures.periods import month_of
from engine.core.figures.records import FRAMES, Records, Shown, gathered
from engine.core.figures.report import report
from engine.core.workdays import calendar

FILE = Path(__file__).parents[2].parent / "shared/data/datarisk/base_pagamentos_desenvolvimento.csv.gz"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="the public ledgers are not beside the project")
MONTHS = (date(2019, 10, 1), date(2020, 6, 1))


@dataclass(frozen=True)
class Line:
    account: str
    issued: date
    due: date
    paid: date
    amount: int


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return list(_read())


def _read() -> Iterator[Line]:
    with gzip.open(FILE, "rt", encoding="utf-8") as text:
        for row in csv.DictReader(text, delimiter=";"):
            days = [row[name] for name in ("DATA_EMISSAO_DOCUMENTO", "DATA_VENCIMENTO", "DATA_PAGAMENTO")]
            some = row["ID_CLIENTE"].endswith(("3", "7"))  # a fifth of the customers is enough
            if some and row["VALOR_A_PAGAR"] and all(days):
                issued, due, paid = map(date.fromisoformat, days)
                if issued <= due and issued <= paid:
                    yield Line(row["ID_CLIENTE"], issued, due, paid, round(float(row["VALOR_A_PAGAR"]) * 100))


@pytest.fixture(scope="module")
def known(lines: list[Line]) -> Records:
    """As they are on record once all was taken in as paid."""
    documents = [
        (one.account, str(n), "invoice", one.issued, one.due, one.amount, 0, "BRL", None, None)
        for n, one in enumerate(lines)
    ]
    payments = [
        (one.account, str(n), one.amount, "BRL", one.paid, None, False) for n, one in enumerate(lines)
    ]
    frames = {
        "documents": pl.DataFrame(documents, schema=dict(FRAMES["documents"]), orient="row"),
        "payments": pl.DataFrame(payments, schema=dict(FRAMES["payments"]), orient="row"),
    }
    return gathered(frames, (Shown(date(2021, 6, 30), {}),))


@pytest.mark.parametrize("month", MONTHS)
def test_a_month_by_a_plain_loop(month: date, lines: list[Line], known: Records) -> None:
    days = month_of(month)
    found = report(known, days, "BRL", calendar("none"))
    open_ = [one for one in lines if one.issued <= days.last < one.paid]
    late = sum(one.amount for one in open_ if one.due < days.last)
    total = sum(one.amount for one in open_)
    sold = sum(one.amount for one in lines if one.issued in days)
    paid = [one for one in lines if one.paid in days]
    beyond = sum(one.amount * max(0, (one.paid - one.due).days) for one in paid) / sum(
        one.amount for one in paid
    )

    def value(name: str) -> float | None:
        return found.line(name).value.number

    assert value("receivables") == total
    assert value("overdue") == late
    assert value("overdue share") == pytest.approx(100 * late / total)
    assert value("DSO") == pytest.approx(total / sold * monthrange(month.year, month.month)[1])
    assert value("adbt") == pytest.approx(beyond)
    began = sum(one.amount for one in lines if one.issued < days.first <= one.paid)
    assert value("CEI") == pytest.approx(100 * (began + sold - total) / (began + sold - (total - late)))
    accounts = {one.account for one in open_ if one.due < days.last}
    assert found.line("accounts past due").value.part == len(accounts)
    assert len(accounts) > 0
    assert sum(bucket.amount for bucket in found.ageing[0].buckets) == total
