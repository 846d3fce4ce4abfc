"""Read sample files of other programs and print how each is imported: `python -m tools.samples FOLDER`.

The samples are no part of the repository. For a GIFT file beside a JSON file of an independent parser, types, answers,
weights and feedback are compared. An exception other than the refusal of a file ends the run with its traceback.
"""

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

FOLDERS = ("gift", "moodle-text", "moodle-xml", "csv")
FIDELITIES = ("exact", "approximated", "dropped")
TYPES = {
    "MC": {"multiple_choice", "multiple_select"}, "TF": {"true_false"}, "Essay": {"essay"}, "Short": {"short_answer"},
    "Matching": {"matching"}, "Numerical": {"numeric"}, "Description": {"description"},
}  # fmt: skip


def main(folder: Path) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    django.setup()
    print("file | format | exact | approximated | dropped | refused")
    totals: dict[str, Counter[str]] = {}
    for name in FOLDERS:
        totals[name] = Counter()
        for path in sorted(path for path in (folder / name).rglob("*") if path.is_file() and path.suffix != ".json"):
            print(f"{path.relative_to(folder)} | {_describe(path, totals[name])}")
    for name, counts in totals.items():
        print(f"{name}: " + ", ".join(f"{counts[one]} {one}" for one in (*FIDELITIES, "broken", "refused")))
    agreements, differences = _compare_pairs(folder / "gift" / "peg-grammar")
    print(f"GIFT questions that agree with the JSON: {agreements}; that differ: {len(differences)}")
    for difference in differences:
        print(f"  {difference}")


def _describe(path: Path, counts: Counter[str]) -> str:
    """Return the rest of the row of one file, and count its questions."""
    from quizzes.formats import read_file  # noqa: PLC0415  # after django.setup()
    from quizzes.formats.content import UnreadableFileError  # noqa: PLC0415  # after django.setup()

    try:
        read = read_file(path.read_bytes())
    except UnreadableFileError as error:
        counts["refused"] += 1
        return f"- | 0 | 0 | 0 | {error}"
    found: Counter[str] = Counter(question.fidelity for question in read.questions)
    counts.update(found)
    counts["broken"] += len(read.errors)
    errors = "; ".join(f"line {error.line}: {error.detail}" for error in read.errors)
    return f"{read.format} | " + " | ".join(str(found[one]) for one in FIDELITIES) + f" | {errors}"


def _compare_pairs(folder: Path) -> tuple[int, list[str]]:
    """Return the number of questions that agree with the JSON beside their file, and a line for each that differs."""
    from quizzes.formats import gift  # noqa: PLC0415  # after django.setup()
    from quizzes.formats.content import SourceQuestion  # noqa: PLC0415  # after django.setup()
    from quizzes.formats.encodings import decode  # noqa: PLC0415  # after django.setup()

    agreements, differences = 0, []
    for path in sorted(folder.glob("*.gift")):
        theirs = [one for one in json.loads(path.with_suffix(".json").read_text()) if one["type"] != "Category"]
        ours = [one for one in gift.parse(decode(path.read_bytes())) if isinstance(one, SourceQuestion)]
        if len(ours) != len(theirs):
            differences.append(f"{path.name}: {len(ours)} questions, {len(theirs)} in the JSON")
            continue
        for our, their in zip(ours, theirs, strict=True):
            found = list(_differences(our, their))
            agreements += not found
            differences += [f"{path.name}: {one}" for one in found]
    return agreements, differences


def _differences(our: Any, their: dict[str, Any]) -> Iterator[str]:
    pairs = {
        "type": (our.question_type in TYPES[their["type"]], True),
        "title": (our.title, their.get("title") or ""),
        "text": (_plain(our.stem.text), _plain(their["stem"]["text"])),
        "explanation": (_text(our.explanation), _text(their.get("globalFeedback"))),
        "answers": (list(_our_answers(our)), list(_their_answers(their))),
    }
    for name, (mine, other) in pairs.items():
        if mine != other:
            yield f"{name}: {mine!r}, {other!r} in the JSON"


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _text(text: Any) -> str:
    if text is None:
        return ""
    return _plain(text["text"] if isinstance(text, dict) else text.text)


def _our_answers(our: Any) -> Iterator[tuple[Any, ...]]:
    if our.question_type == "true_false":
        # The second feedback of the file is that of the right answer, which comes first.
        right, wrong = our.answers
        yield right.text.text, _text(wrong.feedback), _text(right.feedback)
        return
    for one in our.answers:
        value = _plain(one.text.text) if one.number is None else (float(one.number), float(one.tolerance))
        yield value, float(one.weight), _text(one.feedback)
    for left, right in our.pairs:
        yield _plain(left.text), _plain(right.text)


def _their_answers(their: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    if their["type"] == "TF":
        yield str(their["isTrue"]).lower(), _text(their["trueFeedback"]), _text(their["falseFeedback"])
    choices = their.get("choices") or []
    for one in choices if isinstance(choices, list) else [{"isCorrect": True, "text": choices}]:
        weight = one.get("weight")
        share = (100.0 if one["isCorrect"] else 0.0) if weight is None else float(weight)
        yield _their_value(one["text"]), share, _text(one.get("feedback"))
    for pair in their.get("matchPairs") or []:
        yield _text(pair["subquestion"]), _plain(pair["subanswer"])


def _their_value(text: dict[str, Any]) -> Any:
    if "numberLow" in text:
        low, high = text["numberLow"], text["numberHigh"]
        return round((low + high) / 2, 9), round((high - low) / 2, 9)
    return (float(text["number"]), float(text.get("range", 0))) if "number" in text else _plain(text["text"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
