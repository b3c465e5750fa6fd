"""The texts of a workspace, its policies and messages, as they lie on the disk; and what makes them the same texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from engine.core.problem import Place, Problem
from engine.settings.shape import Workspace

POLICIES = ("*.yaml", "*.yml", "tests/*.yaml", "tests/*.yml")
TEMPLATES = ("*.md", "*.html")
MOST_BYTES = 2_000_000  # of a file: the checks refuse such a one, so no more of it is read


@dataclass(frozen=True, slots=True)
class Texts:
    """Files by their path from the workspace, sorted; `problems` are of files and folders that cannot be read."""

    policies: Mapping[str, bytes]
    templates: Mapping[str, bytes]
    problems: tuple[Problem, ...] = ()

    @property
    def hash(self) -> str:
        """SHA-256 over names and contents, each with its length; and over the names of what cannot be read."""
        digest = hashlib.sha256()
        files = {**self.policies, **self.templates}
        parts = [part for name, data in sorted(files.items()) for part in (name.encode(), data)]
        parts += [f"cannot be read: {problem.place.file}".encode() for problem in self.problems]
        for part in parts:
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    def kept(self) -> dict[str, str]:
        """As text, to be kept. What is not UTF-8 has problems, and is never live."""
        return {
            name: data.decode(errors="replace") for name, data in {**self.policies, **self.templates}.items()
        }


def from_kept(files: Mapping[str, str]) -> Texts:
    """The texts again that `kept` gave: policies and messages are told apart by how their names end."""
    policies: dict[str, bytes] = {}
    templates: dict[str, bytes] = {}
    for name, text in sorted(files.items()):
        ours = policies if PurePosixPath(name).suffix in (".yaml", ".yml") else templates
        ours[name] = text.encode()
    return Texts(policies, templates)


def read(found: Workspace) -> Texts:
    """The texts as they lie on the disk at this moment. Nothing is raised for a file that cannot be read."""
    reading = _Reading(found.root)
    policies = dict(reading.files(found.policies, POLICIES))
    templates = dict(reading.files(found.templates, TEMPLATES))
    return Texts(policies, templates, tuple(reading.problems))


@dataclass
class _Reading:
    root: Path
    problems: list[Problem] = field(default_factory=list)

    def files(self, folder: Path, patterns: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
        try:
            for _ in folder.iterdir():  # a pattern finds nothing in a folder that may not be read
                break
        except FileNotFoundError:
            return  # the checks miss what should be in it
        except OSError as error:
            self._say(folder, error, "let this user read the folder")
            return
        for path in sorted(path for pattern in patterns for path in folder.glob(pattern) if path.is_file()):
            try:
                with path.open("rb") as file:
                    yield path.relative_to(self.root).as_posix(), file.read(MOST_BYTES)
            except OSError as error:
                self._say(path, error, "let this user read the file")

    def _say(self, path: Path, error: OSError, help: str) -> None:
        sentence = f"cannot be read: {error.strerror or error}"
        place = Place(path.relative_to(self.root).as_posix())
        self.problems.append(Problem(place, sentence, help, "unreadable"))
