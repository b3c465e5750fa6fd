"""What programs read and write down: the same as everywhere else, done once, and every mistake at once."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from engine.core.cases.restrictions import What
from engine.errors import Refused
from engine.jobs import cases
from engine.jobs.cases import Who, asking
from engine.jobs.tokens import KEPT, Once
from engine.store import tokens
from engine.store.database import beginning, reading, writing
from engine.store.tables import answered, item, journal, note, promise, restriction
from tests.web.api.conftest import Program
from tests.web.conftest import STRANGE, Place


def rows(place: Place, table: sa.Table, **where: Any) -> list[Any]:
    with reading(place.desk.engine) as conn:
        return list(
            conn.execute(sa.select(table).where(*(table.c[name] == value for name, value in where.items())))
        )


def places(answer: Any) -> set[str]:
    return {one["pointer"] for one in answer.json()["errors"]}


# -- read ----------------------------------------------------------------------------------------------------------------


def test_an_account_with_where_it_stands(place: Place, all_may: Program) -> None:
    told = all_may.asks("/account/ACC2").json()
    assert told["totals"] == {
        "USD": {"overdue": "1400.00", "set aside": "0.00", "not yet due": "0.00", "credits": "0.00"}
    }
    assert [(one["number"], one["owed"], one["days_late"]) for one in told["items"]] == [("I2", "1400.00", 7)]
    marks = {one["what"]: one["mark"] for one in told["stands"]["steps"]}
    assert marks["email firm-reminder"] == "ahead"
    assert any("standard.yaml" in one["line"] for one in told["stands"]["policies"])
    assert told["stands"]["policies_hash"] == all_may.asks("/runs").json()[0]["policies"]
    (decision,) = all_may.asks("/decisions/ACC2").json()
    assert (decision["step"], decision["verdict"]) == ("call collector", "go")
    (action,) = all_may.asks("/actions", account="ACC2").json()
    assert (action["kind"], action["state"], action["amount"]) == ("call", "planned", "1400.00")
    assert action["key"] in {one["key"] for one in all_may.asks("/worklist", person="joe").json()["work"]}


def test_where_policies_have_problems_the_account_is_told_all_the_same(
    place: Place, all_may: Program
) -> None:
    (place.house.root / "policies" / "standard.yaml").write_text("policy: [\n", "utf-8")
    place.desk.kept.look()
    told = all_may.asks("/account/ACC2").json()
    assert told["stands"] is None
    assert "problem" in told["cannot_say"]
    assert told["items"]
    assert all_may.asks("/outcomes").status_code == 409
    assert all_may.sends("/notes", {"account": "ACC2", "text": "all the same"}).status_code == 200


def test_lists_are_taken_page_by_page(all_may: Program) -> None:
    everything = all_may.asks("/actions").json()
    assert len(everything) == 6
    pages, after = [], ""
    while page := all_may.asks("/actions", after=after, most=4).json():
        pages += page
        after = page[-1]["key"]
    assert pages == everything
    calls = all_may.asks("/actions", kind="call", state="planned").json()
    assert {one["kind"] for one in calls} == {"call"}
    first = all_may.asks("/journal", most=3).json()
    assert [one["number"] for one in all_may.asks("/journal", before=first[-1]["number"], most=1).json()] == [
        first[-1]["number"] - 1
    ]
    followed = all_may.asks("/journal", after=first[-1]["number"], most=2).json()
    assert followed == [first[1], first[0]]
    assert all_may.asks("/journal", after=first[0]["number"]).json() == []
    message = all_may.asks("/outbox", state="pending", most=1).json()[0]
    assert all_may.asks(f"/outbox/{message['key']}").json() == {**message, "evidence": {}}


@pytest.mark.fault(78)
def test_forged_names_and_words_of_others_lead_nowhere(place: Place, all_may: Program) -> None:
    for path in (
        "/account/nobody",
        "/history/%2e%2e%2fetc",
        "/decisions/ACC1'--",
        "/outbox/nothing",
        "/worklist?person=zz",
    ):
        answer = all_may.get(f"/api/v1{path}")
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
    assert all_may.asks("/accounts", find="%").json() == []
    for path in ("/account/STRANGE", "/worklist", "/actions"):
        answer = all_may.asks(path)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
    all_may.sends("/notes", {"account": "ACC1", "text": STRANGE})
    assert STRANGE not in place.as_("joe").get("/account/ACC1").text
    forged = all_may.sends("/notes", {"account": STRANGE, "text": "x"})
    assert forged.status_code == 404
    assert places(forged) == {"/account"}
    assert all_may.sends("/tasks/done", {"task": "main|ACC1|1|x"}).status_code == 404


# -- written down ----------------------------------------------------------------------------------------------------------


def test_what_is_pushed_counts_at_once_and_only_once(place: Place, all_may: Program) -> None:
    paid = {
        "type": "payment",
        "customer": "ACC1",
        "number": "P1",
        "date": "2026-10-12",
        "currency": "USD",
        "invoice": "I1",
    }
    message = {"event": "e1", "version": 5, "rows": [paid | {"amount": "1300.00"}]}
    first, again = (all_may.sends("/push", message) for _ in range(2))
    assert first.json() == again.json() == {"event": "e1", "version": 5, "taken": 1, "late": 0}
    assert rows(place, item, account="ACC1", item="I1")[0].open == 0
    other = all_may.sends("/push", {**message, "rows": []})
    assert other.status_code == 409
    wrong = all_may.sends(
        "/push", {"event": "e2", "version": 6, "rows": [paid | {"amount": 1.5}, {"type": "gift"}]}
    )
    assert wrong.status_code == 422
    assert places(wrong) == {"/rows/0/amount", "/rows/1/type"}
    (entry,) = rows(place, journal, kind="push")
    assert '"by":"may-all"' in entry.body


def test_a_request_is_done_once(place: Place, all_may: Program) -> None:
    body = {"account": "ACC1", "text": "once"}
    first, again = (all_may.sends("/notes", body, "K1") for _ in range(2))
    assert first.json() == again.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    other = all_may.sends("/notes", {**body, "text": "twice"}, "K1")
    assert (other.status_code, other.json()["type"]) == (422, "/api/docs#other-request")
    assert all_may.sends("/pauses", {"account": "ACC1", "because": "x"}, "K1").status_code == 422
    assert len(rows(place, note, account="ACC1")) == 1
    refused = all_may.sends("/notes", {"account": "ACC9", "text": "x"}, "K2")
    assert refused.status_code == 404
    assert (
        all_may.sends("/notes", {"account": "ACC1", "text": "x"}, "K2").status_code == 200
    )  # no key is used up
    place.later(days=KEPT.days, hours=1)
    all_may.sends("/notes", body, "K3")
    assert [one.key for one in rows(place, answered)] == ["K3"]


def test_a_request_whose_answer_was_lost_is_not_done_again(
    place: Place, all_may: Program, monkeypatch: Any
) -> None:
    """As if the process had been killed after the change and before the answer: they are not one transaction."""

    def killed(*_: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(Once, "answered", killed)
        lost = all_may.sends("/notes", {"account": "ACC1", "text": "once"}, "K")
        assert (lost.status_code, lost.json()["type"]) == (500, "/api/docs#broken")
    answer = all_may.sends("/notes", {"account": "ACC1", "text": "once"}, "K")
    assert answer.status_code == 200
    assert "done before" in answer.json()["said"]
    assert len(rows(place, note, account="ACC1")) == 1


def test_two_at_once_are_one(place: Place) -> None:
    """Both have looked, and neither has found the other: the second is stopped inside its own transaction."""
    engine = place.desk.engine
    first, second = (Once(engine, "crm", "K", "same", place.now) for _ in range(2))
    assert first.before() is second.before() is None
    who = Who("crm", place.now, place.now.date())
    cases.note(first.through, "ACC1", "one", who)
    with pytest.raises(Refused, match="being answered"):
        cases.note(second.through, "ACC1", "two", who)
    assert [one.text for one in rows(place, note, account="ACC1")] == ["one"]


def test_what_begins_a_transaction_ends_with_it(place: Place) -> None:
    def begins(conn: Any) -> None:
        tokens.taken(conn, "t", "k", "d", place.now)

    with pytest.raises(ZeroDivisionError), writing(beginning(place.desk.engine, begins)):
        raise ZeroDivisionError
    assert rows(place, answered) == []


def test_a_call_and_what_follows(place: Place, all_may: Program) -> None:
    told = {one["name"]: one for one in all_may.asks("/outcomes").json()}
    needed = {one["name"] for one in told["promise to pay"]["questions"] if one["needed"]}
    missing = all_may.sends("/calls", {"account": "ACC2", "outcome": "PTP"})
    assert missing.status_code == 422
    assert places(missing) == {f"/answers/{name}" for name in needed - {"spoken with"}} | {"/spoken_with"}
    done = all_may.sends(
        "/calls",
        {
            "account": "ACC2",
            "outcome": "promise to pay",
            "spoken_with": "Ana",
            "answers": {"reason": "cash_crunch", "amount": "700", "date": "2026-10-16"},
        },
    )
    assert "ACC2 promises 700.00 USD by Fri 16 Oct 2026" in done.json()["said"]
    assert not all_may.asks(
        "/actions", account="ACC2", kind="call", state="planned"
    ).json()  # it is off the list
    assert rows(place, promise, account="ACC2")[0].by == "may-all"
    odd = all_may.sends("/calls", {"account": "ACC2", "outcome": "promise to play"})
    assert "promise to pay" in odd.json()["errors"][0]["suggestion"]
    assert "call" in {one["kind"] for one in all_may.asks("/history/ACC2", kind="call").json()}


def test_what_is_agreed_and_ended(place: Place, all_may: Program) -> None:
    steps = (
        ("/promises", {"account": "ACC2", "pays_on": "2026-10-16", "amount": "100", "items": ["I2"]}, "ACC2 promises 100.00 USD"),
        ("/promises/withdraw", {"account": "ACC2", "because": "another customer"}, "ACC2"),
        ("/plans", {"account": "ACC2", "first": "2026-11-02", "instalments": 2}, "It waits for the yes of a"),
        ("/plans/end", {"account": "ACC2", "because": "all at once"}, "ACC2"),
        ("/disputes", {"account": "ACC2", "items": ["I2"], "reason": "short shipment", "amount": "50"}, "I2 of ACC2 is"),
        ("/disputes/close", {"account": "ACC2", "items": ["I2"], "closed_for": "customer"}, "is closed for customer"),
        ("/pauses", {"account": "ACC2", "because": "the office moves", "until": "2026-10-23"}, "through Fri 23 Oct 2026"),
        ("/pauses/lift", {"account": "ACC2"}, "goes on from tomorrow"),
        ("/notes", {"account": "ACC2", "text": "on the phone", "on": "2026-10-11"}, "Noted"),
    )  # fmt: skip
    for path, body, said in steps:
        answer = all_may.sends(path, body)
        assert answer.status_code == 200, (path, answer.text)
        assert said in answer.json()["said"], path


WRONG: list[tuple[str, dict[str, Any], set[str]]] = [
    (
        "/promises",
        {"account": "ACC2", "pays_on": "friday", "amount": "1,5", "more": 1},
        {"/pays_on", "/amount", "/more"},
    ),
    (
        "/promises",
        {"account": "ACC2", "pays_on": "2026-10-16", "items": ["I2", "NO", "I1"]},
        {"/items/1", "/items/2"},
    ),
    ("/promises", {"account": "ACC2", "pays_on": "2026-10-16", "amount": "1.234"}, {"/amount"}),
    (
        "/promises",
        {"account": "ACC2", "pays_on": "2026-10-16", "amount": "1", "currency": "XYZ"},
        {"/amount"},
    ),
    (
        "/plans",
        {"account": "ACC2", "first": "2026-11-02", "instalments": 1, "every": "x" * 31},
        {"/instalments", "/every"},
    ),
    ("/plans", {"account": "ACC2", "first": "2026-11-02", "instalments": 2, "every": "moon"}, {"/every"}),
    ("/disputes", {"account": "ACC2", "items": []}, {"/items", "/reason"}),
    ("/disputes", {"account": "STRANGE", "items": ["COD1", "x"], "reason": "quality"}, {"/items/1"}),
    ("/notes", {"account": "ACC2", "text": "x", "on": "2026-10-14"}, {"/on"}),
    ("/confirmations", {"account": "ACC2", "what": "all"}, {"/what"}),
]


def test_every_mistake_is_told_at_once_and_nothing_is_done(place: Place, all_may: Program) -> None:
    with reading(place.desk.engine) as conn:
        before = conn.execute(sa.select(sa.func.max(journal.c.seq))).scalar()
    for path, body, where in WRONG:
        answer = all_may.sends(path, body)
        assert answer.status_code == 422, answer.text
        assert places(answer) == where
    with reading(place.desk.engine) as conn:
        assert conn.execute(sa.select(sa.func.max(journal.c.seq))).scalar() == before
    assert rows(place, answered) == []


def test_the_ledger_system_says_what_is_in_force(place: Place, all_may: Program) -> None:
    sue = Who("sue", place.now, place.now.date(), roles=frozenset(("supervisor", "credit manager")))
    ws = place.desk.workspace
    asking.ask(ws, place.desk.engine, "STRANGE", What.SERVICE, "one delivery a week", sue, because="late")
    done = all_may.sends(
        "/confirmations", {"account": "STRANGE", "what": "service", "because": "seen in the ERP"}
    )
    assert done.status_code == 200, done.text
    assert rows(place, restriction, account="STRANGE")[0].confirmed_on == ws.today(place.now)
    assert all_may.sends("/confirmations", {"account": "STRANGE", "what": "service"}).status_code == 409
    assert '"by":"may-all"' in rows(place, journal, account="STRANGE")[-1].body
