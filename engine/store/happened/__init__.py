"""What has happened with an account, told a line each: what was decided, what was said, what was agreed, what the ledger shows.

Each chapter is a function of the connection, the account and the company, which gives its lines in any order.
"""

from engine.store.happened.agreed import AGREED
from engine.store.happened.decided import DECIDED
from engine.store.happened.line import Happened, money
from engine.store.happened.said import SAID

CHAPTERS = (*DECIDED, *SAID, *AGREED)
# What `kind` of a line can be, beside the kinds of actions.
KINDS = (
    *(
        "approval",
        "charge",
        "comparison",
        "concession",
        "contact",
        "contact rule",
        "dispute",
        "episode",
        "evidence",
        "learned",
    ),
    *("mail", "note", "override", "pause", "payment", "plan", "promise", "restriction"),
)

__all__ = ["CHAPTERS", "KINDS", "Happened", "money"]
