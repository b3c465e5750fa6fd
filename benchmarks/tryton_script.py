"""Tryton's side of `benchmarks.tryton`, run by its own Python: it knows Tryton and nothing of Dunwell.

    python -O tryton_script.py lay DATABASE LEDGER DATE
    python -O tryton_script.py dun DATABASE DATE

`lay` fills a database that trytond-admin has made: a company, a chart of accounts, a fiscal year, a procedure of four levels,
and from a ledger as Dunwell reads it the customers and a move an invoice, in one transaction. `dun` does what the wizard
"Create Dunnings" does for its administrator, timed from the transaction's begin to the end of its commit. The last line is JSON.
"""

import csv
import json
import resource
import sys
import time
from datetime import date, timedelta
from decimal import Decimal

from sql import Column
from trytond.model import fields
from trytond.pool import Pool
from trytond.transaction import Transaction, TransactionError

LEVELS = (1, 15, 30, 45)  # days overdue
ONCE = 1_000  # how many rows are stored at once


def company():
    """The one company, with the United States dollar and an English chart of accounts, which the administrator may use."""
    dollar = made("currency.currency", {"name": "US dollar", "symbol": "$", "code": "USD"})
    party = made("party.party", {"name": "Fernhollow Supply Co."})
    one = made("company.company", {"party": party.id, "currency": dollar.id})
    User = Pool().get("res.user")
    User.write([User(Transaction().user)], {"companies": [("add", [one.id])], "company": one.id})
    return one


def chart(of):
    """Its accounts: what is receivable, and the revenue."""
    pool = Pool()
    Template, Account, ModelData = map(
        pool.get, ("account.account.template", "account.account", "ir.model.data")
    )
    Create = pool.get("account.create_chart", type="wizard")
    wizard = Create(Create.create()[0])
    wizard.account.company = of
    wizard.account.account_template = Template(ModelData.get_id("account", "account_template_root_en"))
    wizard.transition_create_account()
    kinds = ("type.receivable", "type.revenue")
    return [
        Account.search([("company", "=", of.id), (kind, "=", True), ("closed", "!=", True)])[0]
        for kind in kinds
    ]


def period(of, on):
    """A fiscal year of one period, from the year before to the year after: every invoice of the ledger is in it."""
    kinds = Pool().get("ir.sequence.type").search([("name", "=", "Account Move")])
    told = {"name": "Moves", "sequence_type": kinds[0].id, "company": of.id}
    sequence = made("ir.sequence.strict", told)
    told = {"name": "All of it", "start_date": date(on.year - 1, 1, 1), "end_date": date(on.year + 1, 12, 31)}
    year = made("account.fiscalyear", {**told, "company": of.id, "move_sequence": sequence.id})
    return made("account.period", {**told, "fiscalyear": year.id})


def laid(name, user, file, on):
    """As `lay`, begun anew with each table that Tryton says it must lock before: its own way."""
    asked = {}
    while True:
        with Transaction().start(name, user, **asked) as transaction:
            try:
                return lay(file, on)
            except TransactionError as error:
                transaction.rollback()
                error.fix(asked)


def lay(file, on):
    """The number of lines laid. Tryton makes the first customer and the first move; the others are copies of their rows."""
    with open(file, encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    of = company()
    User = Pool().get("res.user")
    with Transaction().set_context(User.get_preferences(context_only=True)):
        receivable, revenue = chart(of)
        inside = period(of, on)
        levels = [{"sequence": at, "overdue": timedelta(days=days)} for at, days in enumerate(LEVELS, 1)]
        procedure = made("account.dunning.procedure", {"name": "Four levels", "levels": [("create", levels)]})
        names = list(dict.fromkeys(row["Customer Name"] for row in rows))
        first = made("party.party", {"name": names[0], "code": names[0], "dunning_procedure": procedure.id})
        copied(first, [{"name": name, "code": name} for name in names[1:]])
        parties = ids("party.party", "code")
        copied(first.dunning_procedures[0], [{"party": parties[name]} for name in names[1:]])
        lines = [
            {"account": receivable.id, "party": first.id, **due(rows[0])},
            {"account": revenue.id, "credit": due(rows[0])["debit"]},
        ]
        journal = Pool().get("account.journal").search([("code", "=", "REV")])[0]
        told = {"period": inside.id, "journal": journal.id, "company": of.id, "lines": [("create", lines)]}
        move = made("account.move", {**told, **head(rows[0])})
        copied(move, [head(row) for row in rows[1:]])
        moves = ids("account.move", "number")
        debit, credit = sorted(move.lines, key=lambda line: line.credit)
        of_move = [(moves[row["Document No"]], row) for row in rows[1:]]
        copied(
            debit, [{"move": at, "party": parties[row["Customer Name"]], **due(row)} for at, row in of_move]
        )
        copied(credit, [{"move": at, "credit": due(row)["debit"]} for at, row in of_move])
        Transaction().connection.cursor().execute("ANALYZE")
    return len(rows)


def head(row):
    """A move's own columns."""
    return {"number": row["Document No"], "date": date.fromisoformat(row["Document Date"])}


def due(row):
    """A receivable line's own columns."""
    return {"debit": Decimal(row["Open Balance"]), "maturity_date": date.fromisoformat(row["Due Date"])}


def made(model, values):
    """The record of a model that these values make."""
    return Pool().get(model).create([values])[0]


def ids(model, name):
    """The numbers of a model's records by a field."""
    return {getattr(one, name): one.id for one in Pool().get(model).search([])}


def copied(one, rows):
    """Store rows like the one of a record, but for the columns they give."""
    table = type(one).__table__()
    stored = [
        name
        for name, field in one._fields.items()
        if field.sql_type() and not isinstance(field, fields.Function) and name != "id"
    ]
    columns = [Column(table, name) for name in stored]
    cursor = Transaction().connection.cursor()
    cursor.execute(*table.select(*columns, where=table.id == one.id))
    like = dict(zip(stored, cursor.fetchone(), strict=True))
    for at in range(0, len(rows), ONCE):
        values = [list({**like, **row}.values()) for row in rows[at : at + ONCE]]
        cursor.execute(*table.insert(columns, values))


def dun(name, user, on):
    """What creating the dunnings of a day takes, by the clock and of this process's processor time; then how many there are."""
    begun, worked = time.perf_counter(), time.process_time()
    with Transaction().start(name, user) as transaction:
        pool = Pool()
        with transaction.set_context(pool.get("res.user").get_preferences(context_only=True)):
            pool.get("account.dunning").generate_dunnings(date=on)
    seconds, worked = time.perf_counter() - begun, time.process_time() - worked
    with Transaction().start(name, 0, readonly=True):
        Dunning = Pool().get("account.dunning")
        first = ("level.sequence", "=", 1)
        return {
            "seconds": seconds,
            "cpu_s": round(worked, 2),
            "dunnings": Dunning.search([], count=True),
            "first_level": Dunning.search([first], count=True),
        }


def main():
    verb, name, *rest = sys.argv[1:]
    if __debug__:
        sys.exit("run it with python -O: Tryton checks itself without")
    on = date.fromisoformat(rest[-1])
    Pool.start()
    with Transaction().start(name, 0, readonly=True):
        Pool(name).init()
        user = Pool().get("res.user").search([("login", "=", "admin")])[0].id
    begun = time.perf_counter()
    if verb == "lay":
        lines = laid(name, user, rest[0], on)
        print(json.dumps({"lines": lines, "seconds": round(time.perf_counter() - begun, 2)}))
        return
    done = dun(name, user, on)
    print(json.dumps(done | {"peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}))


if __name__ == "__main__":
    main()
