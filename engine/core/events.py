"""What other programs may hear of, by the names that settings use, and the kinds of journal entries behind each."""

from __future__ import annotations

from collections.abc import Mapping

EVENTS: Mapping[str, tuple[str, ...]] = {
    "ledger": ("import", "import customers", "push"),
    "run": ("run",),
    "action": ("action", "cancelled", "postponed"),
    "delivery": ("delivery",),
    "call": ("call",),
    "promise": ("promise", "promise superseded", "promise withdrawn"),
    "plan": ("plan", "plan awaiting approval", "plan declined", "plan ended"),
    "dispute": ("dispute opened", "dispute closed"),
    "restriction": (
        *("restriction requested", "restriction in force", "restriction again", "restriction kept"),
        *("restriction ended", "way back proposed"),
    ),
    "pause": ("pause", "pause lifted"),
    "policies": ("policies staged", "policies live", "policies declined"),
}
_NAME = {kind: name for name, kinds in EVENTS.items() for kind in kinds}


def named(kind: str) -> str:
    """The event that an entry of the journal is; its kind itself where it has no name."""
    return _NAME.get(kind, kind)
