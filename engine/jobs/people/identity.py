"""Who somebody is, as an identity provider of the house says it: OpenID Connect, the code flow with PKCE.

The provider's word is taken for one thing, an address that it has verified; who works here and what they may, Dunwell knows.
"""

from __future__ import annotations

import secrets
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from engine.errors import DunwellError, Refused
from engine.jobs.workspace import Workspace
from engine.settings import Identity

_KEPT = 600.0  # seconds for which the provider's description is
_LASTS = timedelta(minutes=10)  # from leaving for the provider to coming back
_MOST = 100  # people on the way at once
LARGEST = 256 * 1024  # bytes of a form that somebody was about to send
_WAIT, _LEEWAY = 10.0, 60  # seconds
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_AGAIN = "go to the sign-in page and begin again"


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """Somebody who has left for the provider: what has to come back with them, and what they were about to do."""

    state: str
    nonce: str
    verifier: str
    since: datetime
    next: str = ""
    kept_path: str = ""
    kept: str = ""


class Provider:
    """One for the whole process. Who is on the way is kept in it alone."""

    def __init__(self) -> None:
        self._described: tuple[float, Identity, Mapping[str, Any]] | None = None
        self._on_the_way: OrderedDict[str, OnTheWay] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, ws: Workspace, back: str, now: datetime, **kept: str) -> tuple[str, str]:
        """(where the browser goes, the state that its cookie keeps). `kept`: next, kept_path, kept."""
        from authlib.common.security import generate_token

        described = self._description(ws)
        one = OnTheWay(secrets.token_urlsafe(24), secrets.token_urlsafe(24), generate_token(64), now, **kept)
        with _client(ws, back) as client:
            url, _ = client.create_authorization_url(
                described["authorization_endpoint"],
                state=one.state,
                code_verifier=one.verifier,
                nonce=one.nonce,
            )
        with self._lock:
            self._on_the_way[one.state] = one
            while len(self._on_the_way) > _MOST:
                self._on_the_way.popitem(last=False)
        return str(url), one.state

    def finish(
        self, ws: Workspace, back: str, query: Mapping[str, str], cookie: str, now: datetime
    ) -> tuple[str, OnTheWay]:
        """(the verified address, what they were about to do). Refused for everything that is not as it should be."""
        ours = ws.settings.identity
        with self._lock:
            one = self._on_the_way.pop(cookie, None) if cookie else None
        if one is None or not secrets.compare_digest(one.state, query.get("state", "")):
            raise Refused("this sign-in was not begun here, or was used already", _AGAIN)
        if now - one.since > _LASTS:
            raise Refused("this sign-in took too long", _AGAIN)
        if "error" in query:
            told = query.get("error_description") or query["error"]
            raise Refused(f"{ours.called} did not let you in: {told[:200]}", "")
        if query.get("iss", ours.issuer) != ours.issuer or not query.get("code"):
            raise Refused(f"{ours.called} sent an answer that is not whole", _AGAIN)
        claims = self._claims(ws, back, query["code"], one, now)
        address = claims.get("email")
        verified = claims.get("email_verified") in (True, "true") or ours.unverified
        if not isinstance(address, str) or not address.strip():
            raise Refused(f"{ours.called} did not say your e-mail address", "its administrator can allow it")
        if not verified:
            raise Refused(f"{ours.called} has not verified the address {address[:200]}", "")
        return address.strip(), one

    def leave(self, ws: Workspace, back: str) -> str:
        """Where one signs out at the provider too; empty where it has no such page."""
        described = self._description(ws)
        end = described.get("end_session_endpoint")
        if not isinstance(end, str) or not _is_safe(end):
            return ""
        query = {"client_id": ws.settings.identity.client, "post_logout_redirect_uri": back}
        return f"{end}{'&' if '?' in end else '?'}{urlencode(query)}"

    def _claims(self, ws: Workspace, back: str, code: str, one: OnTheWay, now: datetime) -> Mapping[str, Any]:
        from authlib.common.errors import AuthlibBaseError
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        ours, described = ws.settings.identity, self._description(ws)
        try:
            with _client(ws, back) as client:
                token = client.fetch_token(
                    described["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=one.verifier,
                )
            keys = KeySet.import_key_set(_fetched(ws, described["jwks_uri"]))
            found = jwt.decode(str(token.get("id_token") or ""), keys, algorithms=list(_ALGORITHMS))
            options = {
                "iss": {"essential": True, "value": ours.issuer},
                "aud": {"essential": True, "value": ours.client},
                "nonce": {"essential": True, "value": one.nonce},
            }
            params = {"nonce": one.nonce, "client_id": ours.client, "access_token": token.get("access_token")}
            CodeIDToken(found.claims, found.header, options, params).validate(
                now=int(now.timestamp()), leeway=_LEEWAY
            )
        except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
            raise Refused(f"what {ours.called} says cannot be believed ({_kind(error)})", _AGAIN) from None
        except Exception as error:
            raise _unreachable(ours, error) from None
        return dict(found.claims)

    def _description(self, ws: Workspace) -> Mapping[str, Any]:
        """What the provider says of itself, under its own name and no other."""
        ours = ws.settings.identity
        with self._lock:
            there = self._described
        if there is not None and there[1] == ours and time.monotonic() - there[0] < _KEPT:
            return there[2]
        told = _fetched(ws, f"{ours.issuer.rstrip('/')}/.well-known/openid-configuration")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        good = isinstance(told, dict) and told.get("issuer") == ours.issuer
        if not good or not all(isinstance(told.get(name), str) and _is_safe(told[name]) for name in needed):
            raise DunwellError(
                f"{ours.called} does not describe itself as {ours.issuer}", "check  issuer  under [identity]"
            )
        with self._lock:
            self._described = (time.monotonic(), ours, told)
        described: Mapping[str, Any] = told
        return described


def _client(ws: Workspace, back: str) -> Any:
    from authlib.integrations.httpx_client import OAuth2Client

    ours = ws.settings.identity
    return OAuth2Client(
        ours.client,
        ours.secret.get_secret_value() if ours.secret else None,
        token_endpoint_auth_method="client_secret_basic" if ours.secret else "none",
        scope="openid email",
        redirect_uri=back,
        code_challenge_method="S256",
        timeout=_WAIT,
        verify=_trust(ws),
    )


def _fetched(ws: Workspace, url: str) -> Any:
    import httpx2

    try:
        with httpx2.Client(timeout=_WAIT, verify=_trust(ws)) as client:
            answer = client.get(url, headers={"Accept": "application/json"})
            answer.raise_for_status()
            return answer.json()
    except Exception as error:
        raise _unreachable(ws.settings.identity, error) from None


def _trust(ws: Workspace) -> ssl.SSLContext:
    file = ws.root / ws.settings.identity.ca_file if ws.settings.identity.ca_file else None
    return _context(file, file.stat().st_mtime_ns if file else 0)


@lru_cache(maxsize=2)
def _context(file: Path | None, written: int) -> ssl.SSLContext:
    """To read the system's certificates takes a while."""
    return ssl.create_default_context(cafile=file)


def _unreachable(ours: Identity, error: Exception) -> DunwellError:
    if isinstance(error, DunwellError):
        return error
    return DunwellError(
        f"{ours.called} cannot be reached now ({_kind(error)})", "sign in with a password, or try it again"
    )


def _kind(error: Exception) -> str:
    """What went wrong in a word; never what was sent."""
    return str(getattr(error, "error", "") or type(error).__name__)


def _is_safe(url: str) -> bool:
    """Encrypted, or on this very machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    )
