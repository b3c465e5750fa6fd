"""What a careful colleague says of a template."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from engine.core.messages.head import Templates, read_templates
from engine.core.messages.lint import lint
from engine.core.problem import problem_text
from tests.messages.shipped import made_of

WHOLE = """{{ greeting }}

These invoices to {{ customer.name }} are overdue:

{{ invoice_list }}

Please pay {{ total }} by {{ respond_by }}.

{{ how_to_pay }}

{{ set_aside_list }}

Something is not right? Tell {{ company.disputes }}.

{{ signature }}
"""
FIRM = "subject: S\ntone: firm"


def codes(body: str, head: str = FIRM, name: str = "note.md") -> list[str]:
    return [problem.code for problem in lint(made_of(body, head, name))]


def test_a_whole_demand_passes() -> None:
    assert codes(WHOLE) == []


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        ("{{ customer.name }}", ["not-named"]),
        ("{{ invoice_list }}", ["not-named"]),
        ("{{ respond_by }}", ["no-respond-by"]),
        ("{{ how_to_pay }}", ["not-named"]),
        ("{{ set_aside_list }}", ["not-named"]),
        ("{{ company.disputes }}", ["not-named"]),
        ("{{ signature }}", ["not-named", "not-named"]),  # who sends it, and whom to ask
    ],
)
def test_a_demand_names(without: str, missing: list[str]) -> None:
    problems = lint(made_of(WHOLE.replace(without, "x"), FIRM))
    assert [problem.code for problem in problems] == missing
    assert all(problem.place.line == 5 for problem in problems)
    assert without.strip("{} ") in problems[0].suggestion or "signature" in without


def test_the_total_of_each_currency() -> None:
    items = "{% for i in invoices %}{{ i.number }} {{ i.date }} {{ i.due }} {{ i.open }}\n{% endfor %}"
    problems = lint(made_of(WHOLE.replace("{{ invoice_list }}", items).replace("{{ total }}", "it"), FIRM))
    assert any("total" in problem.sentence for problem in problems)


def test_a_courteous_message_is_a_demand_when_a_step_uses_it_as_one() -> None:
    templates = made_of("{{ greeting }}\n\nAll is well.\n\n{{ signature }}")
    assert lint(templates) == []
    assert "no-respond-by" in [problem.code for problem in lint(templates, demands={"note"})]


@pytest.mark.parametrize(
    ("language", "words", "code"),
    [
        ("en", "we will hand this to our attorney", "legal-word"),
        ("en", "or we take legal\naction", "legal-word"),
        ("en", "a collection\nagency will call", "legal-word"),
        ("de", "sonst beauftragen wir einen Rechtsanwalt", "legal-word"),
        ("de", "das Mahnbescheidsverfahren", "legal-word"),
        ("fr", "une mise en demeure", "legal-word"),
        ("es", "iremos al tribunal", "legal-word"),
        ("pt", "por via judicial", "legal-word"),
        ("it", "un decreto ingiuntivo", "legal-word"),
        ("en", "Did you really send a check?", "accusing"),
        ("en", "you claim to have paid", "accusing"),
        ("en", "Why haven’t you paid?", "accusing"),
        ("de", "Warum haben Sie noch nicht gezahlt?", "accusing"),
        ("fr", "vous prétendez avoir payé", "accusing"),
        ("es", "¿por qué no ha pagado?", "accusing"),
        ("pt", "por que não pagou?", "accusing"),
        ("it", "perché non avete pagato?", "accusing"),
        ("en", "as you should know, invoices are paid", "patronising"),
        ("de", "wie Sie wissen, sind Rechnungen zu zahlen", "patronising"),
        ("fr", "comme vous le savez", "patronising"),
        ("es", "como usted sabe", "patronising"),
        ("pt", "como bem sabe", "patronising"),
        ("it", "come sapete", "patronising"),
        ("en", "read our newsletter", "promotion"),
        ("en", "pay now!", "exclamation"),
        ("en", "this is URGENT", "capitals"),
        ("de", "SOFORT zahlen", "capitals"),
    ],
)
def test_manner(language: str, words: str, code: str) -> None:
    head = FIRM + f"\nlanguage: {language}"
    assert codes(f"{WHOLE}\n{words}\n", head) == [code]


@pytest.mark.parametrize(
    "words",
    [
        "Whether the matter is of interest, our courtyard store is open.",
        "By IBAN or SEPA, to account 44.",
        "{{ 'x' if account != 'y' else 'z' }}",
        "The courteous reply of Ms. Sutton.",
    ],
)
def test_what_is_no_offence(words: str) -> None:
    assert codes(f"{WHOLE}\n{words}\n") == []


def test_sin_embargo_is_no_threat() -> None:
    assert codes(WHOLE + "\nSin embargo, aún falta.\n", FIRM + "\nlanguage: es") == []
    assert codes(WHOLE + "\nHabrá embargo.\n", FIRM + "\nlanguage: es") == ["legal-word"]


def test_the_subject_is_read_too() -> None:
    problems = lint(made_of(WHOLE, "tone: firm\nsubject: LAST call!"))
    assert [(problem.code, problem.place.line, problem.place.column) for problem in problems] == [
        ("capitals", 3, 10),
        ("exclamation", 3, 19),
    ]


def test_legal_words_in_a_legal_letter() -> None:
    assert codes(WHOLE + "\nOur attorney will write to you.\n", "subject: S\ntone: legal") == []


def test_names_are_checked_in_branches_that_are_not_taken() -> None:
    body = (
        WHOLE
        + "{% if plan and not plan %}{{ nothing }}{% for i in invoices %}{{ i.numbr }}{% endfor %}{% endif %}"
    )
    problems = lint(made_of(body, FIRM))
    assert [problem.code for problem in problems] == ["unknown-name", "unknown-name"]
    assert problems[1].suggestion == "did you mean “number”?"


def test_what_only_some_accounts_have() -> None:
    problems = lint(made_of(WHOLE + "{{ customer.contact }}", FIRM))
    assert [problem.code for problem in problems] == ["not-printable"]


SCRIPT = "kind: script"
STORY = '## Story: open, and listen\n\n- "How are things?"\n\n'
QUESTIONS = '## Questions\n\n- "What came up?"\n\n'
DEMAND = '## Negotiate\n\n- "{{ total }} is overdue. What day can we expect it?"\n\n'


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (DEMAND + STORY + QUESTIONS, ["demand-first"]),
        (STORY + DEMAND + QUESTIONS, ["demand-first"]),
        (STORY + '## Questions\n\n- "What of the {{ total }}?"', ["demand-first"]),
        (QUESTIONS + STORY, ["story-first"]),
        ("## Close: thank them", ["no-story"]),
        ("## Story\n\n- Say what is due.", ["no-question"]),
        ('## Story\n\n- Wait. "Did all go well? Are you there?"', ["closed-question"]),
        ("How are you? Please pay {{ total }}.", ["no-block"]),
        (STORY + "## Find the reason\n\nWhat is it?", ["no-block"]),
        (STORY + "## Story time\n\nOnce upon a time.", ["no-block"]),
        ('## Voicemail\n\n- "You have an overdue account."\n\n' + STORY, ["third-party"]),
        ('## Opening: who is it?\n\n- "It is about {{ total }}."\n\n' + STORY, ["third-party"]),
        ('## Opening\n\n- "May I ask who handles your debt?"\n\n' + STORY, ["third-party"]),
        (STORY + '## Questions\n\n- "Did you really send a check?"', ["accusing"]),
        (STORY + "## Close\n\n- As you should know, we wait.", ["patronising"]),
    ],
)
def test_scripts(body: str, found: list[str]) -> None:
    assert codes(body, SCRIPT, "call.script.md") == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('- "Please call me back about your overdue account."', ["third-party"]),
        ("Please call me back about {{ total }}.", ["third-party"]),
        ("Please call me back about your unpaid invoices.", ["third-party"]),
        ("Please call {{ sender.name }} back.", []),
        ('- "Please call me back."\n\nSay nothing of what they owe.', []),
    ],
)
def test_a_script_for_voicemail_says_nothing_of_the_account_anywhere(body: str, found: list[str]) -> None:
    for whom in ("voicemail", "reception"):
        assert codes(body, f"{SCRIPT}\nfor: {whom}", "call.script.md") == found


def test_only_a_script_is_for_somebody() -> None:
    for head, sentence in (
        (f"{SCRIPT}\nfor: voicmail", "a script is not for “voicmail”"),
        (f"{FIRM}\nfor: voicemail", "only a script is for somebody"),
    ):
        _, problems = read_templates({"a.md": f"---\n{head}\n---\nHow are you?\n".encode()})
        assert [problem.sentence for problem in problems] == [sentence]


@pytest.mark.parametrize(
    "body",
    [
        STORY + QUESTIONS + DEMAND + "## Close\n\nThank them.",
        '## Opening\n\nNothing of the debt here.\n\n- "May I speak with accounts?"\n\n'
        + STORY
        + QUESTIONS
        + DEMAND,
        '## Story: go on\n\n- "You were telling me about it. Please go on."\n\n' + QUESTIONS,
        "# A name\n\nIt is about {{ total }}: for you alone.\n\n### A smaller heading\n\n" + STORY,
    ],
)
def test_good_scripts(body: str) -> None:
    assert codes(body, SCRIPT, "call.script.md") == []


def test_an_open_question_is_asked_for_in_english_alone() -> None:
    body = '## Story\n\n- "Lief alles gut?"'
    assert codes(body, SCRIPT, "call.de.script.md") == []


def test_how_problems_of_scripts_read(snapshot: SnapshotAssertion) -> None:
    body = DEMAND + '## Questons: why\n\n- "Why?"\n\n## Story\n\n- "Did all arrive?"\n\n## Ask them\n'
    problems = lint(made_of(body, SCRIPT, "call.script.md"))
    assert "\n".join(problem_text(problem) for problem in problems) == snapshot
    problems = lint(made_of("How are you?", SCRIPT, "call.script.md"))
    assert "\n".join(problem_text(problem) for problem in problems) == snapshot


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('<img src="https://tracker.example/p.gif">{{ body }}', "remote"),
        ("<style>@import 'x.css'</style>{{ body }}", "remote"),
        ('<div style="background:url(http://x.example/a.png)">{{ body }}</div>', "remote"),
        ("<script>1</script>{{ body }}", "remote"),
        ("{{ bodi }}", "template"),
        ("<p>hello</p>", "not-named"),
        ("{% if %}", "template"),
    ],
)
@pytest.mark.parametrize("name", ["_email.html", "_letter.html"])
def test_frames(name: str, frame: str, code: str) -> None:
    templates, problems = read_templates({name: frame.encode()})
    assert problems == []
    assert [problem.code for problem in lint(templates)] == [code]


def test_how_problems_read(snapshot: SnapshotAssertion) -> None:
    body = WHOLE.replace("{{ respond_by }}", "soon").replace("customer.name", "custmer.name")
    templates: Templates = made_of(body + "\nDid you really send a check? Our LAWYER waits!\n", FIRM)
    assert "\n".join(problem_text(problem) for problem in lint(templates)) == snapshot
    templates = made_of(WHOLE.replace("{{ respond_by }}", "soon"), FIRM)
    assert "\n".join(problem_text(problem) for problem in lint(templates)) == snapshot
