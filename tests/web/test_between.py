"""What is agreed with a customer: each form does what its command does, says what is wrong at its field, keeps what was typed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.store import disputes, plans, promises, restrictions, wishes
from engine.store.database import reading
from tests.web.conftest import MONDAY, STRANGE, Browser, Place, words

PAGES = ("promise", "plan", "dispute", "compromise", "terms", "reach")


def test_a_promise_is_written_down_and_taken_back(place: Place) -> None:
    joe = place.as_("joe")
    wrong = joe.sends("/promise/ACC1", amount="a lot", **{"with": "Ms Lee"})
    assert wrong.status_code == 422
    assert "Say when the money is to come." in wrong.text
    assert "“a lot”" in words(wrong.text)
    assert 'value="Ms Lee"' in wrong.text
    assert "ACC1" in joe.said("/promise/ACC1", pays="friday", amount="800", item="I1", said="on Friday")
    with reading(place.desk.engine) as conn:
        (one,) = promises.promises(conn, "ACC1")
    assert (one.amount, one.state, one.by, one.said) == (80000, "open", "joe", "on Friday")
    assert "by Fri 16 Oct 2026" in words(joe.get("/promise/ACC1").text)
    assert joe.sends("/promise/ACC1", do="withdraw", item="I1").status_code == 422
    joe.said("/promise/ACC1", do="withdraw", item="I1", because="it was another customer")
    with reading(place.desk.engine) as conn:
        assert [one.state for one in promises.promises(conn, "ACC1")] == ["withdrawn"]


def test_a_form_is_taken_once(place: Place) -> None:
    joe = place.as_("joe")
    assert joe.sends("/promise/ACC1", once="m1", pays="friday", amount="1").status_code == 303
    assert joe.sends("/promise/ACC1", once="m1", pays="friday", amount="1").status_code == 422
    with reading(place.desk.engine) as conn:
        assert len(promises.promises(conn, "ACC1")) == 1


def test_a_plan_beyond_a_role_waits_for_a_second_person(place: Place) -> None:
    joe, ana = place.as_("joe"), place.as_("ana")
    wrong = joe.sends("/plan/ACC1", first="someday")
    assert wrong.status_code == 422
    assert "Say how many payments" in wrong.text
    assert "“someday” is no day" in words(wrong.text)
    assert wrong.text.count('class="why"') == 2
    joe.said("/plan/ACC1", instalments="10", first="friday", every="month", agree="yes", because="a fire")
    with reading(place.desk.engine) as conn:
        (plan,) = plans.plans(conn, "ACC1")
    assert plan.state == plans.AWAITING
    assert "needs a yes" in joe.get("/plan/ACC1").text
    assert joe.sends("/approve", key="ACC1").status_code == 409
    ana.said("/approve", key="ACC1")
    with reading(place.desk.engine) as conn:
        (plan,) = plans.plans(conn, "ACC1")
    assert (plan.state, plan.approved_by, len(plan.instalments)) == (plans.KEPT, "ana", 10)
    joe.said("/plan/ACC1", do="end", item="I1", why="they pay all at once")
    with reading(place.desk.engine) as conn:
        assert [one.state for one in plans.plans(conn, "ACC1")] == [plans.ENDED]


def test_a_dispute_is_opened_and_closed(place: Place) -> None:
    joe = place.as_("joe")
    wrong = joe.sends("/dispute/ACC1", reason="no such reason")
    assert "Tick the invoices that are disputed." in wrong.text
    assert "Choose one of these." in wrong.text
    opened = {"item": "I1", "reason": "short shipment", "amount": "200", "said": "two boxes short"}
    assert joe.sends("/dispute/ACC1", **opened).status_code == 303
    again = joe.sends("/dispute/ACC1", **opened)
    assert again.status_code == 422
    assert "disputed already" in again.text
    assert "dunwell" not in words(again.text).replace("Dunwell", "")
    assert joe.sends("/dispute/ACC1", do="close", item="I1").status_code == 422
    joe.said("/dispute/ACC1", do="close", item="I1", **{"for": "customer"}, result="credited")
    with reading(place.desk.engine) as conn:
        (one,) = disputes.disputes(conn, "ACC1")
    assert (one.amount, one.closed_for, one.closed_by, one.result) == (20000, "customer", "joe", "credited")


def test_a_compromise_says_what_is_given(place: Place) -> None:
    ana = place.as_("ana")
    nothing = ana.sends("/compromise/ACC1", because="they asked")
    assert "A compromise gives something" in nothing.text
    assert "is no share" in words(ana.sends("/compromise/ACC1", discount="x%", because="b").text)
    said = ana.said("/compromise/ACC1", discount="2%", because="paid in two weeks", theirs="pays\nat once")
    assert "ACC1" in said


def test_terms_asked_for_by_one_are_agreed_to_by_another_and_given_back(place: Place) -> None:
    joe, ana = place.as_("joe"), place.as_("ana")
    wrong = joe.sends("/terms/ACC1", what="hold", value="everything", because="late again")
    assert wrong.status_code == 422
    assert "There is no hold “everything”" in wrong.text
    joe.said("/terms/ACC1", what="hold", value="orders", because="late again", told="by telephone")
    assert joe.sends("/approve", key="ACC1").status_code == 409
    ana.said("/approve", key="ACC1")
    with reading(place.desk.engine) as conn:
        assert (
            restrictions.of_account(conn, "ACC1") == []
        )  # asked of the ledger system with the next delivery
    place.house.deliver("2026-10-13")
    with reading(place.desk.engine) as conn:
        (one,) = restrictions.of_account(conn, "ACC1")
    assert one.state is restrictions.Standing.REQUESTED
    joe.said("/terms/ACC1", do="seen", which="hold")
    assert "is overdue" in words(ana.sends("/terms/ACC1", do="back", which="hold", why="paid by card").text)
    ana.said("/terms/ACC1", do="back", which="hold", why="paid by card", although="yes")
    with reading(place.desk.engine) as conn:
        (one,) = restrictions.of_account(conn, "ACC1")
    assert one.state is restrictions.Standing.PROPOSED or one.state is restrictions.Standing.RELEASING


def test_a_wish_about_contact_acts_and_ends(place: Place) -> None:
    joe = place.as_("joe")
    assert "Say what they asked for." in joe.sends("/reach/ACC1", because="asked").text
    joe.said("/reach/ACC1", rule="no calls", because="asked for it on the phone")
    with reading(place.desk.engine) as conn:
        (rule,) = wishes.of_account(conn, "ACC1", place.now.date())
    assert (rule.wish, rule.by) == ("no calls", "joe")
    joe.said("/reach/ACC1", do="end", rule="no calls", why="they call back")
    with reading(place.desk.engine) as conn:
        assert wishes.of_account(conn, "ACC1", place.now.date()) == []


@pytest.mark.parametrize("role", ["", "reader", "admin"])
def test_who_does_not_work_changes_nothing(
    place: Place, people_of: Callable[[str], Browser], role: str
) -> None:
    browser = people_of(role)
    for page in PAGES:
        answer = browser.sends(f"/{page}/ACC1", pays=MONDAY, because="x", rule="no calls")
        assert answer.status_code == (403 if role else 401), page
        read = browser.get(f"/{page}/ACC1")
        assert read.status_code == 200
        assert 'name="once"' not in read.text
    with reading(place.desk.engine) as conn:
        assert promises.promises(conn, "ACC1") == []
        assert wishes.of_account(conn, "ACC1", place.now.date()) == []


def test_what_is_forged_or_strange(place: Place) -> None:
    joe = place.as_("joe")
    for page in PAGES:
        assert joe.get(f"/{page}/NOBODY").status_code == 404
        assert joe.sends(f"/{page}/NOBODY").status_code == 404
        assert joe.post(f"/{page}/ACC1", data={"because": "x"}, follow_redirects=False).status_code == 403
        assert STRANGE not in joe.get(f"/{page}/STRANGE").text
        told = joe.sends(f"/{page}/STRANGE", because=STRANGE, said=STRANGE, why=STRANGE, do=STRANGE)
        assert STRANGE not in told.text
    # An invoice of another account is none of this one's.
    assert joe.sends("/promise/ACC1", pays="friday", item="I3").status_code == 422
    joe.said("/promise/ACC3", pays="friday", item="I3", said=STRANGE)
    assert joe.sends("/promise/ACC1", do="withdraw", item="I3", because="x").status_code == 422
    assert STRANGE not in joe.get("/promise/ACC3").text + joe.get("/account/ACC3").text
