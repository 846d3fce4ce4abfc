"""The typefaces of a certificate: bundled, so that it looks the same on every machine.

Source Serif and Manrope set Latin, Greek and Cyrillic. A name in another script gets, for its own signs only, a small
face cut from a Noto font: the whole fonts weigh 20 MB, and their variable outlines cost seconds to fix.
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
WEIGHT = 600  # of what people write on it: names and titles

# fontTools' cutter keeps state between its passes; two threads that cut at once would share it.
_one_at_a_time = threading.Lock()


def _file(package_file: str, pattern: str) -> Path:
    """Return the one font file of a package that `pattern` names."""
    return next(Path(package_file).parent.glob(pattern))


# By the family's name, in the order in which they are asked after Source Serif.
RARE_FACES = {
    "Certificate Noto": _file(fontpkg_noto_serif.__file__, "files/NotoSerif[[]*.ttf"),
    "Certificate Arabic": _file(fontpkg_noto_sans_arabic.__file__, "files/*.ttf"),
    "Certificate Hebrew": _file(pylopdf_fonts_he.__file__, "NotoSerifHebrew*.ttf"),
    "Certificate Devanagari": _file(fontpkg_noto_sans_devanagari.__file__, "files/*.ttf"),
    "Certificate Thai": _file(fontpkg_noto_sans_thai.__file__, "files/*.ttf"),
    "Certificate CJK": _file(noto_cjk_sans_jp_regular.__file__, "*.otf"),
}


@cache
def signs_of(path: str) -> frozenset[int]:
    """Return the code points that a font file has glyphs for."""
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def common_signs() -> frozenset[int]:
    """Return the code points that the certificate's own typefaces have, in each weight."""
    return frozenset.intersection(*(signs_of(path) for path in FACES.values()))


class Fonts(NamedTuple):
    """What sets a certificate: WeasyPrint's configuration, the style that declares the faces, and the families in
    which names are set, in the order in which a sign is looked for."""

    configuration: FontConfiguration
    declared: CSS
    families: tuple[str, ...]


def fonts_for(text: str) -> Fonts:
    """Return the fonts that set `text`; the same ones for every common text. Families that it has no use for are left
    out: each costs a look at every line."""
    rare = {ord(sign) for sign in text} - common_signs()
    if not rare:
        return _common()
    configuration = FontConfiguration()
    cut = _cut_faces(rare, text)
    rules = "".join(_rule(family, WEIGHT, uri) for family, uri in cut)
    declared = CSS(string=_common_rules() + rules, font_config=configuration)
    return Fonts(configuration, declared, (SERIF, *(family for family, _uri in cut)))


@cache
def _common() -> Fonts:
    """Return the certificate's own typefaces; reading them anew for each certificate would cost half its time."""
    configuration = FontConfiguration()
    return Fonts(configuration, CSS(string=_common_rules(), font_config=configuration), (SERIF,))


def _common_rules() -> str:
    return "".join(_rule(family, weight, Path(path).as_uri()) for (family, weight), path in FACES.items())


def _rule(family: str, weight: int, uri: str) -> str:
    return f'@font-face {{ font-family: "{family}"; font-weight: {weight}; src: url("{uri}"); }}\n'


def _cut_faces(rare: set[int], text: str) -> list[tuple[str, str]]:
    """Return the families that have something of `rare`, each with its cut face as a data: address."""
    with _one_at_a_time:
        return [(family, _cut(path, text)) for family, path in RARE_FACES.items() if rare & signs_of(str(path))]


def _cut(path: Path, text: str) -> str:
    """Return a face with the signs of `text` and their joined forms, at one weight. About 50 ms; 500 ms for CJK."""
    options = subset.Options(layout_features=["*"], hinting=False, notdef_outline=True)
    options.drop_tables += ["MVAR", "STAT"]
    font = TTFont(path, lazy=True, recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(text=text)
    cutter.subset(font)
    if "fvar" in font:
        axes = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes}
        font = instantiateVariableFont(font, {**axes, "wght": WEIGHT}, static=True)
    written = BytesIO()
    font.save(written)
    return "data:font/sfnt;base64," + base64.b64encode(written.getvalue()).decode()
