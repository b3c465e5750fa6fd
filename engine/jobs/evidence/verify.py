"""Is this bundle of evidence as Dunwell wrote it? It needs nothing but Python (3.11 or newer):

    python3 -I verify.py                 in the folder of the unpacked bundle
    python3 -I verify.py FILE.zip        or with the bundle as it is

It says “ok”, or names the first thing that is not as it was written. The exit code is 0, 1 where something was changed,
2 where there is no bundle to look at. It reads and changes nothing else, and asks nobody.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FORMAT = "dunwell evidence 1"
MANIFEST = "bundle.json"
ENTRIES, PEOPLE = "book/entries.jsonl", "book/people.json"
SEALS, PROOFS = "book/seals.jsonl", "book/proofs.json"


class Changed(Exception):
    """Something is not as it was written. `where` is the file, or the entry of the book."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where


class NoBundle(Exception):
    """There is no bundle here, or one of another kind."""


class Bundle:
    """The files of a bundle, packed or unpacked."""

    def __init__(self, names: list[str], read: Callable[[str], bytes]) -> None:
        self.names, self._read = names, read

    def read(self, name: str) -> bytes:
        try:
            return self._read(name)
        except (KeyError, OSError):
            raise Changed(name, "it is missing") from None
        except (zipfile.BadZipFile, EOFError, RuntimeError, ValueError) as error:
            raise Changed(name, f"it is damaged ({error})") from None

    def json(self, name: str) -> Any:
        try:
            return json.loads(self.read(name))
        except ValueError:
            raise Changed(name, "it cannot be read") from None

    def lines(self, name: str) -> list[dict[str, Any]]:
        try:
            return [json.loads(line) for line in self.read(name).splitlines()]
        except ValueError:
            raise Changed(name, "it cannot be read") from None


def opened(path: Path) -> Bundle:
    """A bundle from its zip, or from the folder that it was unpacked into."""
    if path.is_dir():
        files = (file.relative_to(path) for file in path.rglob("*") if file.is_file())
        shown = [file.as_posix() for file in files if not any(part.startswith(".") for part in file.parts)]
        return Bundle(sorted(shown), lambda name: (path / name).read_bytes())
    try:
        packed = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise NoBundle(f"there is no {path}") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise NoBundle(f"{path} is no bundle of evidence, or it is damaged ({error})") from None
    names = [info.filename for info in packed.infolist() if not info.is_dir()]
    return Bundle(sorted(names), packed.read)


def check(bundle: Bundle) -> dict[str, Any]:
    """Look at everything. What there is to tell of it; `Changed` or `NoBundle` at the first thing that is wrong."""
    if MANIFEST not in bundle.names:
        raise NoBundle(f"there is no {MANIFEST} here")
    told: dict[str, Any] = bundle.json(MANIFEST)
    if told.get("format") != FORMAT:
        raise NoBundle(f"{MANIFEST} is not of the kind “{FORMAT}”")
    _files(bundle, told)
    entries = bundle.lines(ENTRIES)
    _entries(entries, told["account"])
    people = bundle.json(PEOPLE)
    _people(entries, people)
    seals = _seals(bundle.lines(SEALS), told["head"])
    runs = bundle.json("records/runs.json")
    _proofs(bundle.json(PROOFS), entries, runs, seals)
    _books(bundle, told["books"], entries, runs)
    messages = _messages(bundle, entries, people)
    _actions(bundle.json("records/actions.json"), entries)
    return {
        **told,
        "fingerprint": hashlib.sha256(bundle.read(MANIFEST)).hexdigest(),
        "entries": len(entries),
        "messages": messages,
    }


def _files(bundle: Bundle, told: Mapping[str, Any]) -> None:
    """Every file that the manifest names is there and has its hash, and no other is."""
    if len(set(bundle.names)) < len(bundle.names):
        twice = next(name for name in bundle.names if bundle.names.count(name) > 1)
        raise Changed(twice, "it is there twice")
    for name, known in told["files"].items():
        content = bundle.read(name)
        if len(content) != known["size"] or hashlib.sha256(content).hexdigest() != known["sha256"]:
            raise Changed(name, "it is not the file that the bundle was made with")
    for name in bundle.names:
        if name != MANIFEST and name not in told["files"]:
            raise Changed(name, "it is not a file of this bundle")


def _entries(entries: list[dict[str, Any]], account: str) -> None:
    """Each entry has the hash of what it says; those that follow each other in the book are linked."""
    before: dict[str, Any] | None = None
    for entry in entries:
        where = f"entry {entry['seq']} of the book"
        if entry["account"] not in (account, ""):
            raise Changed(where, f"it is not of {account}")
        if before is not None and entry["seq"] <= before["seq"]:
            raise Changed(where, "it is out of its order")
        if before is not None and entry["seq"] == before["seq"] + 1 and entry["prev"] != before["hash"]:
            raise Changed(where, "it does not follow the entry before it")
        if _hash(entry) != entry["hash"]:
            raise Changed(where, "it says something else than what was written")
        before = entry


def _hash(entry: Mapping[str, Any]) -> str:
    head = "".join(f"{entry[name]}\n" for name in ("prev", "seq", "at", "kind"))
    return hashlib.sha256(f"{head}{entry['account']!r}\n{entry['body']}".encode()).hexdigest()


def _people(entries: list[dict[str, Any]], people: Mapping[str, Any]) -> None:
    """The names and words that are kept beside the book are those that it has the salted hashes of."""
    bodies = {str(entry["seq"]): json.loads(entry["body"]) for entry in entries}
    for seq, fields in people.items():
        for name, kept in fields.items():
            salted = hashlib.sha256(f"{kept['salt']}\n{kept['value']}".encode()).hexdigest()
            if bodies.get(seq, {}).get(name) != f"sha256:{salted}":
                raise Changed(f"entry {seq} of the book", f"“{name}” is not what was written")


def _seals(lines: list[dict[str, Any]], head: Mapping[str, Any] | None) -> dict[int, dict[str, Any]]:
    """The seals, each with the hash of what it says, and each naming the one before it, up to the head."""
    seals: dict[int, dict[str, Any]] = {}
    before: dict[str, Any] | None = None
    for entry in lines:
        where = f"seal {entry['seq']} of the book"
        body = json.loads(entry["body"])
        if entry["kind"] != "seal" or _hash(entry) != entry["hash"]:
            raise Changed(where, "it says something else than what was written")
        if before is not None and body["before"] != {"seq": before["seq"], "hash": before["hash"]}:
            raise Changed(where, "it does not follow the seal before it")
        seals[entry["seq"]], before = body, entry
    last = {"seq": before["seq"], "hash": before["hash"]} if before is not None else None
    if last != head:
        raise Changed(SEALS, "it does not end with the seal that the bundle names")
    return seals


def _proofs(
    proofs: Mapping[str, Any],
    entries: list[dict[str, Any]],
    runs: list[dict[str, Any]],
    seals: Mapping[int, dict[str, Any]],
) -> None:
    """Each entry, and the entry that ended each run, is under a seal."""
    hashes = {entry["seq"]: entry["hash"] for entry in entries}
    for run in runs:
        if run["seal"] is not None and hashes.setdefault(run["seal_seq"], run["seal"]) != run["seal"]:
            raise Changed(f"run {run['id']}", "it was sealed with another entry of the book")
    for seq, found in hashes.items():
        where = f"entry {seq} of the book"
        proof = proofs.get(str(seq))
        seal = seals.get(proof["seal"]) if proof else None
        if proof is None or seal is None or not seal["first"] <= seq <= seal["last"]:
            raise Changed(where, "nothing shows that it is under a seal")
        leaf = hashlib.sha256(b"\x00" + bytes.fromhex(proof["salt"]) + bytes.fromhex(found)).digest()
        size = seal["last"] - seal["first"] + 1
        if _root(leaf, seq - seal["first"], size, proof["beside"]) != seal["tree"]:
            raise Changed(where, f"it is not under seal {proof['seal']}")


def _root(node: bytes, index: int, size: int, beside: list[str]) -> str:
    """The root that a leaf comes to, as in RFC 6962: 0x01 and both parts, what has no neighbour goes up as it is."""
    rest = list(beside)
    while size > 1:
        if index ^ 1 < size and rest:
            other = bytes.fromhex(rest.pop(0))
            node = hashlib.sha256(b"\x01" + (other + node if index % 2 else node + other)).digest()
        index, size = index // 2, (size + 1) // 2
    return node.hex() if not rest else ""


def _books(
    bundle: Bundle, books: Mapping[str, str], entries: list[dict[str, Any]], runs: list[dict[str, Any]]
) -> None:
    """The policies have the hashes that the runs were decided with, as the book says."""
    for book, folder in books.items():
        digest = hashlib.sha256()
        for name in sorted(name for name in bundle.names if name.startswith(f"{folder}/")):
            for part in (name.removeprefix(f"{folder}/").encode(), bundle.read(name)):
                digest.update(len(part).to_bytes(8, "big") + part)
        if digest.hexdigest() != book:
            raise Changed(folder, "the policies are not those that were decided with")
    used: dict[tuple[int, int], str] = {}
    for entry in entries:
        if entry["kind"] == "basis":
            body = json.loads(entry["body"])
            used[body["run"], body["time"]] = body["book"]
    for run in runs:
        if used.get((run["id"], run["times"]), run["book"]) != run["book"]:
            raise Changed(f"run {run['id']}", "it was decided with other policies")
        if run["book"] not in books:
            raise Changed(f"run {run['id']}", "its policies are missing")
    for row in bundle.json("records/decisions.json"):
        known = used.get((row["run"], row["time"]))
        if (known or row["book"]) != row["book"]:
            raise Changed("records/decisions.json", f"{row['on']} was decided with other policies")


def _messages(bundle: Bundle, entries: list[dict[str, Any]], people: Mapping[str, Any]) -> int:
    """The bytes of each message are those that the book has the hash of. How many there are."""
    files: dict[str, set[str]] = {}
    count = 0
    for row in bundle.json("records/messages.json"):
        mine = files.setdefault(row["action"], set())
        for copy in row["copies"]:
            if copy["forgotten_on"]:
                mine.add("")
                continue
            if hashlib.sha256(bundle.read(copy["file"])).hexdigest() != copy["sha256"]:
                raise Changed(copy["file"], "it is not the message that went out")
            count += 1
            mine.add(copy["sha256"])
    for entry in entries:
        sent = people.get(str(entry["seq"]), {}).get("sha256")
        if entry["kind"] != "delivery" or sent is None:
            continue
        key = json.loads(entry["body"])["key"]
        if not files.get(key, set()) & {sent["value"], ""}:
            raise Changed(f"the message {key}", "the bytes that the book has the hash of are not here")
    return count


def _actions(actions: list[dict[str, Any]], entries: list[dict[str, Any]]) -> None:
    """Each action is of the policy, the step and the kind that the book says were decided."""
    rows = {row["key"]: row for row in actions}
    for entry in entries:
        body = json.loads(entry["body"])
        row = rows.get(body.get("key", ""))
        if entry["kind"] != "action" or row is None:
            continue
        for name in ("policy", "step", "kind"):
            if name in body and row[name] != body[name]:
                raise Changed(
                    f"the action {body['key']}", f"its {name} is not what the book says was decided"
                )


def main(arguments: list[str]) -> int:
    path = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    try:
        told = check(opened(path))
    except Changed as error:
        print(f"changed: {error}")
        return 1
    except NoBundle as error:
        print(f"no bundle: {error}")
        return 2
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        print(f"changed: something in it has not the form that it was written in ({error!r})")
        return 1
    print(said(told))
    return 0


def said(told: Mapping[str, Any]) -> str:
    """What is shown where all is as it was written."""
    whose = f"{told['person']} of {told['account']}" if told["person"] else told["account"]
    head = f", under seal {told['head']['seq']} of the book" if told["head"] else ""
    return (
        f"ok: evidence of {whose}, made {told['made_at'][:16].replace('T', ' ')} UTC by {told['made_by']}\n"
        f"  {len(told['files'])} files, {told['entries']} entries of the book{head}, {told['messages']} messages\n"
        f"  fingerprint {told['fingerprint']}\n"
        "  It is the bundle that was given out if that is the fingerprint that its maker told you."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
