"""Tests of certificate numbers."""

import math
import random

import pytest

from certificates.numbers import ALPHABET, RANDOM_CHARACTERS, is_well_formed, new_number, normalize_number


@pytest.mark.quality("K03")
def test_a_number_has_at_least_eighty_random_bits() -> None:
    assert RANDOM_CHARACTERS * math.log2(len(ALPHABET)) >= 80
    assert len({new_number() for _ in range(1000)}) == 1000


def test_a_number_has_no_ambiguous_characters() -> None:
    assert set("0O1IL") & set("".join(new_number() for _ in range(200))) == set()


def test_case_spaces_and_dashes_are_ignored_in_numbers() -> None:
    number = new_number()
    assert normalize_number(f"  {number.lower().replace('-', ' ')} ") == number
    assert is_well_formed(number)


def test_the_check_character_detects_single_errors_and_swaps() -> None:
    draw = random.Random(7)
    for _ in range(300):
        signs = list(new_number().replace("-", ""))
        place = draw.randrange(len(signs) - 1)
        slipped = [*signs[:place], draw.choice([s for s in ALPHABET if s != signs[place]]), *signs[place + 1 :]]
        assert not is_well_formed(normalize_number("".join(slipped)))
        if signs[place] != signs[place + 1]:
            signs[place], signs[place + 1] = signs[place + 1], signs[place]
            assert not is_well_formed(normalize_number("".join(signs)))


@pytest.mark.parametrize("text", ["", "X", "AAAAA-AAAAA", "0" * 20, "'; DROP TABLE"])
def test_malformed_numbers_are_rejected(text: str) -> None:
    assert not is_well_formed(normalize_number(text))
