"""The accent of the site: five designed ones, and any colour, from which a pair is derived that can be read.

A site's own colour keeps its hue and its strength. What may change is how light it is: on light pages it is darkened,
and on dark ones lightened, until text in it, and text on it, stands apart as WCAG 2.2 asks (4.5:1, criterion 1.4.3).
"""

import colorsys
import re
from dataclasses import dataclass
from functools import lru_cache

HEX = re.compile(r"\A#[0-9a-f]{6}\Z")
ENOUGH = 4.5
STEP = 0.005
# What the accent is read on: paper, surface and sunk surface of static/css/tokens.css.
LIGHT_GROUNDS = ("#faf8f4", "#ffffff", "#f2efe8")
DARK_GROUNDS = ("#151412", "#1e1c19", "#100f0e")
WHITE, DARK_SURFACE = LIGHT_GROUNDS[1], DARK_GROUNDS[1]


@dataclass(frozen=True)
class Shades:
    """An accent on light pages, or on dark ones: itself, under the pointer, what is written on it, and a tint of it."""

    brand: str
    hover: str
    ink: str
    soft: str


@dataclass(frozen=True)
class Pair:
    """An accent on light and on dark pages."""

    light: Shades
    dark: Shades

    @property
    def sheet(self) -> str:
        """The style sheet that puts it in the place of the designed accent."""
        lines = (
            f"    --brand{suffix}: light-dark({getattr(self.light, name)}, {getattr(self.dark, name)});\n"
            for name, suffix in (("brand", ""), ("hover", "-hover"), ("ink", "-ink"), ("soft", "-soft"))
        )
        return f"@layer tokens {{\n  :root {{\n{''.join(lines)}  }}\n}}\n"


# As static/css/tokens.css has them: for mails, which no style sheet reaches.
DESIGNED = {
    "evergreen": Pair(
        Shades("#0e6450", "#0a5141", "#ffffff", "#e3f1ec"), Shades("#6fd3b3", "#8be0c4", "#06231b", "#16332b")
    ),
    "ocean": Pair(
        Shades("#0b5a8f", "#084770", "#ffffff", "#e2eff8"), Shades("#7cc4f2", "#9dd4f7", "#04202f", "#12304a")
    ),
    "plum": Pair(
        Shades("#7a2e6b", "#612455", "#ffffff", "#f6e8f3"), Shades("#e3a5d7", "#edbfe4", "#33102c", "#3a1c34")
    ),
    "clay": Pair(
        Shades("#9a3b16", "#7c2f11", "#ffffff", "#f9e9e1"), Shades("#f2a683", "#f6bda2", "#3a1405", "#42200f")
    ),
    "slate": Pair(
        Shades("#37475a", "#293646", "#ffffff", "#e9edf2"), Shades("#aebfd3", "#c5d2e1", "#131c26", "#252f3a")
    ),
}


@lru_cache(maxsize=64)
def derived(colour: str) -> Pair:
    """Return the pair that a site's own colour, as #0e6450, becomes; raise ValueError for what is no such colour."""
    if not HEX.match(colour):
        raise ValueError(colour)
    return Pair(_on_light(colour), _on_dark(colour))


def _on_light(colour: str) -> Shades:
    hue, light, strength = _split(colour)
    while not _stands_apart(shade := _joined(hue, light, strength), (*LIGHT_GROUNDS, _mixed(shade, WHITE, 0.1))):
        light -= STEP
    return Shades(shade, _joined(hue, light * 0.8, strength), WHITE, _mixed(shade, WHITE, 0.1))


def _on_dark(colour: str) -> Shades:
    hue, light, strength = _split(colour)
    ink = _joined(hue, 0.08, strength)
    while not _stands_apart(
        shade := _joined(hue, light, strength), (*DARK_GROUNDS, ink, _mixed(shade, DARK_SURFACE, 0.16))
    ):
        light += STEP
    return Shades(shade, _joined(hue, light + (1 - light) * 0.3, strength), ink, _mixed(shade, DARK_SURFACE, 0.16))


def contrast(one: str, other: str) -> float:
    """Return how far two colours stand apart (WCAG 2.2, contrast ratio): from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _stands_apart(colour: str, others: tuple[str, ...]) -> bool:
    return all(contrast(colour, other) >= ENOUGH for other in others)


def _luminance(colour: str) -> float:
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour))
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _parts(colour: str) -> list[float]:
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def _hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in (red, green, blue))


def _split(colour: str) -> tuple[float, float, float]:
    """Return hue, lightness and saturation."""
    return colorsys.rgb_to_hls(*_parts(colour))


def _joined(hue: float, light: float, strength: float) -> str:
    return _hex(*colorsys.hls_to_rgb(hue, max(0.0, min(1.0, light)), strength))


def _mixed(colour: str, ground: str, share: float) -> str:
    return _hex(*(share * one + (1 - share) * other for one, other in zip(_parts(colour), _parts(ground), strict=True)))
