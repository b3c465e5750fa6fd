"""Passwords: what one must be, and argon2 over it. Cost as OWASP's Password Storage Cheat Sheet has it, for many at once."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST, MOST = 12, 200  # characters
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# What is looked at where nobody has the name, so that the answer takes as long.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$JTuIXRVa1ILg6BEE2T7mEg$8RIqe6dghtp/K1UGMlGc6ZuxrvE06pcTXQ86+6puS3o"


def hashed(password: str) -> str:
    return _HASHER.hash(password)


def matches(hash: str | None, password: str) -> bool:
    """Whether it is the password; as slow where there is none."""
    if len(password) > MOST:
        return False
    try:
        return _HASHER.verify(hash or _NOBODY, password) and hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_old(hash: str) -> bool:
    """Whether it was made at another cost."""
    return _HASHER.check_needs_rehash(hash)


def wrong(password: str, again: str, *names: str) -> dict[str, str]:
    """What is wrong with a new password, by field; nothing where it is good."""
    low = password.lower()
    if len(password) < LEAST:
        return {"password": f"it needs at least {LEAST} characters; a few words do well"}
    if len(password) > MOST:
        return {"password": f"it may have {MOST} characters at most"}
    if len(set(low)) < 5 or any(len(name) > 3 and name.lower() in low for name in names):
        return {"password": "it is too easy to guess: not your name, and not the same few letters"}
    return {} if password == again else {"again": "the two are not the same"}
