"""Policies and messages as they were at a revision of git. Nothing is checked out, fetched or written.

Git is asked as a program of its own, with words that cannot be taken for options; what it is asked for runs no hook, filter
or pager that a repository may bring along.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from engine.errors import NotFound, Refused
from engine.settings import Workspace
from engine.settings.texts import MOST_BYTES, POLICIES, TEMPLATES, Texts

_SECONDS = 60  # git answers at once, or something stands in its way
_HOOKS = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
)  # set by git for hooks: they name another folder
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
_FILE_MODES = ("100644", "100755")


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit with its texts. `short` is its abbreviated name, `day` its ISO date, `subject` its first line."""

    said: str
    commit: str
    short: str
    day: str
    subject: str
    texts: Texts


def read_revision(found: Workspace, said: str) -> Revision:
    """The texts of a workspace's folders at a revision: a branch, a tag, a commit, `HEAD~2`.

    Raises Refused where there is no git, no repository or no such revision, each with what to write instead.
    """
    git = _Git(found.root)
    commit = git.commit(said)
    policies = dict(git.files(commit, _beside(found, found.policies), POLICIES))
    templates = dict(git.files(commit, _beside(found, found.templates), TEMPLATES))
    if not policies:
        raise Refused(
            f"at “{said}” there are no policies in {_beside(found, found.policies)}",
            "name a revision at which they were there already",
        )
    shown = git.ask("log", "-1", "--no-show-signature", "--format=%h%x00%cs%x00%s", commit)
    short, day, subject = shown.decode(errors="replace").rstrip("\n").split("\0", 2)
    return Revision(said, commit, short, day, subject, Texts(policies, templates))


def _beside(found: Workspace, folder: Path) -> str:
    """A folder as git calls it from the workspace."""
    return PurePosixPath(os.path.relpath(folder, found.root).replace(os.sep, "/")).as_posix()


class _Git:
    """Git, asked about the repository that a folder is in."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def commit(self, said: str) -> str:
        """The full name of the commit that somebody means."""
        if not self._run("rev-parse", "--git-dir").returncode == 0:
            raise self._no_repository(said)
        if said.startswith("-") or not said.isprintable() or not said:
            raise self._nothing_like(said)
        first = self._run("rev-parse", "--verify", "--quiet", said)
        name = first.stdout.decode().strip()
        whole = self._run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") if name else first
        if whole.returncode or not name:
            raise self._no_revision(said)
        return whole.stdout.decode().strip()

    def files(self, commit: str, folder: str, patterns: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
        """Each file of a folder that a pattern names, with its path from the workspace."""
        listed = self.ask("ls-tree", "-r", "-z", commit, "--", f"{folder}/")
        names: dict[str, str] = {}
        for entry in filter(None, listed.decode(errors="surrogateescape").split("\0")):
            head, _, path = entry.partition("\t")
            mode, _, blob = head.split(" ", 2)
            if mode in _FILE_MODES and _named(PurePosixPath(path).relative_to(folder), patterns):
                names[path] = blob
        yield from zip(sorted(names), self._blobs([names[path] for path in sorted(names)]), strict=True)

    def _blobs(self, blobs: list[str]) -> Iterator[bytes]:
        data = self.ask("cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs).encode())
        at = 0
        for _ in blobs:
            end = data.index(b"\n", at)
            size = int(data[at:end].split(b" ")[2])
            yield data[end + 1 : end + 1 + min(size, MOST_BYTES)]
            at = end + 1 + size + 1

    def ask(self, *words: str, given: bytes = b"") -> bytes:
        done = self._run(*words, given=given)
        if done.returncode:
            raise Refused(f"git cannot read it: {_first_line(done.stderr)}", f"git {words[0]}  says more")
        return done.stdout

    def _run(self, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        environment: Mapping[str, str] = {
            name: value for name, value in os.environ.items() if name not in _HOOKS
        }
        try:
            return subprocess.run(  # noqa: S603 - our own words, and a revision that cannot be an option
                ["git", "-C", str(self.root), *words],  # noqa: S607 - git is where the user has it
                input=given,
                capture_output=True,
                env={**environment, **_QUIET},
                timeout=_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise Refused(
                "git is not installed here, so there are no revisions to compare with",
                "install git, or name a folder that holds the other policies",
            ) from None
        except subprocess.TimeoutExpired:
            raise Refused(f"git has not answered for {_SECONDS} seconds", "try  git status  here") from None

    def _no_repository(self, said: str) -> Refused:
        told = self._run("rev-parse", "--git-dir").stderr.decode(errors="replace")
        if "dubious ownership" in told:
            return Refused(
                "git does not read this repository, because it belongs to somebody else",
                f"if you trust it:  git config --global --add safe.directory {self.root}",
            )
        return Refused(
            f"“{said}” is no folder, and there is no git repository here in which it could be a revision",
            "name a folder that holds the other policies, or write  live  for those that are live",
        )

    def _no_revision(self, said: str) -> Refused:
        if ".." in said and all(part for part in said.replace("...", "..").split("..")):
            old, new = said.replace("...", "..").split("..", 1)
            return Refused(
                f"“{said}” is two revisions", f"write one after the other:  dunwell diff {old} {new}"
            )
        shallow = self._run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
        if shallow:
            return Refused(
                f"there is no git revision “{said}” here: only the newest commits were fetched",
                "fetch the others:  git fetch --unshallow  (in a workflow: fetch-depth: 0)",
            )
        return self._nothing_like(said)

    def _nothing_like(self, said: str) -> Refused:
        if near := self._near(said):
            return NotFound("folder or git revision", said, near)
        return Refused(
            f"there is no folder or git revision “{said}”",
            "name a branch, a tag or a commit; “git log --oneline” lists the commits",
        )

    def _near(self, said: str) -> tuple[str, ...]:
        """Branches and tags with a name like it."""
        listed = self._run(
            "for-each-ref", "--format=%(refname:short)", "--sort=-creatordate", "--count=500",
            "refs/heads", "refs/tags", "refs/remotes",
        ).stdout  # fmt: skip
        names = listed.decode(errors="replace").split()
        return tuple(get_close_matches(said, names, 2, 0.6))


def _named(path: PurePosixPath, patterns: tuple[str, ...]) -> bool:
    return any(
        len(path.parts) == pattern.count("/") + 1 and fnmatchcase(path.as_posix(), pattern)
        for pattern in patterns
    )


def _first_line(told: bytes) -> str:
    lines = told.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else "it does not say why"
