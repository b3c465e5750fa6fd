"""Signing in by the house's identity provider, a real one on the loopback: what is believed, and all that is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from joserfc.jwk import ECKey, OctKey

from engine.settings import load
from engine.store import people
from engine.store.database import reading, writing
from engine.store.people import Worker
from tests.web.conftest import Browser, Place, words
from tests.web.provider import CLIENT, SECRET, LittleProvider

ADDRESS = "ana@seller.example.com"


@pytest.fixture(scope="module")
def _provider() -> Iterator[LittleProvider]:
    made = LittleProvider(now=lambda: NOW[0])
    yield made
    made.stop()


NOW: list = []


@pytest.fixture
def provider(_provider: LittleProvider, place: Place, monkeypatch: pytest.MonkeyPatch) -> LittleProvider:
    """The desk knows it; Ana has an address. The secret comes from the environment."""
    NOW[:] = [place.now]
    _provider.email, _provider.claims, _provider.refuses = ADDRESS, {}, ""
    _provider.key, _provider.algorithm = _provider.published, "ES256"
    _provider.asked.clear()
    monkeypatch.setenv("DUNWELL_IDENTITY__SECRET", SECRET)
    settings(place, f'issuer = "{_provider.issuer}"\nclient = "{CLIENT}"\nname = "Fernhollow"\n')
    known(place, "ana", ADDRESS)
    return _provider


def settings(place: Place, more: str) -> None:
    path = place.house.root / "dunwell.toml"
    text = path.read_text("utf-8").partition("\n[identity]")[0]
    path.write_text(f"{text}\n[identity]\n{more}", "utf-8")


def known(place: Place, id: str, address: str) -> None:
    with writing(place.desk.engine) as conn:
        there = people.worker(conn, id) or Worker(id, "Another", ("collector",))
        new = Worker(id, there.name, there.roles, address)
        people.keep(conn, new, "test", place.now, new=people.worker(conn, id) is None)
    place.desk.kept.look()


def leaves(browser: Browser, **more: str) -> str:
    """The address at the provider to which the desk leads."""
    page = browser.sends("/sign-in/other", **more)
    assert page.status_code == 200, page.text
    found = re.search(r'class="button main" href="([^"]+)"', page.text)
    assert found
    assert page.headers["refresh"] == f"0; url={unescape(found[1])}"
    return unescape(found[1])


def comes_back(url: str) -> str:
    """What the provider answers: an address of the desk."""
    return httpx.get(url, follow_redirects=False).headers["location"]


def back(browser: Browser, url: str) -> httpx.Response:
    where = urlsplit(comes_back(url))
    return browser.get(f"{where.path}?{where.query}", follow_redirects=False)


def sessions(place: Place) -> list[str]:
    from engine.jobs.people import entry

    with reading(place.desk.engine) as conn:
        return [one.how for one in people.sessions(conn, place.now, entry.IDLE)]


def test_there_and_back_and_out(place: Place, provider: LittleProvider) -> None:
    browser = place.stranger()
    assert "Sign in with Fernhollow" in words(browser.get("/sign-in").text)
    url = leaves(browser, next="/accounts")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid email"
    assert len(asked["state"]) >= 24
    assert len(asked["nonce"]) >= 24
    assert asked["redirect_uri"] == "http://127.0.0.1:8015/sign-in/back"
    assert SECRET not in url
    answer = back(browser, url)
    assert (answer.status_code, answer.headers["location"]) == (303, "/accounts")
    page = browser.get("/me")
    assert "Ana Reyes" in page.text
    assert sessions(place) == ["identity provider"]
    mark = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert mark
    out = browser.post("/sign-out", data={"csrf": mark[1]}, follow_redirects=False)
    assert "You are signed out here, and still signed in at Fernhollow." in words(out.text)
    assert f"{provider.issuer}/out?client_id={CLIENT}" in out.text
    assert sessions(place) == []
    assert browser.get("/me", follow_redirects=False).status_code == 303


def test_what_is_not_believed(place: Place, provider: LittleProvider) -> None:
    """One thing is wrong each time; nobody is let in."""
    now = int(place.now.timestamp())
    wrong: list[dict[str, object]] = [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},  # and nobody says that it is for us
        {"iss": "https://another.example.com"},
        {"exp": now - 3600},
        {"iat": None},
        {"email": None},
        {"email": ["ana@seller.example.com"]},
        {"email_verified": False},
        {"email_verified": None},
        {"email": "nobody@seller.example.com"},
        {"email": "ana"},  # an id is no address
        {"email": "Ana Reyes"},
    ]
    for claims in wrong:
        provider.claims = claims
        browser = place.stranger()
        answer = back(browser, leaves(browser))
        assert answer.status_code == 403, claims
        assert 'role="alert"' in answer.text
    provider.claims = {}
    provider.key = ECKey.generate_key("P-256", {"kid": "1"})
    browser = place.stranger()
    assert "cannot be believed" in back(browser, leaves(browser)).text
    # signed with what we share with it: not with the key that it has published
    provider.key = OctKey.import_key(SECRET)  # type: ignore[assignment]
    provider.algorithm = "HS256"
    assert "cannot be believed" in back(browser, leaves(browser)).text
    assert sessions(place) == []


def test_only_who_left_comes_back_and_once(place: Place, provider: LittleProvider) -> None:
    one, other = place.stranger(), place.stranger()
    url = leaves(one)
    assert back(other, url).status_code == 403  # somebody is lured to an answer that was meant for another
    where = urlsplit(comes_back(url))
    assert one.get(f"{where.path}?code=x&state=forged", follow_redirects=False).status_code == 403
    assert back(one, leaves(one)).status_code == 303
    assert one.get(f"{where.path}?{where.query}", follow_redirects=False).status_code == 403
    late = place.stranger()
    url = leaves(late)
    place.later(minutes=11)
    assert "took too long" in back(late, url).text
    provider.refuses = "<b>not on a Sunday"
    refused = back(late, leaves(late))
    assert "did not let you in: &lt;b&gt;not on a Sunday" in refused.text


def test_what_was_typed_is_there_again(place: Place, provider: LittleProvider) -> None:
    browser = place.stranger()
    kept = browser.sends("/people", name="Mia <b>Lang", roles="collector")
    packed = unescape(re.findall(r'name="kept" value="([^"]*)"', kept.text)[-1])
    url = leaves(browser, **{"kept-path": "/people", "kept": packed})
    answer = back(browser, url)
    assert "Mia &lt;b&gt;Lang" in answer.text
    assert 'action="/people"' in answer.text
    page = browser.sends("/sign-in/other", **{"kept-path": "/people", "kept": "x" * 300_000})
    assert page.status_code == 422
    evil = place.stranger()
    assert back(evil, leaves(evil, next="//evil.example.com")).headers["location"] == "/today"


def test_who_has_left_or_shares_an_address(place: Place, provider: LittleProvider) -> None:
    known(place, "twin", ADDRESS)
    browser = place.stranger()
    assert back(browser, leaves(browser)).status_code == 403
    provider.email = "ANA@seller.example.com"
    known(place, "twin", "")
    assert back(browser, leaves(browser)).status_code == 303
    settings(place, f'issuer = "{provider.issuer}"\nclient = "{CLIENT}"\nunverified = true\n')
    place.desk.kept.look()
    provider.claims = {"email_verified": None}
    assert back(browser, leaves(browser)).status_code == 303


def test_a_provider_that_is_away_or_another(place: Place, provider: LittleProvider) -> None:
    browser = place.stranger()
    settings(place, f'issuer = "{provider.issuer}/other"\nclient = "{CLIENT}"\n')
    place.desk.kept.look()
    page = browser.sends("/sign-in/other", name="joe")
    assert page.status_code == 503
    assert "cannot be reached" in page.text
    settings(place, f'issuer = "{provider.issuer}/"\nclient = "{CLIENT}"\n')
    place.desk.kept.look()
    assert "does not describe itself as" in browser.sends("/sign-in/other").text
    settings(place, "")
    place.desk.kept.look()
    assert browser.sends("/sign-in/other").status_code == 404
    assert browser.get("/sign-in/back?code=x").status_code == 404
    assert "Sign in with" not in words(browser.get("/sign-in").text)


def test_the_settings(place: Place) -> None:
    for more, code in (
        ('issuer = "https://id.example.com"\n', "no-client"),
        ('client = "desk"\n', "no-issuer"),
        ('issuer = "http://id.example.com"\nclient = "desk"\n', "wrong-value"),
        ('issuer = "https://id.example.com"\nclient = "desk"\nsecret = "oh no, a secret"\n', "secret"),
        ('issuer = "https://id.example.com"\nclient = "desk"\nca_file = "none.pem"\n', "ca-file"),
    ):
        settings(place, more)
        found, problems = load(place.house.root)
        assert found is None
        assert [one.code for one in problems] == [code]
        assert "oh no" not in "".join(f"{one.sentence}{one.line}{one.suggestion}" for one in problems)
