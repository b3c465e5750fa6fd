"""Who we are: what letterheads and demands name, which money and clock the house goes by."""

from __future__ import annotations

from collections.abc import Mapping

from engine.settings import Settings
from engine.settings.written import Value, Way

NAME = ("company", "name")
FIELDS: Mapping[Way, str] = {
    NAME: "name",
    ("company", "address"): "address",
    ("company", "email"): "email",
    ("company", "phone"): "phone",
    ("company", "pay"): "pay",
    ("company", "pay_url"): "pay_url",
    ("company", "disputes"): "disputes",
    ("ledger", "currency"): "currency",
    ("workspace", "zone"): "zone",
}
LINES = ("address", "pay")
NEEDED = {
    "name": "say how your company is called",
    "email": "say which address customers answer to",
    "currency": "say which currency your amounts are in",
}


def known(settings: Settings) -> dict[str, str]:
    """What is written, as the form has it; lists line by line."""
    found: dict[str, str] = {}
    for (section, name), field in FIELDS.items():
        value = getattr(getattr(settings, section), name)
        found[field] = "\n".join(value) if isinstance(value, tuple) else str(value or "")
    return found


def values(typed: Mapping[str, str], before: Mapping[str, str]) -> dict[Way, Value]:
    """What has to be written: only what is another now, so that the rest of the file stays as somebody wrote it."""
    found: dict[Way, Value] = {}
    for way, field in FIELDS.items():
        text = typed.get(field, "").strip()
        if field in LINES:
            lines = tuple(line.strip() for line in text.splitlines() if line.strip())
            if "\n".join(lines) != before[field]:
                found[way] = lines or None
        elif text != before[field]:
            found[way] = text or None
    return found


def missing(typed: Mapping[str, str]) -> dict[str, str]:
    """What a demand cannot do without."""
    return {field: why for field, why in NEEDED.items() if not typed.get(field, "").strip()}
