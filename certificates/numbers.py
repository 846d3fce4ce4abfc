"""Certificate numbers: nobody guesses one, and everybody can read one out over the telephone (QUALITY K03)."""

import secrets

# No 0, O, 1, I or L, and no U or Z, which people take for V and 2. The 29 signs left are a prime number, so that the
# check sign notices every single slip.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXY"
RANDOM_SIGNS = 19
GROUP = 5


def new_number() -> str:
    """Return a new number of 19 random signs (92 bits) and a check sign, in four groups of five."""
    return grouped(_with_check("".join(secrets.choice(ALPHABET) for _ in range(RANDOM_SIGNS))))


def grouped(signs: str) -> str:
    """Return the signs with a dash after every fifth."""
    return "-".join(signs[start : start + GROUP] for start in range(0, len(signs), GROUP))


def normalised(typed: str) -> str:
    """Return a number as it is kept, from however a person typed it: spaces, dashes and lower case do not matter."""
    return grouped("".join(sign for sign in typed.upper() if sign.isalnum())[:40])


def is_well_formed(number: str) -> bool:
    """Return whether the check sign fits: it notices one mistyped sign or two neighbours swapped, without a look-up."""
    signs = number.replace("-", "")
    if len(signs) != RANDOM_SIGNS + 1 or not set(signs) <= set(ALPHABET):
        return False
    return _with_check(signs[:-1]) == signs


def _with_check(signs: str) -> str:
    """Append the check sign: the sum of the signs' places, weighted from 2 on, modulo 29."""
    total = sum(weight * ALPHABET.index(sign) for weight, sign in enumerate(signs, start=2))
    return signs + ALPHABET[total % len(ALPHABET)]
