"""A change of policies is checked and live, or waits, or is broken; what was live before decides until then."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.errors import NotFound, Refused
from engine.jobs import consent, evaluate
from engine.jobs import releases as job
from engine.jobs.deciding import deciding
from engine.jobs.deliver import deliver_now
from engine.jobs.workspace import BrokenSettings
from engine.store import released
from engine.store.released import Release, State
from engine.store.tables import run
from tests.jobs.world import HOUSE, STANDARD, moment
from tests.releases.conftest import ASKED, NINE, Shop

Build = Callable[..., Shop]
TEN = NINE + timedelta(hours=1)
STANDARD_FILE = "policies/standard.yaml"
CUSTOMER_FIELD = '\n[fields.rating]\ntype = "word"\nsentence = "is rated"\n'


def staged(shop: Shop) -> Release:
    found = shop.standing
    assert found is not None
    return found


# -- on save -----------------------------------------------------------------------------------------------------------


def test_a_saved_file_is_live_and_its_author_is_known(build_on_each: Build) -> None:
    shop = build_on_each()
    first = shop.live
    assert first is not None
    assert not shop.due()
    shop.change(STANDARD_FILE, "day: 5", "day: 4")
    assert shop.due()
    assert shop.looked(TEN) == [f"Release {first.id + 1} of the policies is live, by {first.live_by}."]
    assert not shop.due()
    live = shop.live
    assert live is not None
    assert (live.live_at, live.live_by) == (TEN, (shop.root / STANDARD_FILE).owner())
    assert shop.look(lambda conn: released.find(conn, first.id)).state is State.REPLACED
    told = shop.journal("policies live")
    assert [(one["release"], one["hash"]) for one in told] == [(first.id, first.hash), (live.id, live.hash)]
    assert job.live_workspace(shop.files).live.policies[0].steps[0].day == 4


def test_what_is_broken_is_never_live_and_is_said_once_until_it_is_mended(build_on_each: Build) -> None:
    shop = build_on_each()
    before = shop.live
    shop.change(STANDARD_FILE, "email: friendly-reminder", "email: no-such-message")
    (said,) = shop.looked()
    assert "policies/standard.yaml:6:12: there is no template “no-such-message”" in said
    assert shop.live == before
    assert staged(shop).state is State.BROKEN
    assert staged(shop).problems == ("policies/standard.yaml:6:12: there is no template “no-such-message”",)
    assert shop.alarms()["files"] == said[:1].lower() + said[1:]
    assert not shop.due()
    assert shop.due(NINE + timedelta(hours=1))  # the ledger may have changed what stood in the way
    assert job.live_workspace(shop.files).live.hash == before.book
    shop.change(STANDARD_FILE, "no-such-message", "friendly-reminder")
    assert shop.due()
    shop.looked()
    assert shop.standing is None
    assert shop.alarms() == {}
    assert shop.live == before


def test_the_first_release_is_live_at_once_whoever_is_to_be_asked(build: Build) -> None:
    shop = build(house=ASKED)
    assert shop.live is not None
    assert shop.standing is None


def test_nothing_is_live_where_the_first_files_are_broken(build: Build) -> None:
    shop = build()
    shop.do(_forget)
    shop.change(STANDARD_FILE, "day: 5", "day: five")
    (said,) = shop.looked()
    assert "nothing is live yet" in said
    ws = job.live_workspace(shop.files)
    with pytest.raises(Refused, match="the policies have 1 problem, so nothing is decided"):
        evaluate.run(ws, on=NINE.date(), now=NINE)


def _forget(engine: sa.Engine) -> None:
    from engine.store.tables import release

    with engine.begin() as conn:
        conn.execute(sa.delete(release))


# -- on approval -------------------------------------------------------------------------------------------------------


def test_a_change_waits_for_a_second_person(build_on_each: Build) -> None:
    shop = build_on_each(house=ASKED)
    before = shop.live
    assert before is not None
    shop.change(STANDARD_FILE, "day: 5", "day: 4")
    shop.do(lambda engine: consent.stage(engine, shop.files, "ana", NINE))
    assert (shop.live, staged(shop).state) == (before, State.STAGED)
    assert not shop.due()
    number = staged(shop).id

    def agree(by: str, number: int | None = None) -> str:
        said: str = shop.do(lambda engine: consent.approve(engine, shop.files, by, TEN, number=number))
        return said

    with pytest.raises(Refused, match="Ana Reyes changed these policies, so a second person agrees to them"):
        agree("Ana Reyes")
    with pytest.raises(Refused, match=r"Joe Ortiz may not agree to policies\n  Ana Reyes or Sue Chen may"):
        agree("joe")
    with pytest.raises(NotFound, match="there is no person “suo”\n  did you mean “sue”"):
        agree("suo")
    with pytest.raises(Refused, match=f"it is release {number} that waits, not {number - 1}"):
        agree("sue", number - 1)
    assert shop.live == before
    assert agree("sue", number) == f"Release {number} is live, by Sue Chen; the next run decides with it."
    live = shop.live
    assert live is not None
    assert (live.id, live.live_by, live.staged_by) == (number, "sue", "ana")
    assert [one["by"] for one in shop.journal("policies staged")] == ["ana"]
    assert shop.journal("policies live")[-1]["by"] == "sue"
    assert not shop.due()
    with pytest.raises(Refused, match="no change of the policies waits for a second person"):
        agree("sue")


def test_nobody_ends_the_asking_by_editing_the_line(build: Build) -> None:
    shop = build(house=ASKED)
    before = shop.live
    shop.change("policies/house.yaml", "live: on approval", "live: on save")
    shop.looked()
    assert shop.live == before
    assert staged(shop).state is State.STAGED
    shop.write("house", HOUSE.replace("gap: 2", "gap: 3"))
    shop.looked()
    assert shop.live == before


def test_what_was_declined_is_not_taken_again_by_itself(build_on_each: Build) -> None:
    shop = build_on_each(house=ASKED)
    before = shop.live
    shop.change(STANDARD_FILE, "day: 5", "day: 4")
    shop.looked()
    shop.do(lambda engine: consent.decline(engine, shop.files, "sue", NINE, because="too early"))
    assert not shop.due()
    assert shop.looked() == []
    assert (shop.live, shop.standing) == (before, None)
    (told,) = shop.journal("policies declined")
    assert told["by"] == "sue"
    assert "too early" not in str(told)  # the words of people stand beside the journal
    shop.do(lambda engine: consent.stage(engine, shop.files, "ana", TEN))  # unless somebody asks for it
    assert staged(shop).state is State.STAGED


def test_a_change_that_is_taken_back_no_longer_waits(build: Build) -> None:
    shop = build(house=ASKED)
    shop.change(STANDARD_FILE, "day: 5", "day: 4")
    shop.looked()
    shop.change(STANDARD_FILE, "day: 4", "day: 3")
    shop.looked()
    shop.change(STANDARD_FILE, "day: 3", "day: 4")  # as once before: it waits anew
    shop.looked()
    assert staged(shop).state is State.STAGED
    shop.change(STANDARD_FILE, "day: 4", "day: 5")
    assert shop.due()
    assert shop.looked() == ["The files are again as they were before; nothing is left to decide."]
    assert shop.standing is None
    assert not shop.due()


def test_what_has_become_wrong_while_it_waited_does_not_go_live(build: Build) -> None:
    shop = build(house=ASKED)
    before = shop.live
    shop.settings(CUSTOMER_FIELD)
    shop.change(STANDARD_FILE, "clock: due date", "for: {rating: A}\nclock: due date")
    shop.looked()
    assert staged(shop).state is State.STAGED
    shop.settings("")
    with pytest.raises(consent.BrokenRelease) as refused:
        shop.do(lambda engine: consent.approve(engine, shop.files, "sue", TEN))
    assert "rating" in refused.value.problems[0].sentence
    assert shop.live == before


def test_messages_are_those_of_the_live_release(build: Build) -> None:
    shop = build(house=ASKED)
    path = shop.root / "templates/friendly-reminder.md"
    path.write_text(path.read_text("utf-8") + "\nWe have moved to 9 Other Street.\n", "utf-8")
    shop.looked()
    ws = job.live_workspace(shop.files)
    evaluate.run(ws, on=NINE.date(), now=TEN)
    deliver_now(ws, now=TEN)
    assert len(shop.mails()) == 2
    assert all("9 Other Street" not in mail.as_string() for mail in shop.mails())


# -- back --------------------------------------------------------------------------------------------------------------


def test_back_to_an_earlier_release_and_the_files_do_not_undo_it(build_on_each: Build) -> None:
    shop = build_on_each()
    first = shop.live
    assert first is not None
    shop.change(STANDARD_FILE, "day: 5", "day: 4")
    shop.looked()
    said = shop.do(lambda engine: consent.back(engine, shop.files, "joe", TEN, because="a mistake"))
    assert said == (
        f"Release {first.id} is live again, in place of release {first.id + 1}. "
        "The files differ from it and are left as they are: bring them back too."
    )
    live = shop.live
    assert live is not None
    assert (live.id, live.live_by, live.because) == (first.id, "joe", "a mistake")
    assert "day: 4" in (shop.root / STANDARD_FILE).read_text("utf-8")
    assert not shop.due()
    ws, told = deciding(shop.ws, TEN)
    assert ws.release == first.id
    assert told.startswith("The files differ from the policies that are live since Mon 5 Oct 2026 10:00;")
    with pytest.raises(Refused, match="release 99 was never live\n  these were:"):
        shop.do(lambda engine: consent.back(engine, shop.files, "joe", TEN, number=99))
    with pytest.raises(Refused, match="is live already"):
        shop.do(lambda engine: consent.back(engine, shop.files, "joe", TEN, number=first.id))
    shop.change(STANDARD_FILE, "day: 4", "day: 6")
    shop.looked()
    assert shop.live.id > first.id + 1


def test_back_takes_a_role_where_changes_are_agreed_to(build: Build) -> None:
    shop = build()
    shop.change("policies/house.yaml", "minimum: 50", "minimum: 50\nlive: on approval")
    shop.looked()
    with pytest.raises(Refused, match="Joe Ortiz may not agree to policies"):
        shop.do(lambda engine: consent.back(engine, shop.files, "joe", TEN))
    assert "is live again" in shop.do(lambda engine: consent.back(engine, shop.files, "sue", TEN))


# -- the settings ------------------------------------------------------------------------------------------------------


def test_broken_settings_are_refused_at_a_start(build: Build) -> None:
    shop = build()
    path = shop.root / "dunwell.toml"
    good = path.read_text("utf-8")
    path.write_text(good.replace("[people.ana]", "[people.ana"), "utf-8")
    with pytest.raises(BrokenSettings, match="this is not TOML"):
        job.live_workspace(shop.root)
    path.write_text(good.replace("Ana Reyes", "Ana Maria Reyes"), "utf-8")
    ws = job.live_workspace(shop.root)
    assert shop.live is not None
    assert (ws.release, ws.people[0].name) == (shop.live.id, "Ana Maria Reyes")


def test_settings_that_the_live_policies_do_not_fit_are_said_at_once(build_on_each: Build) -> None:
    shop = build_on_each()
    shop.settings(CUSTOMER_FIELD)
    shop.change(STANDARD_FILE, "clock: due date", "for: {rating: A}\nclock: due date")
    shop.looked()
    shop.settings("# no such field any more\n")
    assert shop.due()
    said = shop.looked()
    assert said[0].startswith(
        "The policies that are live do not fit dunwell.toml any more, so nothing is decided: "
    )
    assert set(shop.alarms()) == {"live"}
    assert not shop.due()
    shop.settings(CUSTOMER_FIELD)
    assert shop.due()
    shop.looked()
    assert shop.alarms() == {}


def test_no_setting_is_kept_with_a_release(build: Build) -> None:
    shop = build(more='\n[mail]\nhost = "mail.example.com"\nfrom = "a@example.com"\n')
    kept = shop.look(lambda conn: released.texts(conn, released.live(conn).id))  # type: ignore[union-attr]
    assert {Path(name).parts[0] for name in kept} == {"policies", "templates"}
    assert "mail.example.com" not in str(kept)


# -- what decides ------------------------------------------------------------------------------------------------------


def test_without_a_release_and_on_save_the_files_decide(build_on_each: Build) -> None:
    shop = build_on_each()
    shop.change(STANDARD_FILE, "day: 5", "day: 4")
    assert deciding(shop.ws, TEN) == (shop.ws, "")
    job.used(shop.ws, TEN, "joe")
    live = shop.live
    assert live is not None
    assert (live.hash, live.live_by) == (shop.ws.texts.hash, "joe")
    job.used(shop.ws, TEN, "ana")
    assert shop.live == live


def test_a_run_is_never_made_with_files_that_nobody_agreed_to(build: Build) -> None:
    shop = build(house=ASKED)
    before = shop.live
    shop.change(STANDARD_FILE, "day: 5", "day: 4")
    ws, told = deciding(shop.ws, TEN)
    assert before is not None
    assert ws.release == before.id
    assert "this uses the live ones.  dunwell live" in told
    job.used(ws, TEN, "joe")
    job.used(shop.ws, TEN, "joe")  # a run that had begun before the house asked
    assert shop.live == before


def test_status_says_what_stands_beside_what_is_live(build: Build) -> None:
    shop = build(house=ASKED)

    def status() -> tuple[str, ...]:
        found: tuple[str, ...] = shop.look(lambda conn: job.status(conn, shop.files))
        return found

    (live,) = status()
    assert live.startswith("Release 1, live since Mon 5 Oct 2026 09:00, by ")
    shop.change(STANDARD_FILE, "day: 5", "day: 4")
    shop.do(lambda engine: consent.stage(engine, shop.files, "ana", NINE))
    assert status() == (live, "Release 2 waits for a second person, staged by ana.")
    shop.change(STANDARD_FILE, "day: 4", "day: four")
    shop.looked()
    assert status()[1].startswith("The files have 1 problem: policies/standard.yaml:5:10: ")


def test_a_service_that_waits_carries_nothing_heavy() -> None:
    heavy = "polars", "jinja2", "weasyprint", "numpy", "durable_rules_engine"
    asked = f"import sys, engine.jobs.releases, engine.store.releases; print([x for x in {heavy} if x in sys.modules])"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, env={**os.environ})
    assert told.stdout == "[]\n", told.stderr


# -- faults ------------------------------------------------------------------------------------------------------------


@pytest.mark.fault(61)
def test_a_run_keeps_its_policies_when_they_are_edited_in_the_middle(
    build_on_each: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = build_on_each()
    first = shop.live
    assert first is not None
    commit = evaluate.runs.commit_run

    def edited_meanwhile(*arguments: object) -> object:
        shop.change(STANDARD_FILE, "day: 5", "day: 4")
        shop.change("policies/house.yaml", "gap: 2 days", "gap: 1 day")
        return commit(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(evaluate.runs, "commit_run", edited_meanwhile)
    evaluate.run(job.live_workspace(shop.files), on=NINE.date(), now=TEN)
    monkeypatch.undo()
    (book,) = shop.rows(sa.select(run.c.book))
    assert book == (first.book,)
    deliver_now(job.live_workspace(shop.files), now=TEN)
    sent = [mail["subject"] for mail in shop.mails()]
    assert len(sent) == 2
    shop.looked(TEN)  # the new text is live, for the next day
    live = shop.live
    assert live is not None
    assert live.book != first.book
    for at in (TEN, moment("2026-10-06", "10:00")):
        ws = job.live_workspace(shop.files)
        evaluate.run(ws, on=ws.today(at), now=at)
        deliver_now(ws, now=at)
    books = [row.book for row in shop.rows(sa.select(run.c.book).order_by(run.c.business_date))]
    assert books[-1] == live.book
    assert [
        mail["subject"] for mail in shop.mails()
    ] == sent  # the step is the same one, a day earlier or not


@pytest.mark.fault(62)
def test_a_file_cut_short_is_never_live_while_it_has_problems(build: Build) -> None:
    shop = build()
    path = shop.root / STANDARD_FILE
    whole = path.read_bytes()
    broken = 0
    for length in (0, 1, 9, 40, 57, 66, 100, 135, len(whole) - 3):
        before = shop.live
        path.write_bytes(whole[:length])
        shop.looked()
        if shop.standing is not None:
            broken += 1
            assert shop.standing.state is State.BROKEN
            assert shop.live == before
        assert job.live_workspace(shop.files).book is not None, length
    assert broken >= 6
    path.write_bytes(whole)
    shop.looked()
    assert shop.live is not None
    assert shop.live.hash == shop.ws.texts.hash


@pytest.mark.fault(62)
def test_a_file_in_the_middle_of_being_written_is_left_alone(build: Build) -> None:
    shop = build()
    before = shop.live
    path = shop.root / STANDARD_FILE
    whole = path.read_text("utf-8").replace("day: 5", "day: 4")
    first_half = whole[: whole.index("  - day: 20")]  # good by itself, and not what is meant
    path.write_text(first_half, "utf-8")

    class Meanwhile(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            path.write_text(whole, "utf-8")
            return False

    assert shop.looked(stop=Meanwhile()) == []
    assert (shop.live, shop.standing) == (before, None)
    shop.looked()
    kept = shop.look(lambda conn: released.texts(conn, released.live(conn).id))  # type: ignore[union-attr]
    assert kept[STANDARD_FILE] == whole


@pytest.mark.fault(62)
@pytest.mark.parametrize("fault", ["deleted", "folder deleted", "no folder", "not text"])
def test_files_that_are_gone_or_cannot_be_read_change_nothing(build: Build, fault: str) -> None:
    shop = build()
    before = shop.live
    folder = shop.root / "policies"
    away = shop.root / "away"
    if fault == "deleted":
        (folder / "standard.yaml").unlink()
    elif fault == "not text":
        (folder / "standard.yaml").write_bytes(b"\xff\xfe\x00policy")
    else:
        shutil.move(folder, away)
        if fault == "no folder":
            folder.write_text("a file", "utf-8")
    shop.looked()
    assert shop.live == before
    assert staged(shop).state is State.BROKEN
    assert "files" in shop.alarms()
    assert not shop.due()
    ws = job.live_workspace(shop.files)
    assert evaluate.run(ws, on=NINE.date(), now=TEN).actions == 2


@pytest.mark.fault(63)
def test_a_step_that_accounts_have_had_is_not_renamed_or_removed_unnoticed(build: Build) -> None:
    shop = build(house=ASKED)
    before = shop.live
    shop.change(
        STANDARD_FILE, "    email: friendly-reminder", "    name: first\n    email: friendly-reminder"
    )
    shop.looked()
    assert staged(shop).state is State.STAGED  # nobody has had it yet
    ws = job.live_workspace(shop.files)
    evaluate.run(ws, on=NINE.date(), now=TEN)
    deliver_now(ws, now=TEN)
    with pytest.raises(consent.BrokenRelease) as refused:  # by now two accounts have
        shop.do(lambda engine: consent.approve(engine, shop.files, "sue", TEN))
    assert refused.value.problems[0].code == "lost-history"
    assert shop.live == before
    shop.write("standard", STANDARD.replace("  - day: 5\n    email: friendly-reminder\n", ""))
    (said,) = shop.looked(TEN)
    assert staged(shop).state is State.BROKEN
    assert "friendly-reminder" in said
    assert shop.live == before
