"""A small identity provider on the loopback: real HTTP, real keys, each code good once and for who holds its verifier."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey

CLIENT, SECRET = "desk", "a secret of 26 characters!"


@dataclass
class LittleProvider:
    """Whoever asks is `email`. `claims` are said in place of the true ones; `key` signs."""

    now: Callable[[], datetime]
    email: str = "ana@seller.example.com"
    claims: dict[str, Any] = field(default_factory=dict)
    refuses: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "1"}))
    algorithm: str = "ES256"
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        provider = self
        self.published = self.key

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(urlsplit(self.path).path)
                provider._get(self)

            def do_POST(self) -> None:
                provider.asked.append(urlsplit(self.path).path)
                provider._token(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join(5)

    def _get(self, asked: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/.well-known/openid-configuration":
            _answer(
                asked,
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    "end_session_endpoint": f"{self.issuer}/out",
                },
            )
        elif parts.path == "/keys":
            _answer(asked, {"keys": [self.published.as_dict(private=False)]})
        elif parts.path == "/authorize":
            told = {"state": query["state"]}
            if self.refuses:
                told |= {"error": "access_denied", "error_description": self.refuses}
            else:
                code = secrets.token_urlsafe(8)
                self.codes[code] = query
                told |= {"code": code, "iss": self.issuer}
            asked.send_response(302)
            asked.send_header("Location", f"{query['redirect_uri']}?{urlencode(told)}")
            asked.end_headers()
        else:
            _answer(asked, {}, 404)

    def _token(self, asked: BaseHTTPRequestHandler) -> None:
        body = asked.rfile.read(int(asked.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        known = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        given = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked.headers.get("Authorization") != f"Basic {known}":
            _answer(asked, {"error": "invalid_client"}, 401)
        elif (
            given is None
            or given["code_challenge"] != challenge
            or given["code_challenge_method"] != "S256"
            or form.get("redirect_uri") != given["redirect_uri"]
        ):
            _answer(asked, {"error": "invalid_grant"}, 400)
        else:
            now = int(self.now().timestamp())
            claims = {
                "iss": self.issuer,
                "sub": "4711",
                "aud": CLIENT,
                "iat": now,
                "exp": now + 300,
                "nonce": given["nonce"],
                "email": self.email,
                "email_verified": True,
            }
            said = {name: value for name, value in (claims | self.claims).items() if value is not None}
            head = {"alg": self.algorithm, "kid": "1"}
            token = jwt.encode(head, said, self.key, algorithms=[self.algorithm])
            _answer(asked, {"access_token": "x", "token_type": "Bearer", "id_token": token})


def _answer(asked: BaseHTTPRequestHandler, value: object, code: int = 200) -> None:
    body = orjson.dumps(value)
    asked.send_response(code)
    asked.send_header("Content-Type", "application/json")
    asked.send_header("Content-Length", str(len(body)))
    asked.end_headers()
    asked.wfile.write(body)
