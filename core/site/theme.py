"""Accent colors of the site: five presets, and readable colors derived from a custom color.

A custom color keeps its hue and saturation. Its lightness is reduced on light pages and increased on dark pages until
text in this color, and text on it, has the contrast that WCAG 2.2 requires (4.5:1, criterion 1.4.3).
"""

import colorsys
import re
from dataclasses import dataclass
from functools import lru_cache

HEX = re.compile(r"\A#[0-9a-f]{6}\Z")
MIN_CONTRAST = 4.5
LIGHTNESS_STEP = 0.005
# Backgrounds of accent text: paper, surface and sunk surface of static/css/tokens.css.
LIGHT_BACKGROUNDS = ("#faf8f4", "#ffffff", "#f2efe8")
DARK_BACKGROUNDS = ("#151412", "#1e1c19", "#100f0e")
WHITE, DARK_SURFACE = LIGHT_BACKGROUNDS[1], DARK_BACKGROUNDS[1]


@dataclass(frozen=True)
class Shades:
    """Accent colors of one color scheme: the accent, its hover state, the text color on it, and a soft background."""

    brand: str
    hover: str
    ink: str
    soft: str


@dataclass(frozen=True)
class ColorPair:
    """Accent colors for light and dark pages."""

    light: Shades
    dark: Shades

    @property
    def stylesheet(self) -> str:
        """The style sheet that overrides the default accent."""
        lines = (
            f"    --brand{suffix}: light-dark({getattr(self.light, name)}, {getattr(self.dark, name)});\n"
            for name, suffix in (("brand", ""), ("hover", "-hover"), ("ink", "-ink"), ("soft", "-soft"))
        )
        return f"@layer tokens {{\n  :root {{\n{''.join(lines)}  }}\n}}\n"


# The same values as in static/css/tokens.css; emails use them inline, because they load no style sheet.
PRESETS = {
    "evergreen": ColorPair(
        Shades("#0e6450", "#0a5141", "#ffffff", "#e3f1ec"), Shades("#6fd3b3", "#8be0c4", "#06231b", "#16332b")
    ),
    "ocean": ColorPair(
        Shades("#0b5a8f", "#084770", "#ffffff", "#e2eff8"), Shades("#7cc4f2", "#9dd4f7", "#04202f", "#12304a")
    ),
    "plum": ColorPair(
        Shades("#7a2e6b", "#612455", "#ffffff", "#f6e8f3"), Shades("#e3a5d7", "#edbfe4", "#33102c", "#3a1c34")
    ),
    "clay": ColorPair(
        Shades("#9a3b16", "#7c2f11", "#ffffff", "#f9e9e1"), Shades("#f2a683", "#f6bda2", "#3a1405", "#42200f")
    ),
    "slate": ColorPair(
        Shades("#37475a", "#293646", "#ffffff", "#e9edf2"), Shades("#aebfd3", "#c5d2e1", "#131c26", "#252f3a")
    ),
}


@lru_cache(maxsize=64)
def derive_pair(color: str) -> ColorPair:
    """Return the readable color pair for a custom color such as #0e6450; raise ValueError for any other format."""
    if not HEX.match(color):
        raise ValueError(color)
    return ColorPair(_derive_light(color), _derive_dark(color))


def _derive_light(color: str) -> Shades:
    hue, lightness, saturation = _to_hls(color)
    while not _has_contrast(
        shade := _from_hls(hue, lightness, saturation), (*LIGHT_BACKGROUNDS, _mix(shade, WHITE, 0.1))
    ):
        lightness -= LIGHTNESS_STEP
    return Shades(shade, _from_hls(hue, lightness * 0.8, saturation), WHITE, _mix(shade, WHITE, 0.1))


def _derive_dark(color: str) -> Shades:
    hue, lightness, saturation = _to_hls(color)
    ink = _from_hls(hue, 0.08, saturation)
    while not _has_contrast(
        shade := _from_hls(hue, lightness, saturation), (*DARK_BACKGROUNDS, ink, _mix(shade, DARK_SURFACE, 0.16))
    ):
        lightness += LIGHTNESS_STEP
    return Shades(
        shade, _from_hls(hue, lightness + (1 - lightness) * 0.3, saturation), ink, _mix(shade, DARK_SURFACE, 0.16)
    )


def contrast_ratio(one: str, other: str) -> float:
    """Return the contrast ratio of two colors (WCAG 2.2), from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _has_contrast(color: str, others: tuple[str, ...]) -> bool:
    return all(contrast_ratio(color, other) >= MIN_CONTRAST for other in others)


def _luminance(color: str) -> float:
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _to_rgb(color))
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _to_rgb(color: str) -> list[float]:
    return [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def _from_rgb(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in (red, green, blue))


def _to_hls(color: str) -> tuple[float, float, float]:
    """Return hue, lightness and saturation."""
    return colorsys.rgb_to_hls(*_to_rgb(color))


def _from_hls(hue: float, lightness: float, saturation: float) -> str:
    return _from_rgb(*colorsys.hls_to_rgb(hue, max(0.0, min(1.0, lightness)), saturation))


def _mix(color: str, background: str, share: float) -> str:
    return _from_rgb(
        *(share * one + (1 - share) * other for one, other in zip(_to_rgb(color), _to_rgb(background), strict=True))
    )
