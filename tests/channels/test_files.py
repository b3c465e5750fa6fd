"""Mail, letters, requests and the call list as files: whole or not there, once, harmless in a spreadsheet."""

from __future__ import annotations

import asyncio
import csv
import errno
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from engine.channels import folder
from engine.channels.folder import MailFolder, file_name, plain_cell
from engine.channels.letters import Letter, Letters, add_to_manifest, read_manifest
from engine.channels.receipt import Outcome, Overtaken, Receipt, Route
from engine.channels.request import Request, RequestFolder
from engine.channels.worklist import Call, write_calls
from tests.channels.test_email import mail

DAY = date(2026, 11, 23)


async def told(name: str, evidence: Mapping[str, str]) -> None:
    assert evidence["path"]
    assert len(evidence["sha256"]) == 64


def letter(account: str = "ACME", name: str = "Acme Inc.", pdf: bytes = b"%PDF-1.7 x") -> Letter:
    return Letter(f"main/{account}/1/standard/letter", pdf, account, name, 2, "17", DAY)


def post(root: Path, *letters: Letter) -> list[Receipt]:
    way = Letters(root)

    async def all_() -> list[Receipt]:
        return [await way.send(one, told) for one in letters]

    return asyncio.run(all_())


def test_a_mail_is_a_file_that_any_mail_program_opens(tmp_path: Path) -> None:
    made = mail()
    receipt = asyncio.run(MailFolder(tmp_path).send(made, told))
    assert receipt.state is Outcome.SENT
    path = tmp_path / receipt.evidence["path"]
    assert path.parent == tmp_path / "mail" / "2026-11-23"
    assert path.read_bytes() == made.raw
    assert receipt.evidence["sha256"] == made.sha256
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]


@pytest.mark.fault(10)
def test_the_same_message_again_is_adopted_and_another_one_never_overwrites(tmp_path: Path) -> None:
    first, again = post(tmp_path, letter(), letter())
    assert (first.state, again.state) == (Outcome.SENT, Outcome.SENT)
    assert again.evidence == first.evidence
    assert "already" in again.sentence
    (other,) = post(tmp_path, letter(pdf=b"%PDF-1.7 something else"))
    assert other.state is Outcome.UNCERTAIN
    assert (tmp_path / first.evidence["path"]).read_bytes() == letter().pdf
    assert len(read_manifest(tmp_path / "letters" / "2026-11-23" / "manifest.csv")) == 1


@pytest.mark.fault(83)
def test_the_print_rooms_list_counts_the_days_letters(tmp_path: Path) -> None:
    receipts = post(
        tmp_path, letter("ACME"), letter("BOLT", '=cmd|"/c calc"!A1'), letter("CORE", "Core, “Ltd”\n")
    )
    lines = read_manifest(tmp_path / "letters" / "2026-11-23" / "manifest.csv")
    assert [line["number"] for line in lines] == ["1", "2", "3"] == [r.evidence["number"] for r in receipts]
    assert [line["name"] for line in lines] == ["Acme Inc.", '\'=cmd|"/c calc"!A1', "Core, “Ltd” "]
    assert {line["run"] for line in lines} == {"17"}
    assert {line["pages"] for line in lines} == {"2"}
    for line, receipt in zip(lines, receipts, strict=True):
        assert line["sha256"] == receipt.evidence["sha256"]
        assert (tmp_path / "letters" / "2026-11-23" / line["file"]).exists()


def test_a_line_that_a_crash_cut_off_is_written_anew(tmp_path: Path) -> None:
    post(tmp_path, letter("ACME"), letter("BOLT"))
    path = tmp_path / "letters" / "2026-11-23" / "manifest.csv"
    whole = path.read_bytes()
    cut = whole[:-30]
    path.write_bytes(cut)
    assert [line["account"] for line in read_manifest(path)] == ["ACME"]
    (again,) = post(tmp_path, letter("BOLT"))
    assert (again.state, path.read_bytes()) == (Outcome.SENT, whole)


@pytest.mark.fault(9)
def test_a_file_half_written_is_never_seen_and_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The n-th call that touches the disk fails, for every n until none does."""
    failures = 0
    for number in range(1, 20):
        root = tmp_path / str(number)
        calls = [number]

        def counted(call, calls=calls):  # type: ignore[no-untyped-def]
            def wrapped(*arguments, **named):  # type: ignore[no-untyped-def]
                calls[0] -= 1
                if calls[0] == 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return call(*arguments, **named)

            return wrapped

        with monkeypatch.context() as patch:
            patch.setattr(folder.os, "fsync", counted(folder.os.fsync))
            patch.setattr(folder.os, "open", counted(folder.os.open))
            patch.setattr(Path, "rename", counted(Path.rename))
            patch.setattr(Path, "mkdir", counted(Path.mkdir))
            (receipt,) = post(root, letter())
            failed = calls[0] <= 0
        there = list(root.rglob("*.pdf")) if root.exists() else []
        assert all(path.read_bytes() == letter().pdf for path in there)
        if receipt.state is Outcome.RETRY:
            assert (there, receipt.route) == ([], Route.RESTS)
            assert "no room left" in receipt.sentence
        elif failed:
            assert (receipt.state, len(there)) == (Outcome.UNCERTAIN, 1)
        failures += failed
        (after,) = post(root, letter())
        assert after.state is Outcome.SENT
        Letters(root).shelf.sweep()
        assert len(list(root.rglob("*.pdf"))) == 1
        assert not list(root.rglob("*.part"))
        if not failed:
            break
    assert failures >= 5


def test_a_folder_that_may_not_be_written_to_is_a_rest_of_the_route(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("a file where the folder should be")
    (receipt,) = post(tmp_path, letter())
    assert (receipt.state, receipt.route) == (Outcome.RETRY, Route.RESTS)


def test_one_who_was_overtaken_puts_nothing_there(tmp_path: Path) -> None:
    async def overtaken(name: str, evidence: Mapping[str, str]) -> None:
        if name == "rename":
            raise Overtaken

    with pytest.raises(Overtaken):
        asyncio.run(Letters(tmp_path).send(letter(), overtaken))
    assert not list(tmp_path.rglob("*.pdf"))
    assert Letters(tmp_path).shelf.sweep() == 1


def test_a_request_is_a_state_with_a_version(tmp_path: Path) -> None:
    request = Request("main/ACME/1/terms", "ACME", "terms", "cash on delivery", 7, DAY, "92 days late")
    receipt = asyncio.run(RequestFolder(tmp_path).send(request, told))
    told_ = json.loads((tmp_path / receipt.evidence["path"]).read_bytes())
    assert (told_["what"], told_["desired"], told_["version"]) == ("terms", "cash on delivery", 7)
    assert told_["id"] == request.id
    assert request.body() == request.body()


def test_the_call_list_opens_in_a_spreadsheet_in_its_order(tmp_path: Path) -> None:
    calls = [
        Call(
            "ana",
            f"A{n}",
            "@SUM(1)",
            "+1 555 0100",
            "Lee",
            "call collector",
            "$1.00",
            "46 days",
            "due",
            f"k{n}",
        )
        for n in (2, 1)
    ]
    write_calls(tmp_path, DAY, calls)
    path = write_calls(tmp_path, DAY, calls)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:5] == ["person", "account", "name", "phone", "ask for"]
    assert [row[1] for row in rows[1:]] == ["A2", "A1"]
    assert rows[1][2:4] == ["'@SUM(1)", "'+1 555 0100"]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\0=", " \n="])
@pytest.mark.fault(69)
def test_no_cell_is_a_formula(start: str) -> None:
    cell = plain_cell(start + "1+1")
    assert cell.lstrip(" ")[0] not in "=+-@" or cell[0] == " "
    assert "\n" not in cell
    assert "\0" not in cell


def test_two_keys_never_share_a_name() -> None:
    assert file_name("a/b", ".pdf") != file_name("a-b", ".pdf")
    assert file_name("../../etc/passwd", ".pdf").startswith("etc-passwd-")
    assert len(file_name("x" * 999, ".pdf")) < 120


def test_one_list_for_many_hands(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"

    async def many() -> list[int]:
        lines = [
            {
                "run": "1",
                "key": f"k{n}",
                "account": "a",
                "name": "n",
                "pages": "1",
                "sha256": "s",
                "file": f"{n}.pdf",
            }
            for n in range(20)
        ]
        return await asyncio.gather(*(asyncio.to_thread(add_to_manifest, path, line) for line in lines))

    assert sorted(asyncio.run(many())) == list(range(1, 21))
    assert len(read_manifest(path)) == 20
