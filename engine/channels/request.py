"""What the ledger system is asked for: the terms, hold or hand-off an account should have, never a toggle."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from engine.channels.folder import RENAME, Shelf, file_name
from engine.channels.receipt import Receipt, Stage


@dataclass(frozen=True, slots=True)
class Request:
    """A wished-for state. `what` is `terms`, `hold`, `hand off` or a webhook's name, `desired` its value,
    such as `cash on delivery`; `version` rises with every request of the account, so that a receiver can tell
    an old one that comes late. `facts` is further JSON for the receiver.
    """

    key: str
    account: str
    what: str
    desired: str
    version: int
    day: date
    because: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The same for every try, so that the receiver can drop the second."""
        return "dw_" + hashlib.sha256(self.key.encode()).hexdigest()[:40]

    def body(self) -> bytes:
        """The request as JSON, always the same bytes for the same request."""
        told = {
            "type": f"account.{self.what.replace(' ', '_')}",
            "id": self.id,
            "account": self.account,
            "what": self.what,
            "desired": self.desired,
            "version": self.version,
            "day": self.day.isoformat(),
            "because": self.because,
            "facts": dict(self.facts),
        }
        return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


class RequestFolder:
    """The way out where no ledger system listens: `requests/DATE/NAME.json`, for a person to carry out."""

    point = RENAME

    def __init__(self, root: Path) -> None:
        self.shelf = Shelf(root)

    async def send(self, made: Request, stage: Stage) -> Receipt:
        """One file a request."""
        path = PurePosixPath("requests", made.day.isoformat(), file_name(made.key, ".json"))
        return await self.shelf.put(path, made.body(), stage)

    async def found(self, evidence: Mapping[str, str]) -> Receipt | None:
        return await asyncio.to_thread(self.shelf.find, evidence)

    def keep(self, made: Request) -> Mapping[str, Any]:
        return {}

    def again(self, kept: Mapping[str, Any], reached: Collection[str]) -> Request:
        raise ValueError("requests are made anew")
