"""What can go wrong with the machine rather than with what somebody wrote: a clear sentence, and what helps.

A user's mistake in a file is a `Problem` in a list; these are raised. The command line shows `sentence`, then
`hint`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date


class DunwellError(Exception):
    """`sentence` says what is wrong, `hint` what helps; `tool`: the tool failed (exit code 3)."""

    tool = True

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence}\n  {self.hint}" if self.hint else self.sentence


class Refused(DunwellError):
    """What a person asked for cannot be done as asked: the decision is no longer open, the day is past."""

    tool = False


class NotFound(Refused):
    """Nothing has that name. `wanted` is what was written, `nearest` what may have been meant."""

    def __init__(self, kind: str, wanted: str, nearest: tuple[str, ...] = (), of: str = "") -> None:
        near = " or ".join(f"“{name}”" for name in nearest)
        whose = f" of {of}" if of else ""
        super().__init__(f"there is no {kind} “{wanted}”{whose}", f"did you mean {near}?" if near else "")
        self.wanted = wanted
        self.nearest = nearest


class WrongFields(Refused):
    """What was filled in cannot be taken. `fields` says what is wrong, by the field's name."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(fields.values()))
        self.fields = fields


class DatabaseError(DunwellError):
    """The database cannot be used. Nothing was changed by what had been asked."""


class DatabaseTooNew(DatabaseError):
    """A newer Dunwell made the database. `found` is the version it has, `known` the newest known here."""

    def __init__(self, name: str, found: str, known: str) -> None:
        super().__init__(
            f"the database {name} was made by a newer Dunwell "
            f"(its version is {found}, this one knows {known})",
            "install the newer Dunwell; this one leaves the database as it is",
        )
        self.found = found
        self.known = known


class DatabaseTooOld(DatabaseError):
    """The database waits for its migration, which the caller did not ask for."""


class DatabaseUnreadable(DatabaseError):
    """The file is no database, is damaged, or the server does not answer."""


class OtherCompany(DatabaseError):
    """The database is another company's than the one that the settings name."""

    def __init__(self, name: str, found: str, wanted: str) -> None:
        super().__init__(
            f"the database {name} is of the company “{found}”, and dunwell.toml says “{wanted}”",
            f'write  company = "{found}"  under [workspace], or give “{wanted}” a database of its own',
        )


class ReadOnly(DatabaseError):
    """The folder or the file may not be written to."""


class DiskFull(DatabaseError):
    """There is no room left. The transaction was rolled back."""


class DatabaseBusy(DatabaseError):
    """Somebody else has been writing for too long."""


class PartBroken(DatabaseError):
    """What a part of a run under way has written is not what is there now."""

    def __init__(self, on: date, number: int) -> None:
        super().__init__(
            f"part {number} of the run of {on} is not as it was written: the run was given up, and is decided anew",
            "find out who changed the database; “dunwell verify” looks at all of it",
        )


class JournalBroken(DatabaseError):
    """The chain of the journal does not hold. `seq` is the first entry that is not as it was written."""

    def __init__(self, stream: str, seq: int, why: str) -> None:
        super().__init__(
            f"the journal “{stream}” is not as it was written: entry {seq}: {why}",
            "restore the database from a backup, and find out who changed it",
        )
        self.stream = stream
        self.seq = seq
