"""dunwell.toml and the environment: what is read, and what a person is told when it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from email_validator import validate_email
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.core.problem import Problem, Severity
from engine.settings import Workspace, find, load
from engine.settings.shape import _PLAIN_EMAIL, _PLAIN_LENGTH

WHOLE = """
[company]
name = "Alder & Finch Supply"
address = ["12 Mill Lane", "Dayton, OH 45402"]
email = "accounts@alderfinch.example"
pay = ["Bank of Dayton", "Account 000123"]
pay_url = "https://pay.alderfinch.example"
disputes = "disputes@alderfinch.example"

[workspace]
name = "Trade credit"
zone = "America/New_York"
out = "sent"

[database]
url = "sqlite:///data/ledger.db"

[ledger]
profile = "ledger"
currency = "usd"

[mail]
host = "smtp.alderfinch.example"
from = "accounts@alderfinch.example"
user = "accounts"
password_file = "mail.password"

[people.jortiz]
name = "J. Ortiz"
roles = ["collector"]
email = "j.ortiz@alderfinch.example"
calls = 30

[people.mchen]
name = "M. Chen"
roles = ["credit manager", "supervisor"]

[fields.route]
type = "word"
sentence = "the delivery route"

[documents]
"WEB-*" = "https://shop.alderfinch.example/invoices/{number}"
"*" = "copies/{number}.pdf"

[webhooks.erp]
url = "https://erp.alderfinch.example/hook"
"""


def lay(folder: Path, text: str) -> Path:
    (folder / "dunwell.toml").write_text(text, "utf-8")
    return folder


def read(folder: Path, text: str) -> tuple[Workspace | None, tuple[Problem, ...]]:
    return load(lay(folder, text))


def problems(folder: Path, text: str) -> list[str]:
    workspace, found = read(folder, text)
    assert workspace is None
    return [f"{problem.place}: {problem.sentence} / {problem.suggestion}" for problem in found]


def test_the_whole_shape(tmp_path: Path) -> None:
    (tmp_path / "mail.password").write_text("s3cret\n")
    workspace, found = read(tmp_path, WHOLE)
    assert found == ()
    assert workspace is not None
    settings = workspace.settings
    assert settings.company.address == ("12 Mill Lane", "Dayton, OH 45402")
    assert settings.ledger.currency == "USD"
    assert settings.mail.from_ == "accounts@alderfinch.example"
    assert settings.mail.used_port == 587
    assert settings.mail.password is not None
    assert settings.mail.password.get_secret_value() == "s3cret"
    assert settings.webhooks["erp"].allowed == ("erp.alderfinch.example",)
    assert workspace.people_with("supervisor") == ("mchen",)
    assert workspace.out == tmp_path / "sent"
    assert workspace.database_url == f"sqlite:///{tmp_path}/data/ledger.db"
    assert "s3cret" not in repr(workspace)


def test_an_empty_file_is_a_workspace_with_the_usual_folders(tmp_path: Path) -> None:
    workspace, found = read(tmp_path, "")
    assert found == ()
    assert workspace is not None
    assert workspace.policies == tmp_path / "policies"
    assert workspace.database_url == f"sqlite:///{tmp_path}/dunwell.db"
    assert workspace.settings.mail.host == ""


def test_it_is_found_from_any_folder_below(tmp_path: Path) -> None:
    below = lay(tmp_path, "") / "policies" / "tests"
    below.mkdir(parents=True)
    assert find(below) == tmp_path
    workspace, _ = load(below)
    assert workspace is not None
    assert workspace.root == tmp_path


def test_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    workspace, (problem,) = load(tmp_path, tmp_path / "elsewhere")
    assert workspace is None
    assert problem.code == "no-workspace"
    assert "dunwell init" in problem.suggestion


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUNWELL_MAIL__PASSWORD", "from outside")
    monkeypatch.setenv("DUNWELL_MAIL__PORT", "2525")
    monkeypatch.setenv("DUNWELL_DATABASE__URL", "postgresql+psycopg://me:pw@localhost/dunwell")
    monkeypatch.setenv("DUNWELL_WEBHOOKS__ERP__SECRET", "whsec")
    workspace, found = read(tmp_path, WHOLE)
    assert found == ()
    assert workspace is not None
    assert workspace.settings.mail.used_port == 2525
    assert workspace.settings.mail.host == "smtp.alderfinch.example"
    assert workspace.settings.mail.password is not None
    assert workspace.settings.mail.password.get_secret_value() == "from outside"
    assert workspace.settings.webhooks["erp"].secret is not None
    assert workspace.database_url == "postgresql+psycopg://me:pw@localhost/dunwell"


def test_a_mistake_in_the_environment_is_placed_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUNWELL_MAIL__HOTS", "smtp.example")
    assert problems(tmp_path, "") == [
        "environment, DUNWELL_MAIL__HOTS:1:1: there is no “hots” in [mail] / did you mean “host”?"
    ]


def test_all_problems_come_at_once_each_with_its_line(tmp_path: Path) -> None:
    assert problems(
        tmp_path,
        """\
[compnay]
name = "Alder & Finch"
[company]
phone = 5551234
email = "accounts at alderfinch"
pay_url = "ftp://pay"
[workspace]
zone = "Ohio"
[database]
url = "mysql://here"
[ledger]
currency = "dollars"
[mail]
hots = "smtp.example"
port = "many"
tls = "ssl"
[people.jortiz]
roles = ["collector"]
[fields.route]
type = "text"
sentence = "the delivery route"
[documents]
"A*" = 3
""",
    ) == [
        "dunwell.toml:1:2: there is no “compnay” in dunwell.toml / did you mean “company”?",
        'dunwell.toml:4:1: “phone” must be text / write it in quotation marks: phone = "5551234"',
        "dunwell.toml:5:1: “accounts at alderfinch” is not an e-mail address / "
        "write it as in “name@example.com”",
        "dunwell.toml:6:1: “ftp://pay” is not an https address / write it as in “https://example.com/pay”",
        "dunwell.toml:8:1: “Ohio” is not a time zone / write one as in “America/New_York” or “Europe/Berlin”",
        "dunwell.toml:10:1: this is not a database we know / "
        "write “sqlite:///dunwell.db” or “postgresql+psycopg://user@host/name”",
        "dunwell.toml:12:1: “dollars” is not a currency / write its three letters, as in “USD”",
        "dunwell.toml:14:1: there is no “hots” in [mail] / did you mean “host”?",
        "dunwell.toml:15:1: “port” must be a whole number / write it plainly: port = 25",
        "dunwell.toml:16:1: “tls” cannot be “ssl” / write 'starttls', 'tls' or 'none'",
        'dunwell.toml:17:2: [people.jortiz] needs “name” / add name = "…"',
        "dunwell.toml:20:1: “type” cannot be “text” / "
        "write 'money', 'count', 'days', 'share', 'word', 'flag' or 'tags'",
        'dunwell.toml:23:1: “A*” must be text / write it in quotation marks: A* = "3"',
    ]


@pytest.mark.parametrize(
    ("text", "place", "sentence", "suggestion"),
    [
        (
            "[compnay]\n",
            "dunwell.toml:1:2",
            "there is no “compnay” in dunwell.toml",
            "did you mean “company”?",
        ),
        ("[mail]\nhots = 'x'\n", "dunwell.toml:2:1", "there is no “hots” in [mail]", "did you mean “host”?"),
        (
            "[workspace]\nzebra = 1\n",
            "dunwell.toml:2:1",
            "there is no “zebra” in [workspace]",
            "there are: name, company, zone, policies, templates, profiles, out",
        ),
        (
            "[company]\nphone = 5551234\n",
            "dunwell.toml:2:1",
            "“phone” must be text",
            'write it in quotation marks: phone = "5551234"',
        ),
        (
            "\n[workspace]\n  zone = 'Ohio'\n",
            "dunwell.toml:3:3",
            "“Ohio” is not a time zone",
            "write one as in “America/New_York” or “Europe/Berlin”",
        ),
        (
            "[mail]\ntls = 'ssl'\n",
            "dunwell.toml:2:1",
            "“tls” cannot be “ssl”",
            "write 'starttls', 'tls' or 'none'",
        ),
        (
            "[mail]\nport = 'many'\n",
            "dunwell.toml:2:1",
            "“port” must be a whole number",
            "write it plainly: port = 25",
        ),
        (
            "[ledger]\ncurrency = 'dollars'\n",
            "dunwell.toml:2:1",
            "“dollars” is not a currency",
            "write its three letters, as in “USD”",
        ),
        (
            "[ledger]\ncurrency = 'EUX'\n",
            "dunwell.toml:2:1",
            "“EUX” is not a currency",
            "write its three letters, as in “USD”",
        ),
        (
            "[people.jortiz]\nroles = ['collector']\n",
            "dunwell.toml:1:2",
            "[people.jortiz] needs “name”",
            'add name = "…"',
        ),
        (
            "[people.jortiz]\nname = 'J'\nroles = 7\n",
            "dunwell.toml:3:1",
            "“roles” must be a list of texts",
            'write it in brackets: roles = ["…", "…"]',
        ),
        ("mail = 3\n", "dunwell.toml:1:1", "“mail” must be a section", "write [mail] on a line of its own"),
        (
            "[mail]\npassword_file = 'gone'\n",
            "dunwell.toml:2:1",
            "the file “gone” cannot be read: No such file or directory",
            "mend its name or rights",
        ),
        (
            "[mail]\nhost = 'smtp.example'\n",
            "dunwell.toml:2:1",
            "mail has a server but no sender",
            'add from = "accounts@example.com"',
        ),
        (
            "[documents]\n'*' = 'copy.pdf'\n",
            "dunwell.toml:2:1",
            "every invoice would have the same document",
            "write {number} where the invoice's number goes",
        ),
        (
            "[company]\nname = Alder\n",
            "dunwell.toml:2:8",
            "this is not TOML: invalid value",
            "text stands in quotation marks, a list in brackets, and each setting once",
        ),
        (
            "[mail]\nhost = 'a'\nhost = 'b'\n",
            "dunwell.toml:3:11",
            "this is not TOML: cannot overwrite a value",
            "text stands in quotation marks, a list in brackets, and each setting once",
        ),
    ],
)
def test_each_mistake_has_its_place_sentence_and_suggestion(
    tmp_path: Path, text: str, place: str, sentence: str, suggestion: str
) -> None:
    workspace, (problem,) = read(tmp_path, text)
    assert workspace is None
    assert (str(problem.place), problem.sentence, problem.suggestion) == (place, sentence, suggestion)
    assert problem.line == text.splitlines()[problem.place.line - 1]


def test_a_password_in_the_file_is_refused_and_never_shown(tmp_path: Path) -> None:
    workspace, found = read(
        tmp_path,
        '[mail]\npassword = "hunter2"\n[webhooks.erp]\nurl = "https://erp.example"\nsecret = "whsec"\n',
    )
    assert workspace is None
    assert [problem.sentence for problem in found] == [
        "a password does not belong in dunwell.toml",
        "a secret does not belong in dunwell.toml",
    ]
    assert "DUNWELL_MAIL__PASSWORD" in found[0].suggestion
    assert "DUNWELL_WEBHOOKS__ERP__SECRET" in found[1].suggestion
    assert not any(word in repr(found) for word in ("hunter2", "whsec"))


def test_a_password_in_the_databases_address_is_a_warning(tmp_path: Path) -> None:
    workspace, (problem,) = read(tmp_path, '[database]\nurl = "postgresql+psycopg://me:pw@db/x"\n')
    assert workspace is not None
    assert problem.severity is Severity.WARNING


def test_a_copy_of_an_invoice_is_the_first_pattern_that_fits(tmp_path: Path) -> None:
    workspace, _ = read(
        tmp_path,
        '[documents]\n"WEB-*" = "https://shop.example/{number}"\n"*" = "copies/{number}.pdf"\n',
    )
    assert workspace is not None
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / "2026-17.pdf").write_bytes(b"%PDF")
    (tmp_path / "secret.pdf").write_bytes(b"%PDF")
    assert workspace.document("web-9/1") == "https://shop.example/web-9%2F1"
    assert workspace.document("2026/17") == tmp_path / "copies" / "2026-17.pdf"
    assert workspace.document("../secret") is None
    assert workspace.document("404") is None


@pytest.mark.parametrize("raw", [b"\xff\xfe[\x00m\x00", b"a" * 1_000_001, b'name = "', b"\x00", b"[" * 5000])
def test_a_file_that_is_not_settings_at_all(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "dunwell.toml").write_bytes(raw)
    workspace, found = load(tmp_path)
    assert workspace is None
    assert len(found) == 1


@given(
    st.lists(
        st.sampled_from(
            [
                "[mail]",
                "[people.a]",
                "[people]",
                "host = 'x'",
                "a.b = 1",
                "port = -1",
                "x = [",
                "name = 1",
                "é = ''",
                "fields = 3",
                "[documents]",
                "\"*\" = ''",
                "[[webhooks]]",
                "[webhooks.a]",
                "url = 'http://[::1'",
                "]",
            ]
        ),
        max_size=6,
    )
    | st.lists(st.text(max_size=12), max_size=3)
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_gives_settings_or_problems(tmp_path: Path, lines: list[str]) -> None:
    workspace, found = read(tmp_path, "\n".join(lines).encode("utf-8", "replace").decode())
    assert (workspace is None) == any(problem.severity is Severity.ERROR for problem in found)


_WORD = st.text("abcxyz019", min_size=1, max_size=6)
_LABEL = st.lists(_WORD, min_size=1, max_size=3).map("-".join)
_TOP = st.text("aelnostz", min_size=2, max_size=6) | st.sampled_from(
    ["com", "onion", "local", "arpa", "locale"]
)


@given(
    st.lists(st.tuples(_WORD, st.sampled_from("._-")), min_size=1, max_size=3),
    st.lists(_LABEL, min_size=1, max_size=3),
    _TOP,
)
def test_a_plain_address_is_one_to_the_package_too(
    words: list[tuple[str, str]], labels: list[str], top: str
) -> None:
    name = "".join(word + between for word, between in words)[:-1]
    text = f"{name}@{'.'.join(labels)}.{top}"
    assume(len(text) <= _PLAIN_LENGTH and _PLAIN_EMAIL.fullmatch(text))
    assert validate_email(text, check_deliverability=False, test_environment=True).normalized == text
