"""Certificate numbers: random, readable, and quick to say when they are mistyped."""

import math
import random

import pytest

from certificates.numbers import ALPHABET, RANDOM_SIGNS, is_well_formed, new_number, normalised


@pytest.mark.quality("K03")
def test_a_number_carries_at_least_eighty_random_bits() -> None:
    assert RANDOM_SIGNS * math.log2(len(ALPHABET)) >= 80
    assert len({new_number() for _ in range(1000)}) == 1000


def test_a_number_has_no_sign_that_is_taken_for_another() -> None:
    assert set("0O1IL") & set("".join(new_number() for _ in range(200))) == set()


def test_however_it_is_typed_it_is_the_same_number() -> None:
    number = new_number()
    assert normalised(f"  {number.lower().replace('-', ' ')} ") == number
    assert is_well_formed(number)


def test_one_wrong_sign_or_two_swapped_ones_are_noticed() -> None:
    draw = random.Random(7)
    for _ in range(300):
        signs = list(new_number().replace("-", ""))
        place = draw.randrange(len(signs) - 1)
        slipped = [*signs[:place], draw.choice([s for s in ALPHABET if s != signs[place]]), *signs[place + 1 :]]
        assert not is_well_formed(normalised("".join(slipped)))
        if signs[place] != signs[place + 1]:
            signs[place], signs[place + 1] = signs[place + 1], signs[place]
            assert not is_well_formed(normalised("".join(signs)))


@pytest.mark.parametrize("text", ["", "X", "AAAAA-AAAAA", "0" * 20, "'; DROP TABLE"])
def test_what_is_no_number_is_said_to_be_none(text: str) -> None:
    assert not is_well_formed(normalised(text))
