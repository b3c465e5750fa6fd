"""A bundle of evidence: what is in it, and that its own checker finds whatever was changed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.errors import NotFound, Refused
from engine.exports import evidence_html
from engine.jobs import evidence
from engine.jobs.evidence import verify
from engine.store import database
from engine.store import tables as t
from engine.store.history import history
from tests.cases.told import ANA, LEE, another, lived
from tests.jobs.world import House


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> House:
    return another(lived(sqlite_template), tmp_path_factory.mktemp("told"))


@pytest.fixture(scope="module")
def bundle(house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return given(house, tmp_path_factory.mktemp("bundle") / "acme.zip")


@pytest.fixture
def unpacked(bundle: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(bundle) as zipped:
        zipped.extractall(tmp_path / "open")
    return tmp_path / "open"


def given(house: House, file: Path, account: str = "ACME", **more: Any) -> Path:
    done = evidence.give_out(
        house.ws, account, house.who("2026-10-22", "auditor"), evidence_html, out=file, **more
    )
    return done.file


def read(bundle: Path, name: str) -> Any:
    with zipfile.ZipFile(bundle) as zipped:
        return json.loads(zipped.read(name))


def lines(bundle: Path, name: str) -> list[dict[str, Any]]:
    with zipfile.ZipFile(bundle) as zipped:
        return [json.loads(line) for line in zipped.read(name).splitlines()]


def checked(where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The bundle's own checker, with Python alone: no package of ours or of anybody's can be found."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", *arguments],
        cwd=where,
        capture_output=True,
        text=True,
        check=False,
    )


# -- what is in it ---------------------------------------------------------------------------------------------------


@pytest.mark.practice(24)
def test_all_that_was_decided_said_and_sent_is_in_it(bundle: Path) -> None:
    (call, other) = read(bundle, "records/calls.json")
    assert (call["on"], call["outcome"], call["spoken_with"], call["by"]) == (
        "2026-10-06",
        "promise to pay",
        ANA,
        "joe",
    )
    assert call["answers"]["amount"] == "500"
    assert other["spoken_with"] == LEE
    (promise,) = read(bundle, "records/promises.json")
    assert (promise["pays_on"], promise["amount"], promise["items"]) == (
        "2026-10-09",
        800_00,
        [{"item": "A2", "open": 800_00}],
    )
    (dispute,) = read(bundle, "records/disputes.json")
    assert (dispute["item"], dispute["reason"], dispute["opened_by"]) == ("A2", "short shipment", "joe")
    assert [pause["because"] for pause in read(bundle, "records/pauses.json")] == ["trade fair"]
    assert [note["text"] for note in read(bundle, "records/notes.json")] == [
        "ask for Ms Reyes, +1 212 555 0199"
    ]
    items = {item["item"]: (item["open"], item["due"]) for item in read(bundle, "records/items.json")}
    assert items == {"A1": (1200_00, "2026-09-30"), "A2": (800_00, "2026-09-30")}
    files = read(bundle, "records/files.json")
    assert [(one["kind"], one["as_of"]) for one in files] == [
        ("ledger", "2026-10-05"),
        ("ledger", "2026-10-20"),
    ]
    assert files[1]["sha256"] == f"{files[0]['sha256']} 2026-10-20"  # the same export again, of a later day


def test_each_decision_has_the_words_of_then(bundle: Path, house: House) -> None:
    decisions = read(bundle, "records/decisions.json")
    letter = next(one for one in decisions if one["step"] == "letter firm-reminder")
    assert (letter["on"], letter["verdict"], letter["place"]) == (
        "2026-10-20",
        "go",
        "policies/standard.yaml:7:5",
    )
    assert "letter: firm-reminder" in letter["policy_text"]
    assert letter["said"] == ["“letter firm-reminder” goes out on Tue 20 Oct 2026."]
    assert letter["gates"]
    assert all(gate["open"] for gate in letter["gates"])
    last = decisions[-1]
    assert (last["on"], last["verdict"]) == ("2026-10-21", "held")
    folder = read(bundle, "bundle.json")["books"][letter["book"]]
    with zipfile.ZipFile(bundle) as zipped:
        text = zipped.read(f"{folder}/policies/standard.yaml").decode()
    assert text == (house.root / "policies" / "standard.yaml").read_text("utf-8")
    basis = [json.loads(one["body"]) for one in lines(bundle, "book/entries.jsonl") if one["kind"] == "basis"]
    assert [one["on"] for one in basis] == ["2026-10-05", "2026-10-20", "2026-10-21"]
    assert basis[1]["ledger"]["sha256"] == read(bundle, "records/files.json")[1]["sha256"]


def test_messages_are_there_as_they_went_though_their_files_are_taken_away(
    house: House, tmp_path: Path
) -> None:
    own = another(house, tmp_path)
    sent = {file.suffix: file.read_bytes() for file in own.out.rglob("*acme*") if file.is_file()}
    assert set(sent) == {".eml", ".pdf"}
    shutil.rmtree(own.out)
    bundle = given(own, tmp_path / "acme.zip")
    mail, letter = read(bundle, "records/messages.json")
    with zipfile.ZipFile(bundle) as zipped:
        for row, suffix in ((mail, ".eml"), (letter, ".pdf")):
            (copy,) = row["copies"]
            assert zipped.read(copy["file"]) == sent[suffix]
            assert copy["sha256"] == hashlib.sha256(sent[suffix]).hexdigest()
        page = zipped.read("index.html").decode()
    assert page.count("Dear Ana Reyes,") == 2  # the words of the mail, and of the letter, can be read
    told_in_journal = [
        (body["state"], body.get("sha256", "")[:7])
        for body in house.journal("delivery")
        if "|ACME|" in body["key"]
    ]
    assert told_in_journal == [("sent", "sha256:"), ("sent", "sha256:")]


def test_nothing_of_anybody_else_is_in_it(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as zipped:
        for name in zipped.namelist():
            content = zipped.read(name)
            assert b"BOLT" not in content, name
            assert b"Bea" not in content, name
    entries = {entry["account"] for entry in lines(bundle, "book/entries.jsonl")}
    assert entries == {"ACME", ""}


def test_the_page_is_one_that_loads_and_runs_nothing(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as zipped:
        page = zipped.read("index.html").decode()
    assert "<script" not in page
    assert "default-src 'none'" in page
    for word in ("http://", "https://", " src="):
        assert word not in page, word
    for part in (
        "What happened",
        "Messages",
        "Decisions",
        "Calls",
        "Promises",
        "Disputes",
        "The journal, entry by entry",
    ):
        assert f">{part}</h2>" in page, part


def test_only_some_days(house: House, tmp_path: Path) -> None:
    own = another(house, tmp_path)
    bundle = given(own, tmp_path / "some.zip", since=date(2026, 10, 6), until=date(2026, 10, 6))
    assert len(read(bundle, "records/calls.json")) == 1
    assert read(bundle, "records/messages.json") == []
    assert read(bundle, "records/decisions.json") == []
    assert len(read(bundle, "records/items.json")) == 2  # what is owed is of no day
    assert {entry["at"][:10] for entry in lines(bundle, "book/entries.jsonl")} == {"2026-10-06"}
    assert evidence.check(bundle).changed == ""


# -- its checker -----------------------------------------------------------------------------------------------------


def test_the_checker_says_ok_with_python_alone(bundle: Path, unpacked: Path) -> None:
    here = checked(unpacked)
    assert (here.returncode, here.stderr) == (0, "")
    assert here.stdout.startswith("ok: evidence of ACME, made 2026-10-22 15:00 UTC by auditor\n")
    fingerprint = hashlib.sha256((unpacked / "bundle.json").read_bytes()).hexdigest()
    assert f"fingerprint {fingerprint}" in here.stdout
    packed = checked(unpacked, str(bundle))
    assert packed.stdout == here.stdout
    nothing = checked(unpacked, str(unpacked / "records"))
    assert (nothing.returncode, nothing.stdout) == (2, "no bundle: there is no bundle.json here\n")


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def test_every_file_in_turn_is_named_when_it_is_changed_or_gone(unpacked: Path) -> None:
    names = sorted(file.relative_to(unpacked).as_posix() for file in unpacked.rglob("*") if file.is_file())
    assert len(names) > 30
    for name in names:
        if name == "bundle.json":
            continue
        file = unpacked / name
        before = file.read_bytes()
        for spoil in (_flip, Path.unlink):
            spoil(file)
            with pytest.raises(verify.Changed) as found:
                verify.check(verify.opened(unpacked))
            assert found.value.where == name
            file.write_bytes(before)
    (unpacked / "records" / "more.json").write_text("[]")
    with pytest.raises(verify.Changed, match=r"records/more\.json: it is not a file of this bundle"):
        verify.check(verify.opened(unpacked))


Change = Callable[[Path], None]


def _json(name: str, change: Callable[[Any], None]) -> Change:
    def apply(folder: Path) -> None:
        told_ = json.loads((folder / name).read_bytes())
        change(told_)
        (folder / name).write_text(json.dumps(told_))

    return apply


def _entry(change: Callable[[list[dict[str, Any]]], None], name: str = "book/entries.jsonl") -> Change:
    def apply(folder: Path) -> None:
        told_ = [json.loads(line) for line in (folder / name).read_bytes().splitlines()]
        change(told_)
        (folder / name).write_text("".join(json.dumps(one) + "\n" for one in told_))

    return apply


def _rehashed(entries: list[dict[str, Any]]) -> None:
    """A forger who knows how an entry is hashed."""
    entry = next(one for one in entries if one["kind"] == "call")
    entry["body"] = entry["body"].replace("promise to pay", "refused to pay")
    entry["hash"] = verify._hash(entry)


def _words(people: dict[str, Any]) -> None:
    next(fields for fields in people.values() if "note" in fields)["note"]["value"] = "very rude"


def _cut_seal(seals: list[dict[str, Any]]) -> None:
    body = json.loads(seals[0]["body"])
    seals[0]["body"] = json.dumps({**body, "tree": "0" * 64})
    seals[0]["hash"] = verify._hash(seals[0])


def _mail(folder: Path) -> None:
    file = next((folder / "messages").glob("*.eml"))
    file.write_bytes(file.read_bytes().replace(b"1,200", b"9,200"))


def _mail_and_hash(folder: Path) -> None:
    _mail(folder)
    digest = hashlib.sha256(next((folder / "messages").glob("*.eml")).read_bytes()).hexdigest()
    _json("records/messages.json", lambda rows: rows[0]["copies"][0].update(sha256=digest))(folder)


def _policy(folder: Path) -> None:
    file = next(folder.glob("policies/*/policies/standard.yaml"))
    file.write_text(file.read_text().replace("day: 8", "day: 1"))


FORGED: dict[str, tuple[Change, str]] = {
    "an entry": (
        _entry(lambda all_: all_[0].update(body=all_[0]["body"].replace("1", "2"))),
        r"entry \d+ of the book: it says something else than what was written",
    ),
    "an entry and its hash": (
        _entry(_rehashed),
        r"entry \d+ of the book: it (is not under seal|does not follow)",
    ),
    "entries in another order": (_entry(list.reverse), "it is out of its order"),
    "another account's": (_entry(lambda all_: all_[0].update(account="BOLT")), "it is not of ACME"),
    "what somebody said": (
        _json("book/people.json", _words),
        r"entry \d+ of the book: “note” is not what was written",
    ),
    "a seal": (_entry(_cut_seal, "book/seals.jsonl"), "it does not end with the seal that the bundle names"),
    "a way up": (
        _json("book/proofs.json", lambda all_: next(iter(all_.values()))["beside"].reverse()),
        r"entry \d+ of the book: it is not under seal \d+",
    ),
    "a run's seal": (
        _json("records/runs.json", lambda rows: rows[0].update(seal="0" * 64)),
        r"entry \d+ of the book: it is not under seal",
    ),
    "a mail": (_mail, r"messages/0001-\S+.eml: it is not the message that went out"),
    "a mail and its hash": (_mail_and_hash, "the bytes that the book has the hash of are not here"),
    "a policy": (_policy, r"policies/\w{12}: the policies are not those that were decided with"),
    "what was decided": (
        _json("records/actions.json", lambda rows: rows[0].update(step="letter final-notice")),
        "its step is not what the book says was decided",
    ),
    "the policies of a day": (
        _json("records/decisions.json", lambda rows: rows[0].update(book="0" * 64)),
        "2026-10-05 was decided with other policies",
    ),
}


def _manifest(folder: Path) -> None:
    """The forger's own, over what the files have become."""
    manifest = json.loads((folder / "bundle.json").read_bytes())
    for name, known in manifest["files"].items():
        content = (folder / name).read_bytes()
        known |= {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    (folder / "bundle.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("what", list(FORGED))
def test_a_forger_who_writes_the_manifest_anew_is_found_out_too(what: str, unpacked: Path) -> None:
    change, named = FORGED[what]
    change(unpacked)
    _manifest(unpacked)
    with pytest.raises(verify.Changed, match=named):
        verify.check(verify.opened(unpacked))


def test_what_a_forger_leaves_out_is_missed_by_the_house_alone(unpacked: Path, house: House) -> None:
    """Nothing in a bundle can show that it is complete; the fingerprint does, to whoever was told it, or asks the house."""
    gone: list[int] = []
    _entry(
        lambda all_: gone.append(all_.pop(next(n for n, e in enumerate(all_) if e["kind"] == "note"))["seq"])
    )(unpacked)
    _json("book/people.json", lambda people: people.pop(str(gone[0])))(unpacked)
    _json("records/notes.json", list.clear)(unpacked)
    _manifest(unpacked)
    told_ = evidence.check(unpacked).told
    assert told_["entries"] > 5
    with reading(house) as conn:
        assert evidence.recognised(conn, told_) == ""


def test_a_zip_with_a_file_twice_is_refused(bundle: Path, tmp_path: Path) -> None:
    twice = tmp_path / "twice.zip"
    shutil.copy(bundle, twice)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(twice, "a") as zipped:
        zipped.writestr("records/calls.json", "[]")
    assert evidence.check(twice).changed == "records/calls.json: it is there twice"


def test_the_house_knows_what_it_gave_out(bundle: Path, house: House, tmp_path: Path) -> None:
    found = evidence.check(bundle)
    assert found.changed == ""
    with reading(house) as conn:
        known = evidence.recognised(conn, found.told)
        assert known == "This house gave it out on 2026-10-22 15:00 UTC; auditor had it made."
        assert evidence.recognised(conn, {**found.told, "fingerprint": "0" * 64}) == ""
        assert [(one.text[:9], one.by) for one in history(conn, "ACME", kinds=["evidence"])] == [
            ("given out", "auditor")
        ]
    with pytest.raises(Refused, match="no bundle of evidence"):
        evidence.check(house.root / "dunwell.toml")


class reading:
    """A look into a house's database."""

    def __init__(self, house: House) -> None:
        self.engine = house.engine

    def __enter__(self) -> sa.Connection:
        self.context = database.reading(self.engine)
        return self.context.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.context.__exit__(*error)
        self.engine.dispose()


# -- of one person ---------------------------------------------------------------------------------------------------


def test_a_person_gets_what_is_kept_of_them_and_nothing_else(house: House, tmp_path: Path) -> None:
    own = another(house, tmp_path)
    bundle = given(own, tmp_path / "ana.zip", named="ana  reyes")
    assert [call["spoken_with"] for call in read(bundle, "records/calls.json")] == [ANA]
    assert [one["email"] for one in read(bundle, "records/contacts.json")] == ["ana@acme.example.com"]
    assert len(read(bundle, "records/promises.json")) == 1
    assert len(read(bundle, "records/notes.json")) == 1
    assert len(read(bundle, "records/messages.json")) == 2  # both begin with her name
    assert read(bundle, "records/items.json") == read(bundle, "records/decisions.json") == []
    with zipfile.ZipFile(bundle) as zipped:
        for name in zipped.namelist():
            assert b"Tom" not in zipped.read(name), name
    assert evidence.check(bundle).changed == ""
    assert evidence.check(bundle).told["person"] == ANA


# -- refused ---------------------------------------------------------------------------------------------------------


def test_what_cannot_be_given_out(house: House, bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no account “ACNE”"):
        given(house, tmp_path / "a.zip", "ACNE")
    with pytest.raises(NotFound, match="there is no person “Anna Reyes” of ACME\n  did you mean “Ana Reyes”"):
        given(house, tmp_path / "b.zip", named="Anna Reyes")
    with pytest.raises(Refused, match=r"acme\.zip is there already"):
        given(house, bundle)
    assert list(tmp_path.iterdir()) == []
    count = sa.select(sa.func.count()).select_from(t.journal).where(t.journal.c.kind == "evidence")
    assert house.rows(count)[0][0] == 1
