"""Reading questions from files: GIFT, Aiken, Moodle XML; encodings; recognition; limits."""

from typing import Any

import pytest

from quizzes.formats import read_file
from quizzes.formats.content import MAX_BYTES, ReadFile, ReadQuestion, Text, UnreadableFileError
from quizzes.formats.texts import to_markdown, to_plain


def read(text: str, name: str | None = "gift") -> ReadFile:
    return read_file(text.encode(), name)


def only(text: str, name: str | None = "gift") -> ReadQuestion:
    found = read(text, name)
    assert (len(found.questions), found.errors) == (1, [])
    return found.questions[0]


def options(question: ReadQuestion) -> list[tuple[Any, ...]]:
    return [(one["text"], one["is_correct"]) for one in question.fields["options"]]


def xml(body: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<quiz>{body}</quiz>'


def xml_question(kind: str, body: str, stem: str = "Which leaf?") -> str:
    text = f'<name><text>Leaf</text></name><questiontext format="html"><text>{stem}</text></questiontext>'
    return xml(f'<question type="{kind}">{text}{body}</question>')


@pytest.mark.parametrize(
    ("text", "question_type", "key", "fidelity"),
    [
        ("Tea is a plant.{T}", "true_false", "true", "exact"),
        ("Tea is a mineral.{false}", "true_false", "false", "exact"),
        ("Tea is a plant.{TRUE#No.#Yes.}", "true_false", "true", "approximated"),
        ("A tea of Assam?{=Assam =Assam tea}", "short_answer", "Assam", "exact"),
        ("The word for 1?{One}", "short_answer", "One", "exact"),
        ("A tea of Assam?{=Assam =%50%Asam}", "short_answer", "Assam", "approximated"),
        ("How hot?{#80}", "numeric", 80, "exact"),
        ("How hot?{#80.5:0.25}", "numeric", 80.5, "exact"),
        ("How hot?{#-3..-1}", "numeric", -2, "exact"),
        ("How hot?{#=80:1 =%50%75:5}", "numeric", 80, "approximated"),
        ("Write about water.{}", "essay", None, "exact"),
    ],
)
def test_gift_questions_have_the_type_and_key_of_the_file(
    text: str, question_type: str, key: Any, fidelity: str
) -> None:
    question = only(text)
    assert (question.fields["question_type"], question.fields["correct_answer"]) == (question_type, key)
    assert question.fidelity == fidelity


def test_a_gift_range_becomes_a_number_with_a_tolerance() -> None:
    assert only("How hot?{#3.141..3.143}").fields["tolerance"] == 0.001


def test_a_gift_choice_keeps_its_options_feedback_title_and_explanation() -> None:
    question = only("::Leaf \\: one::Which leaf?{\n=green#Yes!\n~black#No\\: oxidised.\n####All tea is Camellia.}")
    assert question.title == "Leaf : one"
    assert options(question) == [("green", True), ("black", False)]
    assert [one["feedback"] for one in question.fields["options"]] == ["Yes!", "No: oxidised."]
    assert question.fields["explanation"] == "All tea is Camellia."
    assert question.fidelity == "exact"


def test_gift_weights_make_a_multiple_select_question() -> None:
    exact = only("Which two?{~%50%oolong ~%50%sencha ~%-50%rooibos}")
    assert exact.fields["question_type"] == "multiple_select"
    assert options(exact) == [("oolong", True), ("sencha", True), ("rooibos", False)]
    assert exact.fidelity == "exact"
    assert only("Which two?{~%50%oolong ~%50%sencha ~%-100%rooibos}").fidelity == "approximated"


def test_partial_credit_of_a_single_choice_is_noted() -> None:
    question = only("Which leaf?{~black ~%50%oolong =green}")
    assert question.fields["question_type"] == "multiple_choice"
    assert question.notes == ("“oolong” earned 50% and earns nothing here.",)


def test_gift_pairs_become_a_matching_question_with_spare_matches() -> None:
    fields = only("Match.{=Sencha -> Japan =Darjeeling -> India = -> Peru}").fields
    texts = {one["id"]: one["text"] for side in ("left", "right") for one in fields["options"][side]}
    pairs = {texts[left]: texts[right] for left, right in fields["correct_answer"].items()}
    assert pairs == {"Sencha": "Japan", "Darjeeling": "India"}
    assert [one["text"] for one in fields["options"]["right"]] == ["Japan", "India", "Peru"]


def test_a_missing_word_leaves_a_blank_in_the_sentence() -> None:
    assert only("Tea grows in {~Iceland =India} today.").fields["question_text"] == "Tea grows in _____ today."
    assert only("Tea grows in {=India}.", "missingword").fields["question_text"] == "Tea grows in _____."


def test_gift_escapes_comments_and_categories_are_read() -> None:
    found = read("// a comment {T}\n$CATEGORY: $course$/Tea/Green\n\n2 \\= 1 + 1\\nand \\{x\\}{T}\n// the end\n")
    (question,) = found.questions
    assert question.fields["question_text"] == "2 = 1 + 1\nand {x}"
    assert (question.category, question.line) == ("$course$/Tea/Green", 4)


def test_a_gift_description_is_dropped_with_the_reason() -> None:
    question = read("::Intro::Read this first.\n\nTrue?{T}").questions[0]
    assert (question.fidelity, question.title, question.fields) == ("dropped", "Intro", {})
    assert question.notes == ("A description without a question.",)


def test_blank_lines_between_the_braces_do_not_end_a_gift_question() -> None:
    found = read("Which leaf?{\n=green\n\n~black\n\n}\n\nTrue?{T}")
    assert [one.fields["question_type"] for one in found.questions] == ["multiple_choice", "true_false"]


@pytest.mark.parametrize(
    "broken",
    [
        "Unclosed {T",
        "Unopened T}",
        "Two {T} pairs {F}",
        "How hot?{#warm}",
        "How hot?{#}",
        "Which?{~a ~b}",
        "Which?{=a ~a}",
    ],
)
def test_a_broken_gift_question_does_not_stop_the_others(broken: str) -> None:
    found = read(f"First?{{T}}\n\n{broken}\n\nLast?{{F}}")
    assert [one.title for one in found.questions] == ["First?", "Last?"]
    assert [(one.line, one.code) for one in found.errors] == [(3, "invalid_question")]


def test_markup_of_gift_texts_becomes_markdown() -> None:
    question = only("[html]<p>Which <b>leaf</b>?</p><ul><li>one</li></ul>{=[plain]2 * x*y ~<i>green</i>}")
    assert question.fields["question_text"] == "Which **leaf**?\n\n- one"
    assert options(question) == [("2 * x\\*y", True), ("*green*", False)]
    assert only("[markdown]Which **leaf**?{T}").fields["question_text"] == "Which **leaf**?"
    assert only("[plain]Which **leaf**?{T}").fields["question_text"] == "Which \\*\\*leaf\\*\\*?"


def test_aiken_questions_are_read_and_broken_ones_reported() -> None:
    found = read("Which leaf is\ngreen?\nA) oolong\nB. sencha\nANSWER: B\n\nOne option\nA) x\nANSWER: A\n", None)
    assert found.format == "aiken"
    assert options(found.questions[0]) == [("oolong", False), ("sencha", True)]
    assert found.questions[0].fields["question_text"] == "Which leaf is\ngreen?"
    assert [(one.line, one.detail) for one in found.errors] == [(7, "The question has fewer than two options.")]


def test_a_cloze_text_is_dropped_with_the_reason() -> None:
    assert only("The capital is {1:SHORTANSWER:=Paris}.", None).fidelity == "dropped"


def test_moodle_xml_choices_are_read() -> None:
    answers = (
        '<answer fraction="100"><text>green</text><feedback><text>Yes</text></feedback></answer>'
        '<answer fraction="0"><text>black</text></answer>'
    )
    body = f"<defaultgrade>2.0000000</defaultgrade><generalfeedback><text>So.</text></generalfeedback>{answers}"
    question = only(xml_question("multichoice", f"<single>true</single>{body}"), None)
    assert (question.title, question.fidelity) == ("Leaf", "exact")
    assert (question.fields["points"], question.fields["explanation"]) == (2, "So.")
    assert options(question) == [("green", True), ("black", False)]
    select = only(xml_question("multichoice", f"<single>false</single>{body}"), None)
    assert (select.fields["question_type"], select.fidelity) == ("multiple_select", "approximated")


def test_moodle_xml_keys_of_the_other_types_are_read() -> None:
    true = '<answer fraction="100"><text>true</text></answer><answer fraction="0"><text>false</text></answer>'
    assert only(xml_question("truefalse", true), None).fields["correct_answer"] == "true"
    short = '<usecase>1</usecase><answer fraction="100"><text>Assam</text></answer>'
    assert only(xml_question("shortanswer", short), None).fidelity == "approximated"
    number = '<answer fraction="100"><text>80</text><tolerance>0.5</tolerance></answer>'
    fields = only(xml_question("numerical", number), None).fields
    assert (fields["correct_answer"], fields["tolerance"]) == (80, 0.5)
    pairs = "".join(
        f"<subquestion><text>{left}</text><answer><text>{right}</text></answer></subquestion>"
        for left, right in [("Sencha", "Japan"), ("Assam", "India")]
    )
    assert len(only(xml_question("matching", pairs), None).fields["correct_answer"]) == 2
    assert only(xml_question("essay", "<graderinfo><text>Look</text></graderinfo>"), None).notes


def test_what_moodle_xml_has_beyond_our_types_is_noted_or_dropped() -> None:
    picture = '&lt;img src="@@PLUGINFILE@@/leaf.png"/&gt;Which?'
    essay = only(xml_question("essay", '<file name="leaf.png" encoding="base64">AAAA</file>', picture), None)
    assert essay.notes == ("The file “leaf.png” was left out.", "A picture was left out.")
    assert only(xml_question("cloze", ""), None).fidelity == "dropped"
    assert only(xml_question("calculated", ""), None).notes == ("There is no question type “calculated”.",)


def test_categories_of_moodle_xml_apply_to_the_questions_after_them() -> None:
    category = '<question type="category"><category><text>$course$/Tea</text></category></question>'
    text = xml_question("essay", "").replace("<quiz>", f"<quiz>{category}")
    assert only(text, None).category == "$course$/Tea"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_files_are_read_in_each_encoding(encoding: str) -> None:
    (question,) = read_file("Où pousse le thé?{T}".encode(encoding)).questions
    assert question.fields["question_text"] == "Où pousse le thé?"


def test_an_xml_file_is_read_in_the_encoding_that_it_declares() -> None:
    text = xml_question("essay", "", "Où pousse le thé?").replace("UTF-8", "ISO-8859-1")
    assert read_file(text.encode("latin-1")).questions[0].fields["question_text"] == "Où pousse le thé?"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n ",
        b"email,name\nbob@example.com,Bob\n",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"PK\x03\x04\x14\x00",
        b"<html><body>Tea</body></html>",
        b"<?xml version='1.0'?><questestinterop/>",
        b"<quiz><question>",
        b"x" * (MAX_BYTES + 1),
        b"True?{T}\n\n" * 2_001,
    ],
)
def test_other_files_are_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableFileError) as refused:
        read_file(content)
    assert (refused.value.code, refused.value.status) == ("unreadable_file", 422)


def test_an_error_of_the_xml_names_its_line() -> None:
    with pytest.raises(UnreadableFileError, match="Line 4"):
        read_file(b'<?xml version="1.0"?>\n<quiz>\n<question>\n</quiz>')


ESSAY = '<question type="essay"><questiontext><text>&x;</text></questiontext></question>'
ENTITY = f"<!DOCTYPE quiz [<!ENTITY x {{value}}>]>\n<quiz>{ESSAY}</quiz>"
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "text",
    [
        ENTITY.format(value='SYSTEM "file:///etc/passwd"'),
        ENTITY.format(value='SYSTEM "http://127.0.0.1:1/"'),
        f'<!DOCTYPE quiz [<!ENTITY a0 "ha">{LAUGHS}]><quiz name="&a9;">&a9;</quiz>',
        f"<!-- <quiz> --><?x ?>{ENTITY.format(value=chr(34) + 'y' + chr(34))}",
        "<quiz>" + "<question>" * 10_000 + "</question>" * 10_000 + "</quiz>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_and_deep_nesting_are_refused(text: str, encoding: str) -> None:
    with pytest.raises(UnreadableFileError):
        read_file(text.encode(encoding))


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("a<br>b", "a\\\nb"),
        ("<p>a</p><p>b &amp; c</p>", "a\n\nb & c"),
        ("<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>", "1. a\n\n   - b\n\n2. c"),
        ('<a href="https://example.com/x">leaf</a>', "[leaf](https://example.com/x)"),
        ('<a href="javascript:alert(1)">leaf</a>', "leaf"),
        ("<b> bold </b>text", "**bold** text"),
        ("<code>a*b</code> a*b", "`a*b` a\\*b"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
        ("<h1>Tea</h1># not a heading", "# Tea\n\n\\# not a heading"),
        ("<script>alert(1)</script>safe", "safe"),
        ("energy \\(E = mc^2\\) and $5", "energy $E = mc^2$ and \\$5"),
    ],
)
def test_html_becomes_markdown(html: str, markdown: str) -> None:
    assert to_markdown(Text(html, "html"))[0] == markdown.replace("# Tea", "## Tea")


def test_the_answers_that_students_type_have_no_markup() -> None:
    assert to_plain(Text("<b>Assam*</b> tea", "html"))[0] == "Assam* tea"
    assert to_plain(Text("a < b", "moodle"))[0] == "a < b"
