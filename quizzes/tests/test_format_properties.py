"""Properties of the formats: an import of our own export is equal, and no input raises another error than 422."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quizzes.formats import PARSERS, WRITERS, read_file
from quizzes.formats.content import UnreadableFileError
from quizzes.formats.conversion import TITLE_LENGTH
from quizzes.question_types import TYPES

CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co", "Cf", "Zl", "Zp", "Zs", "Mn"), include_characters=" \n"
)
TEXTS = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=60),
    st.text("ab ~=#{}:\\n%->*[]/$<&\n", min_size=1, max_size=40),
    st.sampled_from(["// no comment", "::x::y", "%50%x", "[html]x", "TRUE", "$CATEGORY: x", "]]>", "&amp;", "a -- b"]),
)
WORDS = TEXTS.map(lambda text: " ".join(text.split())).filter(bool)
STEMS = TEXTS.map(str.strip).filter(bool)
NUMBERS = st.one_of(
    st.integers(-(10**12), 10**12),
    st.floats(-1e20, 1e20, allow_nan=False, allow_subnormal=False).map(lambda x: x + 0.0),
)


def unique(count: int) -> st.SearchStrategy[list[str]]:
    return st.lists(WORDS, min_size=2, max_size=count, unique_by=lambda text: " ".join(text.split()))


@st.composite
def choice_keys(draw: Any, is_single: bool) -> dict[str, Any]:
    texts = draw(unique(6))
    right = draw(st.sets(st.integers(0, len(texts) - 1), min_size=1, max_size=1 if is_single else len(texts)))
    feedback = draw(st.lists(st.one_of(st.just(""), WORDS), min_size=len(texts), max_size=len(texts)))
    return {
        "options": [
            {"text": text, "is_correct": place in right, "feedback": feedback[place]}
            for place, text in enumerate(texts)
        ]
    }


@st.composite
def matching_keys(draw: Any) -> dict[str, Any]:
    left = draw(unique(5).filter(lambda texts: not any("->" in text for text in texts)))
    right = draw(unique(5))
    key = {str(place): f"r{draw(st.integers(0, len(right) - 1))}" for place in range(len(left))}
    return {
        "options": {
            "left": [{"id": str(place), "text": text} for place, text in enumerate(left)],
            "right": [{"id": f"r{place}", "text": text} for place, text in enumerate(right)],
        },
        "correct_answer": key,
    }


KEYS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "multiple_choice": choice_keys(True),
    "multiple_select": choice_keys(False),
    "true_false": st.fixed_dictionaries({"correct_answer": st.sampled_from(["true", "false"])}),
    "short_answer": unique(5).map(lambda texts: {"correct_answer": texts[0], "accepted_answers": texts[1:]}),
    "numeric": st.fixed_dictionaries({"correct_answer": NUMBERS, "tolerance": NUMBERS.map(abs)}),
    "matching": matching_keys(),
    "essay": st.just({}),
}


@st.composite
def versions(draw: Any) -> SimpleNamespace:
    name = draw(st.sampled_from(list(TYPES)))
    fields = draw(KEYS[name])
    key = {one: fields.get(one) for one in ("options", "correct_answer", "accepted_answers", "tolerance")}
    return SimpleNamespace(
        question_type=name,
        question_text=draw(STEMS),
        explanation=draw(st.one_of(st.just(""), STEMS)),
        points=draw(st.integers(0, 1000)),
        **TYPES[name].clean_key(**key),
    )


def canonical(fields: dict[str, Any], *, with_points: bool) -> dict[str, Any]:
    """Return the fields with texts in the place of option ids, which are random."""
    content = {name: fields[name] for name in ("question_type", "question_text", "explanation", "tolerance")}
    content["points"] = fields["points"] if with_points else None
    content["answers"] = [fields["correct_answer"], *fields["accepted_answers"]]
    if isinstance(fields["options"], dict):
        sides = fields["options"]
        texts = {one["id"]: one["text"] for side in ("left", "right") for one in sides[side]}
        content["answers"] = {texts[left]: texts[right] for left, right in fields["correct_answer"].items()}
        content["options"] = sorted(one["text"] for one in sides["right"])
    elif fields["options"]:
        content["answers"] = None
        content["options"] = [(one["text"], one["is_correct"], one.get("feedback", "")) for one in fields["options"]]
    return content


@pytest.mark.parametrize("name", list(WRITERS))
@given(questions=st.lists(versions(), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_import_of_our_own_export_is_equal(name: str, questions: list[SimpleNamespace]) -> None:
    found = read_file(WRITERS[name](questions).text.encode())
    assert (found.format, found.errors) == (name, [])
    assert [one.fidelity for one in found.questions if not any("wildcard" in note for note in one.notes)] == [
        "exact" for one in found.questions if not any("wildcard" in note for note in one.notes)
    ]
    with_points = name != "gift"
    assert [canonical(one.fields, with_points=with_points) for one in found.questions] == [
        canonical(vars(one), with_points=with_points) for one in questions
    ]
    assert all(len(one.title) <= TITLE_LENGTH for one in found.questions)


def read_or_refuse(content: bytes, name: str | None) -> None:
    try:
        found = read_file(content, name)
    except UnreadableFileError:
        return
    assert all(one.fields or one.notes for one in found.questions)


FORMATS = st.sampled_from([None, *PARSERS])
GIFT = (
    "$CATEGORY: a/b\n\n::T::[html]<p>Which <b>x</b>?</p>{=a#b ~%-50%c#d ####e}\n\nHow?{#=1:0.1 =%50%1..2}\n\n"
    "M{=a -> b =c -> d}\n\nS{=a =b}\n\nE{}\n"
)
XML = (
    '<?xml version="1.0"?><quiz><question type="multichoice"><name><text>a</text></name><questiontext format="html">'
    '<text><![CDATA[<p>b</p>]]></text></questiontext><single>true</single><answer fraction="100"><text>c</text>'
    '</answer><answer fraction="0"><text>d</text></answer></question><question type="numerical"><questiontext><text>e'
    '</text></questiontext><answer fraction="100"><text>1</text><tolerance>0.1</tolerance></answer></question>'
    '<question type="matching"><questiontext><text>f</text></questiontext><subquestion><text>g</text><answer><text>h'
    "</text></answer></subquestion></question></quiz>"
)


@given(content=st.binary(max_size=300), name=FORMATS)
@settings(max_examples=300, deadline=None)
def test_random_bytes_raise_nothing_but_unreadable_file(content: bytes, name: str | None) -> None:
    read_or_refuse(content, name)


@given(text=st.text("ABT ~=#{}:\\n%->*[]/$.<&;'\"\n123e", max_size=200), name=FORMATS)
@settings(max_examples=300, deadline=None)
def test_random_syntax_raises_nothing_but_unreadable_file(text: str, name: str | None) -> None:
    read_or_refuse(text.encode(), name)


@given(
    text=st.sampled_from([GIFT, XML]),
    at=st.floats(0, 1),
    length=st.integers(0, 30),
    new=st.text(max_size=12),
    name=FORMATS,
)
@settings(max_examples=500, deadline=None)
def test_damaged_files_raise_nothing_but_unreadable_file(
    text: str, at: float, length: int, new: str, name: str | None
) -> None:
    start = int(at * len(text))
    damaged = text[:start] + new + text[start + length :]
    read_or_refuse(damaged.encode("utf-8", "surrogatepass"), name)


@pytest.mark.parametrize(
    "text",
    [
        "Q {" * 100_000,
        "=~#" * 100_000,
        "\\(" * 200_000 + "{T}",
        "[html]" + "<b>" * 16_000 + "{T}",
        "[html]" + "<div><i>" * 6_000 + "{T}",
        "<b " * 15_000 + "{T}",
        "A) x\n" * 100_000 + "ANSWER: A",
        "<!-" * 300_000,
        "<?xml" + " " * 1_000_000,
        "<quiz>" + "<file " * 300_000,
    ],
)
def test_large_files_of_unclosed_syntax_are_read_in_bounded_time(text: str) -> None:
    read_or_refuse(text.encode(), None)
    read_or_refuse(text.encode(), "gift")
