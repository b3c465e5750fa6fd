"""Policies at the desk: pictures, texts and forms; nothing that is not good is kept, and nothing of somebody else's is lost."""

from __future__ import annotations

import hashlib
import os
import re
import time
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.jobs import edits
from engine.jobs.edits import NotGood, WrittenMeanwhile
from engine.store import marks, released
from engine.store.database import reading, writing
from engine.store.tables import action
from engine.web import tries, works
from tests.web.conftest import STRANGE, Browser, Place, words
from tests.web.policies.conftest import LADDER

FILE = "/policies/file/policies/standard.yaml"


@pytest.fixture
def ana(place: Place) -> Browser:
    """The credit manager. What takes long is done in this process."""
    place.desk.works.apart, place.desk.counts.patience = works.here, 60.0
    return place.as_("ana")


@pytest.fixture
def sue(place: Place) -> Browser:
    return place.as_("sue")


def path(where: Place | Browser, name: str = "policies/standard.yaml") -> Path:
    root: Path = where.house.root if isinstance(where, Place) else where.app.state.desk.root
    return root / name


def seen(browser: Browser) -> str:
    """What the page of the policy says of the text that it shows."""
    return hashlib.sha256(path(browser).read_bytes()).hexdigest()


def text(browser: Browser) -> str:
    """What stands in its field."""
    return path(browser).read_text("utf-8")


def over(place: Place) -> None:
    """Until nothing is under way."""
    for _ in range(2400):
        if all(one.over for one in place.desk.works._found.values()):
            return
        time.sleep(0.05)
    raise AssertionError("it does not end")


def on_approval(place: Place) -> None:
    house = path(place, "policies/house.yaml")
    house.write_text(house.read_text("utf-8") + "live: on approval\n", "utf-8")
    ws = place.desk.files
    edits.save(place.desk.engine, ws, {}, {}, "sue", place.now)


def live(place: Place) -> tuple[int, str]:
    """The number of what is live, and the day of its first step."""
    with reading(place.desk.engine) as conn:
        found = released.live(conn)
        assert found is not None
        kept = released.texts(conn, found.id)["policies/standard.yaml"]
    return found.id, re.search(r"day: (\d+)", kept)[1]  # type: ignore[index]


# -- pictures ------------------------------------------------------------------------------------------------------------


def test_a_policy_is_a_picture_with_who_stands_where(place: Place, ana: Browser) -> None:
    listed = words(ana.get("/policies").text)
    assert re.search(r"Standard standard every account 4 steps, day 5 to 40 5", listed), listed
    page = ana.get("/policies/of/standard").text
    picture = re.search(r'<svg class="ladder".*?</svg>', page, re.S)
    assert picture
    assert "day 40, terms cash on delivery, email cod-notice" in picture[0]
    told = words(picture[0])
    for said in (
        "call collector script first-call",
        "letter firm-reminder (firm)",
        "credit manager agrees first",
    ):
        assert said in told
    assert "had it" in told or "went" in told
    assert "due date" in told
    joe = place.as_("joe").get("/policies/of/standard").text
    assert "<svg" in joe
    assert 'name="seen"' not in joe  # a collector looks, and changes nothing


def test_titles_of_others_never_run(place: Place, ana: Browser) -> None:
    file = path(place)
    file.write_text(file.read_text("utf-8").replace("policy: Standard", f"policy: {STRANGE!r}"), "utf-8")
    for page in (
        "/policies",
        "/policies/of/standard",
        FILE,
        "/policies/change",
        "/policies/of/standard?of=files",
    ):
        answer = ana.get(page)
        assert answer.status_code == 200
        assert "alert(" in answer.text or page == "/policies/change"
        assert "<script>alert" not in answer.text


def test_a_broken_file_shows_what_is_live_and_what_is_wrong(place: Place, ana: Browser) -> None:
    ana.sends(FILE, seen=seen(ana), text=text(ana) + "# live\n")
    path(place).write_text(
        "policy: Standard\nclokc: due date\nsteps:\n  - day: 5\n    call: collector\n", "utf-8"
    )
    page = words(ana.get("/policies").text)
    assert "The files have problems" in page
    assert "standard.yaml:2" in page
    assert "did you mean “clock”?" in page
    assert ana.get("/policies/of/nobody").status_code == 404
    assert ana.get("/policies/of/house").status_code == 404


# -- the form ------------------------------------------------------------------------------------------------------------


def test_a_day_is_changed_in_its_place(place: Place, ana: Browser) -> None:
    file = path(place)
    file.write_text(file.read_text("utf-8").replace("day: 12", "day: 12     # two weeks, nearly"), "utf-8")
    before = file.read_text("utf-8")
    mark = seen(ana)
    said = ana.said("/policies/of/standard", seen=mark, **{"value.steps.1.day": "14"})
    assert "is live, by ana" in said
    assert file.read_text("utf-8") == before.replace("day: 12 ", "day: 14 ")
    wrong = ana.sends(
        "/policies/of/standard",
        seen=seen(ana),
        **{"value.steps.1.day": "soon", "value.steps.0.script": "no-such"},
    )
    assert wrong.status_code == 422
    assert wrong.text.count('aria-invalid="true"') == 2
    assert 'value="soon"' in wrong.text
    assert "day: 14 " in file.read_text("utf-8")
    old = ana.sends("/policies/of/standard", seen=mark, **{"value.steps.1.day": "15"})
    assert "somebody has changed this file" in words(old.text).lower()
    assert "day: 14 " in file.read_text("utf-8")
    forged = ana.sends("/policies/of/standard", seen=seen(ana), **{"value.steps.9.day": "1"})
    assert forged.status_code == 303
    assert "day: 14 " in file.read_text("utf-8")


# -- the text ------------------------------------------------------------------------------------------------------------


def test_problems_while_it_is_typed(place: Place, ana: Browser) -> None:
    typed = text(ana).replace("call: collector", "cal: colector")
    found = words(ana.sends("/policies/look", file="policies/standard.yaml", text=typed).text)
    assert "standard.yaml:7" in found
    assert "did you mean “call”" in found
    assert path(place).read_text("utf-8") == text(ana)
    here = ana.sends("/policies/here", file="policies/standard.yaml", text="clo", line="1", column="4")
    assert "What `day` counts from." in words(here.text)
    assert 'data-insert="clock: "' in here.text
    strange = ana.sends(
        "/policies/here", file="policies/standard.yaml", text="<b>x</b>", line="999999999", column="-1"
    )
    assert strange.status_code == 200
    message = ana.sends(
        "/policies/here", file="templates/firm-reminder.md", text="{{ cus", line="1", column="7"
    )
    assert "customer.name" in message.text
    page = ana.sends("/policies/here", file="templates/_email.html", text="{{ x", line="1", column="3")
    assert "Nothing is known" in page.text


def test_what_is_not_good_is_not_kept(place: Place, ana: Browser) -> None:
    before = path(place).read_text("utf-8")
    typed = before.replace("clock: due date", "clock: dew date")
    answer = ana.sends(FILE, seen=seen(ana), text=typed)
    assert answer.status_code == 422
    assert "clock: dew date" in answer.text
    assert "did you mean “due date”" in words(answer.text)
    assert path(place).read_text("utf-8") == before
    with writing(place.desk.engine) as conn:
        sent = sa.select(action.c.key).where(action.c.step == "email friendly-reminder")
        marks.take_all(conn, list(conn.execute(sent).scalars()), place.now)
    lost = ana.sends(
        FILE, seen=seen(ana), text=before.replace("email: friendly-reminder", "email: confirmation")
    )
    assert lost.status_code == 422  # accounts have had it: they would be written to again
    assert "friendly-reminder" in words(lost.text.partition("textarea>")[2])
    assert path(place).read_text("utf-8") == before


def test_what_is_good_is_kept_and_live(place: Place, ana: Browser) -> None:
    before = path(place).read_text("utf-8")
    page = ana.get(FILE).text
    field = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.S)
    assert field
    assert unescape(field[1]) == before
    assert f'name="seen" value="{seen(ana)}"' in page
    typed = before.replace("day: 20", "day: 25").replace("\n", "\r\n")  # as a form ends its lines
    said = ana.said(FILE, seen=seen(ana), text=typed)
    assert "is live, by ana" in said
    assert path(place).read_text("utf-8") == before.replace("day: 20", "day: 25")
    assert place.desk.workspace.live.policies[0].steps[2].day == 25
    page = words(ana.get("/policies/change").text)
    assert "by Ana Reyes" in page
    assert "The files are the same" in page


def test_somebody_elses_words_are_not_written_over(place: Place, ana: Browser, sue: Browser) -> None:
    mark, mine = seen(ana), text(ana).replace("day: 20", "day: 21")
    sue.sends(FILE, seen=seen(sue), text=text(sue).replace("day: 20", "day: 22"))
    answer = ana.sends(FILE, seen=mark, text=mine)
    assert answer.status_code == 422
    assert "day: 22" in answer.text.partition("<textarea")[0]  # theirs
    assert "day: 21" in answer.text.partition("<textarea")[2]  # mine, still there
    assert "day: 22" in path(place).read_text("utf-8")
    again = ana.sends(FILE, seen=mark, text=mine)
    assert again.status_code == 422  # pressing once more changes nothing


def test_what_was_typed_outlives_the_session(place: Place, ana: Browser) -> None:
    mark, typed = seen(ana), text(ana).replace("day: 20", "day: 21 # <b>")
    place.later(hours=3)
    lost = ana.sends(FILE, seen=mark, text=typed)
    assert lost.status_code == 401
    kept = re.search(r'name="kept" value="([^"]*)"', lost.text)
    assert kept
    assert "day: 21 # <b>" in unescape(kept[1])
    assert "day: 20" in path(place).read_text("utf-8")
    assert ana.sends("/policies/look", file="policies/standard.yaml", text=typed).status_code == 401


def test_a_file_keeps_its_ways(place: Place, ana: Browser) -> None:
    file = path(place)
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    file.chmod(0o640)
    ana.sends(FILE, seen=seen(ana), text=text(ana).replace("day: 20", "day: 25"))
    assert b"day: 25\r\n" in file.read_bytes()
    assert b"\r\r" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o640
    assert not [one for one in os.listdir(file.parent) if one.endswith(".new")]


def test_names_lead_nowhere_else(place: Place, ana: Browser) -> None:
    settings = (place.house.root / "dunwell.toml").read_text("utf-8")
    for name in (
        "dunwell.toml",
        "policies/../dunwell.toml",
        "..%2fdunwell.toml",
        "%2Fetc%2Fpasswd",
        "policies/none.yaml",
    ):
        assert ana.get(f"/policies/file/{name}").status_code == 404
        assert ana.sends(f"/policies/file/{name}", seen="x", text="x").status_code == 404
        assert ana.sends(f"/policies/file/{name}", new="policies", text="x").status_code in (404, 409, 422)
    for name in ("../x", "a/b", ".hidden", "x" * 99, "", "con fig", "standard", "STANDARD"):
        answer = ana.sends("/policies/new", name=name, title="X", day="5", call="collector", before="")
        assert answer.status_code == 422, name
    assert (place.house.root / "dunwell.toml").read_text("utf-8") == settings
    assert sorted(one.name for one in (place.house.root / "policies").iterdir()) == [
        "house.yaml",
        "standard.yaml",
    ]


def test_a_file_that_cannot_be_written(place: Place, ana: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    mine = text(ana).replace("day: 20", "day: 25")
    answer = ana.sends(FILE, seen=seen(ana), text=mine)
    assert answer.status_code == 422
    assert "No space left on device" in answer.text
    assert "day: 25" in answer.text
    assert "day: 20" in path(place).read_text("utf-8")
    with reading(place.desk.engine) as conn:
        assert released.live(conn) is None


def test_a_new_policy_finds_its_place(place: Place, ana: Browser) -> None:
    empty = ana.sends("/policies/new", before="standard")
    assert empty.status_code == 422
    assert empty.text.count('aria-invalid="true"') >= 3
    made = ana.sends(
        "/policies/new",
        **{
            "name": "wholesale",
            "title": "Wholesale: the large",
            "segment": "wholesale",
            "before": "standard",
        },
        **{"clock": "due date", "day": "7", "call": "collector"},
    )
    assert made.headers["location"] == "/policies/file/policies/wholesale.yaml"
    assert [one.id for one in place.desk.workspace.live.policies] == ["wholesale", "standard"]
    assert place.desk.workspace.live.policies[0].title == "Wholesale: the large"
    last = ana.sends(
        "/policies/new",
        name="never",
        title="Never",
        segment="",
        before="",
        clock="due date",
        day="7",
        call="collector",
    )
    assert last.status_code == 422  # all its accounts go elsewhere
    assert "no account ever reaches" in last.text.lower(), words(last.text)
    assert not path(place, "policies/never.yaml").exists()


@pytest.mark.fault(78)
def test_a_form_without_the_pages_mark_does_nothing(place: Place, ana: Browser) -> None:
    before = {one: one.read_bytes() for one in place.house.root.rglob("*") if one.is_file()}
    typed = text(ana).replace("day: 5", "day: 6")
    filled = {"seen": seen(ana), "text": typed, "file": "policies/standard.yaml", "value.steps.0.day": "6"}
    filled |= {
        "name": "new",
        "title": "New",
        "day": "5",
        "call": "collector",
        "what": "tests",
        "release": "1",
    }
    posts = [
        FILE,
        "/policies/of/standard",
        "/policies/new",
        "/policies/look",
        "/policies/here",
        "/policies/try",
    ]
    posts += [f"/policies/change/{what}" for what in ("approve", "decline", "back", "stage", "files")]
    posts += ["/policies/tests", "/policies/deep", "/policies/impact", "/messages/look"]
    for path_ in posts:
        assert ana.post(path_, data=filled).status_code == 403, path_
        assert ana.post(path_, data=filled | {"csrf": "x" * 32}).status_code == 403, path_
    assert {one: one.read_bytes() for one in before} == before
    assert place.desk.works._found == {}


# -- a second person -----------------------------------------------------------------------------------------------------


def test_a_second_person_agrees(place: Place, ana: Browser, sue: Browser) -> None:
    on_approval(place)
    number, _ = live(place)
    said = ana.said(FILE, seen=seen(ana), text=text(ana).replace("day: 5", "day: 6"))
    assert "waits for a second person" in said
    assert live(place) == (number, "5")
    assert place.desk.workspace.live.policies[0].steps[0].day == 5
    assert place.desk.files.live.policies[0].steps[0].day == 6
    mine = ana.get("/policies/change").text
    assert "somebody else agrees" in words(mine)
    assert "/policies/change/approve" not in mine
    assert "call collector on day 6, no longer on day 5" in words(mine)
    waits = number + 1
    assert ana.sends("/policies/change/approve", release=str(waits)).status_code == 422
    assert place.as_("joe").sends("/policies/change/approve", release=str(waits)).status_code == 403
    assert sue.sends("/policies/change/approve", release=str(number)).status_code == 422
    assert sue.sends("/policies/change/approve").status_code == 422
    refused = sue.sends(FILE, seen=seen(sue), text=text(sue).replace("day: 20", "day: 22"))
    assert "A change by Ana Reyes waits" in unescape(words(refused.text))
    assert live(place) == (number, "5")
    more = ana.sends(FILE, seen=seen(ana), text=text(ana).replace("day: 6", "day: 7"))  # one's own goes on
    assert more.status_code == 303
    assert "is live" in sue.said("/policies/change/approve", release=str(waits + 1))
    assert live(place) == (waits + 1, "7")
    back = sue.said("/policies/change/back", release=str(number), because="too late after all")
    assert "is live again" in back
    assert live(place) == (number, "5")
    assert "too late after all" in sue.get("/policies/change").text
    assert "as they are live" in sue.said("/policies/change/files")
    assert "day: 5" in path(place).read_text("utf-8")
    assert "The files are the same" in words(sue.get("/policies/change").text)


def test_a_second_person_declines(place: Place, ana: Browser, sue: Browser) -> None:
    on_approval(place)
    number, _ = live(place)
    ana.sends(FILE, seen=seen(ana), text=text(ana).replace("day: 5", "day: 6"))
    empty = sue.sends("/policies/change/decline", release=str(number + 1))
    assert empty.status_code == 422
    assert 'aria-invalid="true"' in empty.text
    sue.sends("/policies/change/decline", release=str(number + 1), because="<b>too soon")
    page = ana.get("/policies/change").text
    assert "&lt;b&gt;too soon" in page
    assert live(place) == (number, "5")
    assert "waits for a second person" in ana.said("/policies/change/stage")
    assert "as they are live" in ana.said("/policies/change/files")
    assert "day: 5" in path(place).read_text("utf-8")


def test_files_that_no_release_has_are_not_lost(place: Place, ana: Browser) -> None:
    ana.sends(FILE, seen=seen(ana), text=text(ana) + "# live\n")
    more = path(place, "policies/more.yaml")
    more.write_text("policy: More\nsteps:\n  - day: 5\n    call: collector\n", "utf-8")
    assert "would be lost" in ana.sends("/policies/change/files").text
    assert more.exists()


# -- what was tried ------------------------------------------------------------------------------------------------------


def test_tests_and_impact_of_what_is_typed(place: Place, ana: Browser) -> None:
    path(place, "policies/tests").mkdir()
    path(place, "policies/tests/standard.yaml").write_text(
        "policy: standard\naccount:\n  invoices: [{number: A1, date: 2026-01-05, due: 2026-01-05, amount: 1200}]\n"
        "tests:\n  - name: <b>calls\n    expect: {5: call collector}\n",
        "utf-8",
    )
    ana.sends(FILE, seen=seen(ana), text=text(ana) + "# live\n")
    typed = text(ana).replace("day: 5", "day: 6")
    first = ana.sends("/policies/try", file="policies/standard.yaml", text=typed, what="tests")
    where = re.search(r'hx-get="([^"]+)"', first.text)
    over(place)
    tried = ana.get(where[1]).text if where else first.text
    assert "1 failed" in words(tried)
    assert "&lt;b&gt;calls" in tried
    assert "hx-get" not in tried
    ana.sends("/policies/try", file="policies/standard.yaml", text=typed, what="impact")
    ana.sends("/policies/tests")
    over(place)
    good = words(ana.get("/policies/tests").text)
    assert "all as they should be" in good  # of the files, which are as they were
    found = ana.sends("/policies/try", file="policies/standard.yaml", text=typed, what="impact").text
    assert "call collector on day 6, no longer on day 5" in words(found)
    assert "The next 30 days" in words(found)
    assert path(place).read_text("utf-8") == text(ana)
    broken = ana.sends("/policies/try", file="policies/standard.yaml", text="policy: x\n", what="deep")
    over(place)
    where = re.search(r'hx-get="([^"]+)"', broken.text)
    assert "nothing can be tried" in words(ana.get(where[1]).text if where else broken.text)
    assert (
        ana.sends("/policies/try", file="policies/standard.yaml", text="x", what="<script>").status_code
        == 404
    )
    assert ana.get("/policies/tried/tests/nothing").status_code == 200
    assert "as they are live" in words(ana.get("/policies/impact").text)


def test_long_work_is_done_in_a_process_of_its_own(place: Place) -> None:
    place.desk.works.apart = works.in_a_child
    ana = place.as_("ana")
    asked = ana.get(ana.sends("/policies/tests").headers["location"])
    assert 'hx-trigger="load delay:1s"' in asked.text
    assert ana.get("/policies").status_code == 200  # the pages go on meanwhile
    over(place)
    assert "There are no tests yet" in words(ana.get("/policies/tests").text)


def test_the_deep_check(place: Place, ana: Browser) -> None:
    rules = path(place, "policies/invariants.yaml")
    rules.write_text(
        "- must never: hold\n- must never: letter firm-reminder before 60 days past due\n", "utf-8"
    )
    path(place).write_text(
        "policy: S\nclock: due date\nsteps:\n  - day: 5\n    letter: firm-reminder\n", "utf-8"
    )
    ana.sends("/policies/deep")
    over(place)
    page = words(ana.get("/policies/deep").text)
    assert "decided in every case" in page, page
    assert "holds must never: hold" in page
    assert "invariants.yaml:2" in page
    assert "As a test of the policy" in page


def test_one_thing_at_a_time_and_each_once() -> None:
    found = works.Works(works.here)
    order: list[str] = []

    def slow(name: str) -> str:
        time.sleep(0.05)
        order.append(name)
        return name

    def fails() -> str:
        raise edits.NotGood(())

    from datetime import UTC, datetime

    now = datetime(2026, 10, 12, tzinfo=UTC)
    first, again = (found.ask("a", "it", now, slow, "a") for _ in range(2))
    second = found.ask("b", "it", now, slow, "b")
    assert first is again
    assert found.before(second) == 1
    third = found.ask("c", "it", now, fails)
    while not third.over:
        time.sleep(0.01)
    assert order == ["a", "b"]
    assert (third.state, third.sentence) == ("failed", "this has 0 problems, so it is not kept")
    assert found.ask("c", "it", now, slow, "c") is not third  # what has failed is tried again
    for n in range(80):
        found.ask(n, "it", now, str, n)
    while not (last := found.ask(79, "it", now, str, 79)).over:
        time.sleep(0.01)
    assert last.result == "79"
    assert found.found("a") is None  # not everything is kept for ever


# -- by the job ----------------------------------------------------------------------------------------------------------


def test_two_who_save_at_once(place: Place) -> None:
    """Of two that have read the same, one writes and the other is told."""
    name = "policies/standard.yaml"
    ws = place.desk.files
    read = edits.kept(ws, name)
    told = {name: read.hash}
    edits.save(place.desk.engine, ws, {name: read.text.replace("day: 20", "day: 21")}, told, "ana", place.now)
    with pytest.raises(WrittenMeanwhile) as error:
        edits.save(
            place.desk.engine, ws, {name: read.text.replace("day: 20", "day: 22")}, told, "sue", place.now
        )
    assert "day: 21" in error.value.now.text
    path(place).unlink()
    with pytest.raises(WrittenMeanwhile):
        edits.save(place.desk.engine, ws, {name: read.text}, told, "sue", place.now)
    assert not path(place).exists()


def test_one_file_can_be_mended_while_another_is_broken(place: Place) -> None:
    house, standard = "policies/house.yaml", "policies/standard.yaml"
    good = {name: path(place, name).read_text("utf-8") for name in (house, standard)}
    for name in good:
        path(place, name).write_text(good[name] + "nonsense: yes\n", "utf-8")
    seen = {name: edits.kept(place.desk.files, name).hash for name in good}
    engine, ws = place.desk.engine, place.desk.files
    with pytest.raises(NotGood) as error:
        edits.save(engine, ws, {house: good[house] + "other: no\n"}, seen, "ana", place.now)
    assert error.value.problems[0].place.file == house
    told = edits.save(engine, ws, {house: good[house]}, seen, "ana", place.now)
    assert "have 1 problem" in told[0]
    told = edits.save(engine, place.desk.files, {standard: good[standard]}, seen, "ana", place.now)
    assert "is live, by ana" in told[0] or told == ["Nothing has changed."]


# -- the manual ----------------------------------------------------------------------------------------------------------

MANUAL = (Path(__file__).parents[3] / "engine/help/desk-policies.md").read_text("utf-8")


def test_what_the_manual_names_is_there(place: Place, ana: Browser) -> None:
    """Every button and heading that the page names is on a page of the desk, and what it says of numbers is so."""
    on_approval(place)
    ana.sends(FILE, seen=seen(ana), text=text(ana).replace("day: 5", "day: 6"))
    place.as_("sue").sends("/policies/change/approve")
    with reading(place.desk.engine) as conn:
        waits = released.standing(conn)
    assert waits is not None
    place.as_("sue").sends("/policies/change/approve", release=str(waits.id))
    place.as_("sue").sends("/policies/change/back", release=str(waits.id - 1))
    pages = (
        "/policies",
        "/policies/of/standard",
        FILE,
        "/policies/change",
        "/policies/new",
        "/messages",
        "/figures",
    )
    shown = " ".join(
        words(ana.get(one).text) for one in (*pages, "/policies/file/templates/firm-reminder.md")
    ).lower()
    named = re.findall(r"\*\*([^*]+)\*\*", MANUAL.replace("\n", " "))
    assert len(named) > 10
    for name in named:
        assert name.lower() in shown, name
    assert "how it is counted" in MANUAL
    assert tries.DAYS == 30


def test_a_file_gets_another_name_or_goes_unless_something_uses_it(place: Place) -> None:
    manager, joe = place.as_("ana"), place.as_("joe")
    root = place.house.root
    extra = LADDER.replace("Standard", "Extra").replace("clock:", "for:\n  segment: nobody\nclock:")
    (root / "policies" / "extra.yaml").write_text(extra, "utf-8")
    house = root / "policies" / "house.yaml"
    before = house.read_text("utf-8")
    kept = "\n".join(line for line in before.splitlines() if not line.startswith("order:"))
    house.write_text(f"{kept}\norder: [extra, standard]  # the first that fits\n", "utf-8")
    place.desk.kept.look()

    def seen(name: str) -> dict[str, str]:
        return {"file": name, "seen": hashlib.sha256((root / name).read_bytes()).hexdigest()}

    used = manager.sends("/policies/delete", **seen("templates/friendly-reminder.md"))
    assert used.status_code == 422
    assert "is used, so it stays as it is" in words(used.text)
    assert "standard.yaml" in used.text
    on_it = manager.sends("/policies/rename", **seen("policies/standard.yaml"), name="other")
    assert "on this policy since the last run" in words(on_it.text)
    assert manager.sends("/policies/delete", **seen("policies/house.yaml")).status_code == 422
    assert manager.sends("/policies/rename", **seen("policies/extra.yaml"), name="../x").status_code == 422
    assert "Say which name" in manager.sends("/policies/rename", **seen("policies/extra.yaml")).text
    old = seen("policies/extra.yaml") | {"seen": "0" * 64}
    assert "somebody has changed this file" in words(manager.sends("/policies/delete", **old).text).lower()
    assert joe.sends("/policies/delete", **seen("policies/extra.yaml")).status_code == 403
    assert manager.sends("/policies/delete", file="../dunwell.toml", seen="x").status_code == 404

    assert manager.sends("/policies/rename", **seen("policies/extra.yaml"), name="more").status_code == 303
    assert (root / "policies" / "more.yaml").read_text("utf-8") == extra
    assert "order: [more, standard]  # the first that fits" in house.read_text("utf-8")
    assert manager.sends("/policies/delete", **seen("policies/more.yaml")).status_code == 303
    assert "order: [standard]  # the first that fits" in house.read_text("utf-8")
    assert sorted(path.name for path in (root / "policies").glob("*.yaml") if "more" in path.name) == []
