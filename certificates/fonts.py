"""Fonts of a certificate, bundled so that it looks the same on every machine.

Source Serif and Manrope cover Latin, Greek and Cyrillic. A name in another script gets a subset of a Noto font with its
own characters: the complete fonts have 20 MB, and instantiating their variable outlines takes seconds.
"""

import base64
import threading
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import font_manrope
import font_source_serif_pro
import fontpkg_noto_sans_arabic
import fontpkg_noto_sans_devanagari
import fontpkg_noto_sans_thai
import fontpkg_noto_serif
import noto_cjk_sans_jp_regular
import pylopdf_fonts_he
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont
from weasyprint import CSS
from weasyprint.text.fonts import FontConfiguration

SERIF = "Certificate Serif"
FACES = {
    (SERIF, 400): font_source_serif_pro.SourceSerifPro,
    (SERIF, 600): font_source_serif_pro.SourceSerifProSemibold,
    ("Certificate Sans", 500): font_manrope.ManropeMedium,
    ("Certificate Sans", 700): font_manrope.ManropeBold,
}
WEIGHT = 600  # weight of names and titles

# The subsetter of fontTools has global state that concurrent threads would share.
_subset_lock = threading.Lock()


def _file(package_file: str, pattern: str) -> Path:
    """Return the single font file of a package that matches `pattern`."""
    return next(Path(package_file).parent.glob(pattern))


# Fallbacks after Source Serif by family name, in order of preference.
FALLBACK_FACES = {
    "Certificate Noto": _file(fontpkg_noto_serif.__file__, "files/NotoSerif[[]*.ttf"),
    "Certificate Arabic": _file(fontpkg_noto_sans_arabic.__file__, "files/*.ttf"),
    "Certificate Hebrew": _file(pylopdf_fonts_he.__file__, "NotoSerifHebrew*.ttf"),
    "Certificate Devanagari": _file(fontpkg_noto_sans_devanagari.__file__, "files/*.ttf"),
    "Certificate Thai": _file(fontpkg_noto_sans_thai.__file__, "files/*.ttf"),
    "Certificate CJK": _file(noto_cjk_sans_jp_regular.__file__, "*.otf"),
}


@cache
def code_points_of(path: str) -> frozenset[int]:
    """Return the code points for which a font file has glyphs."""
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def common_code_points() -> frozenset[int]:
    """Return the code points that every bundled face of the certificate has."""
    return frozenset.intersection(*(code_points_of(path) for path in FACES.values()))


class Fonts(NamedTuple):
    """Font configuration of WeasyPrint, CSS that declares the faces, and font families for names by preference."""

    configuration: FontConfiguration
    declared: CSS
    families: tuple[str, ...]


def fonts_for(text: str) -> Fonts:
    """Return the fonts for `text`; a shared object if it needs no fallback.

    Families that the text does not need are left out, since each one slows down every line.
    """
    rare = {ord(sign) for sign in text} - common_code_points()
    if not rare:
        return _common()
    configuration = FontConfiguration()
    subsets = _subset_faces(rare, text)
    rules = "".join(_rule(family, WEIGHT, uri) for family, uri in subsets)
    declared = CSS(string=_common_rules() + rules, font_config=configuration)
    return Fonts(configuration, declared, (SERIF, *(family for family, _uri in subsets)))


@cache
def _common() -> Fonts:
    """Return the bundled fonts. Cached: reading them takes half the time of rendering a certificate."""
    configuration = FontConfiguration()
    return Fonts(configuration, CSS(string=_common_rules(), font_config=configuration), (SERIF,))


def _common_rules() -> str:
    return "".join(_rule(family, weight, Path(path).as_uri()) for (family, weight), path in FACES.items())


def _rule(family: str, weight: int, uri: str) -> str:
    return f'@font-face {{ font-family: "{family}"; font-weight: {weight}; src: url("{uri}"); }}\n'


def _subset_faces(rare: set[int], text: str) -> list[tuple[str, str]]:
    """Return the families with any of the code points `rare`, each with its subset as a data: URL."""
    with _subset_lock:
        return [
            (family, _subset_font(path, text))
            for family, path in FALLBACK_FACES.items()
            if rare & code_points_of(str(path))
        ]


def _subset_font(path: Path, text: str) -> str:
    """Return a subset with the characters of `text` and their ligatures, in one weight. About 50 ms; 500 ms for CJK."""
    options = subset.Options(layout_features=["*"], hinting=False, notdef_outline=True)
    options.drop_tables += ["MVAR", "STAT"]
    font = TTFont(path, lazy=True, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=text)
    subsetter.subset(font)
    if "fvar" in font:
        axes = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes}
        font = instantiateVariableFont(font, {**axes, "wght": WEIGHT}, static=True)
    output = BytesIO()
    font.save(output)
    return "data:font/sfnt;base64," + base64.b64encode(output.getvalue()).decode()
