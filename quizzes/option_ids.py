"""Ids of options: unchanged when a text changes, random when new, never reused (docs/api-contract.md, "Quizzes").

Answers refer to options by id. If the id of an option changed, the next regrade would take the points of everyone who
chose it.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def make_option_id() -> str:
    """Return a random id of 12 characters."""
    return secrets.token_hex(6)


def assign_ids(rows: Sequence[tuple[str, str]], before: Mapping[str, str]) -> list[str]:
    """Return an id for each row, a pair of the id that was sent with it and its text.

    `before` maps the ids of the edited version to their texts. A row gets the first of these ids that is free: its own
    id if its text is unchanged; the id of the option that had its text, because options may be reordered; its own id,
    because its text was edited; a new id. An id that is not in `before`, or that an earlier row has, is replaced.
    """
    free = dict(before)
    assigned: dict[int, str] = {}
    rules = (
        lambda own, text: own if free.get(own) == text else None,
        lambda own, text: next((known for known, old in free.items() if old == text), None),
        lambda own, text: own if own in free else None,
    )
    for rule in rules:
        for place, (own, text) in enumerate(rows):
            if place not in assigned and (known := rule(own, text)) is not None:
                assigned[place] = known
                del free[known]
    return [assigned.get(place) or make_option_id() for place in range(len(rows))]


def with_known_ids(options: Any, before: Iterable[Mapping[str, str]]) -> Any:
    """Return a client's options; those without an id get the id of the option in `before` with the same text.

    Ids that the client sent are not changed. Malformed options are returned unchanged; `QuestionType.clean_key` rejects
    them.
    """
    if not isinstance(options, list):
        return options
    sent = [one["id"] for one in options if isinstance(one, dict) and "id" in one]
    free = {one["id"]: one["text"] for one in before if one["id"] not in sent}
    ids = iter(assign_ids([("", one["text"].strip()) for one in options if _lacks_id(one)], free))
    return [{**one, "id": next(ids)} if _lacks_id(one) else one for one in options]


def _lacks_id(option: Any) -> bool:
    return isinstance(option, dict) and option.get("id", "") == "" and isinstance(option.get("text"), str)
