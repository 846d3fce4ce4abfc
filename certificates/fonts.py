"""The typefaces of a certificate: bundled, so that it looks the same on every machine.

Source Serif and Manrope set Latin, Greek and Cyrillic. A name in another script gets, for its own signs only, a small
face cut from a Noto font: the whole fonts weigh 20 MB, and their variable outlines cost seconds to fix.
"""

import base64
import threading
from functools import cache
from io import BytesIO
from pathlib import Path

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

FACES = {
    ("Certificate Serif", 400): font_source_serif_pro.SourceSerifPro,
    ("Certificate Serif", 600): font_source_serif_pro.SourceSerifProSemibold,
    ("Certificate Sans", 500): font_manrope.ManropeMedium,
    ("Certificate Sans", 700): font_manrope.ManropeBold,
}
WEIGHT = 600  # of what people write on it: names and titles

# fontTools' cutter keeps state between its passes; two threads that cut at once would share it.
_one_at_a_time = threading.Lock()


def _file(package_file: str, pattern: str) -> Path:
    """Return the one font file of a package that `pattern` names."""
    return next(Path(package_file).parent.glob(pattern))


# By the family that certificate.css names after Source Serif, in that order.
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


def configuration_for(text: str) -> tuple[FontConfiguration, list[CSS]]:
    """Return the fonts that set `text`, with the styles that declare them; the same ones for every common text."""
    rare = {ord(sign) for sign in text} - common_signs()
    if not rare:
        return _common()
    fonts = FontConfiguration()
    rules = [_rule(family, WEIGHT, uri) for family, uri in _cut_faces(rare, text)]
    return fonts, [CSS(string=_common_rules() + "".join(rules), font_config=fonts)]


@cache
def _common() -> tuple[FontConfiguration, list[CSS]]:
    """Return the certificate's own typefaces; reading them anew for each certificate would cost half its time."""
    fonts = FontConfiguration()
    return fonts, [CSS(string=_common_rules(), font_config=fonts)]


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
