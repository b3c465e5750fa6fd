"""Messages at the desk: their languages, how each comes out, and that nothing in them runs."""

from __future__ import annotations

import re

from tests.web.conftest import STRANGE, Place, words


def test_all_messages_and_where_they_are_used(place: Place) -> None:
    page = words(place.as_("joe").get("/messages").text)
    assert "firm-reminder firm en standard day 20" in page
    assert "first-call en standard day 5" in page
    assert "_letter.html" in page


def test_how_a_message_comes_out(place: Place) -> None:
    file = place.house.root / "templates" / "firm-reminder.de.md"
    english = (place.house.root / "templates" / "firm-reminder.md").read_text("utf-8")
    file.write_text(english.replace("We", "Wir"), "utf-8")
    joe = place.as_("joe")
    page = joe.get("/messages/message/firm-reminder?language=de&sample=full").text
    assert "Seller Inc." in page  # we are who the settings say
    assert "4.820,50" in page  # an amount as in German
    assert 'aria-current="true" lang="de"' in page
    bare = joe.get("/messages/message/firm-reminder?sample=bare").text
    assert "Lee Garden Center" in bare
    assert joe.get("/messages/script/first-call").status_code == 200
    for lost in (
        "/messages/message/nothing",
        "/messages/nothing/firm-reminder",
        "/messages/message/nothing/shown",
    ):
        assert joe.get(lost).status_code == 404
    assert joe.get("/messages/message/firm-reminder?language=xx&sample=zz").status_code == 200


def test_the_email_is_alone_in_its_frame(place: Place) -> None:
    answer = place.as_("joe").get("/messages/message/firm-reminder/shown?language=en&sample=full")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert policy.endswith("sandbox")
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert "Acme Hardware &amp; Sons" in answer.text


def test_problems_and_looks_while_it_is_typed(place: Place) -> None:
    ana = place.as_("ana")
    name = "templates/firm-reminder.md"
    page = ana.get(f"/policies/file/{name}").text
    assert "How it comes out" in page
    body = (place.house.root / name).read_text("utf-8")
    found = words(
        ana.sends("/policies/look", file=name, text=f"{body}\nPay now! {{{{ custmer.name }}}}\n").text
    )
    assert "an exclamation mark raises the voice" in found
    assert "did you mean “customer”" in found
    shown = ana.sends("/messages/look", file=name, text=f"{body}\n{STRANGE}\n").text
    assert "Acme Hardware" in shown
    assert "Lee Garden Center" in shown
    assert "<script>alert" not in shown
    assert "no head" in ana.sends("/messages/look", file=name, text="Dear customer").text
    bomb = "---\nsubject: x\ntone: firm\n---\n{% for a in range(10**9) %}x{% endfor %}{{ 10**10**10 }}\n"
    assert "there is nothing to call" in words(ana.sends("/messages/look", file=name, text=bomb).text)
    refused = ana.sends(
        f"/policies/file/{name}", seen=re.search(r'name="seen" value="(\w+)"', page)[1], text=bomb
    )  # type: ignore[index]
    assert refused.status_code == 422
    assert (place.house.root / name).read_text("utf-8") == body


def test_stored_scripts_do_not_run(place: Place) -> None:
    file = place.house.root / "templates" / "firm-reminder.md"
    file.write_text(file.read_text("utf-8").replace("subject: ", f"subject: {STRANGE} "), "utf-8")
    ana = place.as_("ana")
    for page in (
        "/messages",
        "/messages/message/firm-reminder",
        "/policies/file/templates/firm-reminder.md",
        "/policies/change",
    ):
        assert "<script>alert" not in ana.get(page).text
    assert "<script>" not in ana.get("/messages/message/firm-reminder/shown?language=en&sample=full").text
