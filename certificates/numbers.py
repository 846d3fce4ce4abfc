"""Certificate numbers: impossible to guess, and easy to read out over the telephone (quality row K03)."""

import secrets

# Without 0, O, 1, I and L, and without U and Z, which are mistaken for V and 2. The remaining 29 characters are a prime
# number, so that the check character detects every single error.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXY"
RANDOM_CHARACTERS = 19
GROUP = 5


def new_number() -> str:
    """Return a new number of 19 random characters (92 bits) and a check character, in four groups of five."""
    return group_characters(
        _append_check_character("".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS)))
    )


def group_characters(signs: str) -> str:
    """Return the characters with a dash after every fifth."""
    return "-".join(signs[start : start + GROUP] for start in range(0, len(signs), GROUP))


def normalize_number(typed: str) -> str:
    """Return a typed number in its stored form: spaces, dashes and case are ignored."""
    return group_characters("".join(sign for sign in typed.upper() if sign.isalnum())[:40])


def is_well_formed(number: str) -> bool:
    """Return whether the check character is correct.

    It detects one mistyped character or two swapped neighbors without a query.
    """
    signs = number.replace("-", "")
    if len(signs) != RANDOM_CHARACTERS + 1 or not set(signs) <= set(ALPHABET):
        return False
    return _append_check_character(signs[:-1]) == signs


def _append_check_character(signs: str) -> str:
    """Append the check character: the sum of the alphabet positions, weighted from 2 on, modulo 29."""
    total = sum(weight * ALPHABET.index(sign) for weight, sign in enumerate(signs, start=2))
    return signs + ALPHABET[total % len(ALPHABET)]
