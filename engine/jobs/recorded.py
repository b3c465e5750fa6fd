"""`dunwell test --write`: the last episode of a real account becomes a test, if the policies of now would do the same again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.engine import Connection

from engine.core.decision import questions
from engine.core.language.check import check
from engine.core.language.condition import Value
from engine.core.language.fields import Field
from engine.core.language.policy import HOLDOUT, Policy, PolicyBook
from engine.core.language.trials import TrialFile
from engine.core.problem import Severity
from engine.core.sentences import Reason
from engine.core.sentences import recorded as wording
from engine.core.trust import recorded
from engine.core.trust.recorded import Event, Paper, Recorded
from engine.core.trust.trial import Failure, run_trials
from engine.errors import Refused
from engine.jobs.cases import must_know
from engine.jobs.workspace import Workspace
from engine.store import database, past
from engine.store.past import Past
from engine.store.state import load_state
from engine.store.tables import ActionState

_DAY = timedelta(days=1)
_GOES = ("go", "ask")
# What a test has done on its day, and life at times later.
_UNDER_WAY = (Reason.CALL_OPEN, Reason.ON_ITS_WAY, Reason.UNCERTAIN, Reason.STALE)
_UNLIMITED = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Written:
    """The test file that was made, by its path from the workspace, and its text."""

    path: str
    text: str


def write_test(ws: Workspace, account: str, now: datetime) -> Written:
    """Add a test file made from an account's history. NotFound for an account nobody knows; Refused where the test would not
    pass, with the days on which the policies of now do something else than was done. Nothing is overwritten."""
    engine = ws.database(read_only=True)
    try:
        with database.reading(engine) as conn:
            must_know(conn, account)
            found, policy, kept = _kept(ws, conn, account, now)
    finally:
        engine.dispose()
    fields = {field.column: field for field in ws.known.fields.values()}
    folder = ws.files.policies / "tests"
    number = 1
    while (folder / f"{policy.id}-history-{number}.yaml").exists():
        number += 1
    path = folder / f"{policy.id}-history-{number}.yaml"
    name = path.relative_to(ws.root).as_posix()
    text = recorded.written(ws.live, kept, fields, ws.calendar)
    failures = _failures(ws, account, name, text)
    if failures:  # once more, with peace on the days on which everything waited for what was under way
        waited = frozenset(
            row["business_date"] for row in found.decisions if Reason(row["reason"]) in _UNDER_WAY
        )
        kept = replace(kept, decided=kept.decided - waited)
        text = recorded.written(ws.live, kept, fields, ws.calendar)
        if _failures(ws, account, name, text):
            days = [(one.day, one.is_, one.should_be) for one in failures]
            raise Refused(wording.would_not_pass(account, days), wording.WHY_NOT_THE_SAME)
    folder.mkdir(exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return Written(name, text)


def _kept(ws: Workspace, conn: Connection, account: str, now: datetime) -> tuple[Past, Policy, Recorded]:
    book = ws.live
    found = past.past_of(conn, account)
    if found is None:
        raise Refused(wording.nothing_decided(account))
    policy = _policy(book, found, account)
    fields, addresses, sides = _facts(ws, conn, account, found, now)
    kept = _recorded(found, policy, fields, addresses, past.runs(conn, found.first, found.last))
    split = book.house.split_of(policy.id)
    if split is not None and split.mark(HOLDOUT) in sides:
        kept = replace(kept, side=HOLDOUT)
    if not any(paper.owed for paper in kept.papers):
        raise Refused(wording.nothing_owed(account))
    if not kept.took and not kept.declined and not any(reason in recorded.SAID for _, reason in kept.held):
        raise Refused(wording.nothing_decided(account))
    return found, policy, kept


def _policy(book: PolicyBook, found: Past, account: str) -> Policy:
    """The policy of the last step that was taken, else the one that the episode keeps."""
    took = [row["policy"] for row in found.actions if past.went(row)]
    id = (
        took[-1]
        if took
        else found.home or next((d["policy"] for d in found.decisions[::-1] if d["policy"]), None)
    )
    if id is None:
        raise Refused(wording.no_policy_took(account))
    policy = book.policy(id)
    if policy is None:
        raise Refused(wording.no_policy_of_now(account, id))
    return policy


def _facts(
    ws: Workspace, conn: Connection, account: str, found: Past, now: datetime
) -> tuple[dict[str, Value], int, Sequence[str]]:
    """What the policies ask of the account, as it was when the episode began, the addresses that are known, its sides."""
    book = ws.live
    state = load_state(
        conn, on=found.first, moment=now, currency=book.house.currency, own=ws.own_columns, account=account
    )
    asked = questions.fields(book)
    fields: dict[str, Value] = {}
    if not state.accounts.height:
        return fields, (1 << 5) - 1, ()
    row = state.accounts.row(0, named=True)
    for field in ws.known.fields.values():
        if field.computed or field.column not in asked | {"terms"} or field.column not in row:
            continue
        value = row[field.column]
        if isinstance(value, list):
            value = frozenset(value)
        if value in (None, frozenset()) or _as_usual(field, value):
            continue
        fields[field.column] = value
    return fields, int(row["addresses"] or 0), row["sides"] or ()


_COUNTS = ("contacts", "broken", "kept", "claims")  # a test's account has had none of them without a word


def _as_usual(field: Field, value: Value) -> bool:
    """What a test's account has without a word, or cannot be said of it: no promise, no flag; terms that differ."""
    if field.column == "terms":
        return value == "mixed"
    if field.column == "response":
        return True  # it follows from what happens
    return value is False or value == "none" or (field.column in _COUNTS and value == 0)


def _recorded(
    found: Past,
    policy: Policy,
    fields: dict[str, Value],
    addresses: int,
    runs: frozenset[date],
) -> Recorded:
    last = _last(found, policy)
    papers = tuple(_papers(found, last))
    known = {paper.number for paper in papers}
    took = sorted(
        {
            (row["on"], row["step"])
            for row in found.actions
            if past.went(row) and policy.step(row["step"]) and row["on"] <= last
        }
    )
    days = {on for on, _ in took}
    declined = {row["on"] for row in found.actions if row["state"] == ActionState.DECLINED.value}
    # A step that was decided and did not go, because the day had no room for it, is as if nobody had been asked.
    no_room = {
        row["business_date"]
        for row in found.decisions
        if row["verdict"] in _GOES and row["business_date"] not in days | declined
    }
    return Recorded(
        policy=policy,
        papers=papers,
        fields=fields,
        addresses=addresses,
        events=tuple(sorted(_events(found, known, last), key=lambda event: event.on)),
        decided=frozenset(runs - no_room),
        paused=frozenset(_paused(found, last)),
        took=tuple(took),
        declined=tuple(sorted(on for on in declined if on <= last)),
        held=tuple(
            (row["business_date"], Reason(row["reason"]))
            for row in found.decisions
            if row["verdict"] not in _GOES and row["business_date"] <= last
        ),
        first=found.first,
        last=last,
    )


def _last(found: Past, policy: Policy) -> date:
    """The last day of the test: the day before another policy took its first step."""
    others: list[date] = [row["on"] for row in found.actions if past.went(row) and row["policy"] != policy.id]
    return min([found.last, *(on - _DAY for on in others if on > found.first)])


def _papers(found: Past, last: date) -> Iterator[Paper]:
    """Every document that was open when the first run looked at it, with what was open then."""
    for row in found.items:
        written = row["date"] or row["due"]
        later = sum(
            pay["amount"]
            for pay in found.payments
            if pay["item"] == row["item"] and pay["known"] > found.first
        )
        still = abs(row["open"]) + (later if row["open"] >= 0 and row["amount"] > 0 else 0)
        if not still or written > last:
            continue
        amount = max(abs(row["amount"]), still)
        yield Paper(
            number=row["item"],
            owed=row["amount"] > 0,
            written=written,
            due=row["due"],
            amount=amount,
            open=still,
            currency=row["currency"],
            statement=row["statement"],
        )


def _events(found: Past, known: set[str], last: date) -> Iterator[Event]:
    """What came to pass after the first run, and what still held then."""
    first = found.first
    for pay in found.payments:
        if first < pay["known"] <= last and pay["item"] in known:
            yield Event(pay["known"], "payment", pay["item"], pay["amount"], pay["currency"])
    for row in found.disputes:
        if row["item"] not in known or row["opened"] > last or (row["closed"] or _UNLIMITED) < first:
            continue
        yield Event(row["opened"], "dispute opened", row["item"])
        if row["closed"] and row["closed"] <= last:
            favour = "the customer" if row["closed_for"] == "customer" else "us"
            yield Event(row["closed"], "dispute closed", row["item"], favour=favour)
    for row in found.promises:
        over = row["settled_on"] or _UNLIMITED
        if row["plan"] is not None or not first <= over or row["made_on"] > last:
            continue
        items = [item for item in found.promised[row["id"]] if item in known]
        whole = (Event(row["made_on"], "promise", until=row["pays_on"]),)
        yield from [replace(whole[0], item=item) for item in items] or whole
        if row["state"] == "kept" and over <= last:
            yield Event(over, "promise kept")
    for row in found.plans:
        if row["state"] in ("kept", "broken") and row["made_on"] <= last:
            yield Event(row["made_on"], "plan agreed")
            if row["state"] == "broken" and row["ended_on"] and row["ended_on"] <= last:
                yield Event(row["ended_on"], "plan broken")
    for row in found.calls:
        if first <= row["on"] <= last and row["action"]:
            yield Event(row["on"], f"call {row['outcome']}")
    for row in found.learned:
        if first < row["from_day"] <= last and row["value"] == "yes":
            yield Event(row["from_day"], row["field"].replace("_", "-"))


def _paused(found: Past, last: date) -> Iterator[date]:
    """The days on which a person's pause held everything."""
    for row in found.pauses:
        on = max(row["from_day"], found.first)
        while not row["kinds"] and on <= min(row["until"] or last, last):
            yield on
            on += _DAY


def _failures(ws: Workspace, account: str, path: str, text: str) -> Sequence[Failure]:
    """The days on which the policies of now do something else. Refused where the text cannot be read."""
    checked = check({**ws.texts.policies, path: text.encode()}, ws.known)
    wrong = [p for p in checked.problems if p.place.file == path and p.severity is Severity.ERROR]
    if wrong:
        raise Refused(wording.cannot_be_read(account, wrong[0].sentence), wording.WHY_NOT_THE_SAME)
    mine: list[TrialFile] = [file for file in checked.trials if file.file == path]
    (result,) = run_trials(ws.live, mine, ws.rules)
    return result.failures
