"""Formulas written in TeX as MathML, which browsers draw themselves and screen readers read."""

from xml.etree import ElementTree as Xml

from latex2mathml.converter import convert

LONGEST = 2_000
DEEPEST = 40
NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
TAGS = {
    "math", "menclose", "mfenced", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom", "mroot",
    "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder",
    "munderover",
}  # fmt: skip
ATTRIBUTES = {
    "accent", "columnalign", "columnspacing", "depth", "display", "displaystyle", "fence", "form", "height",
    "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "notation", "rowspacing", "rspace",
    "scriptlevel", "separator", "stretchy", "symmetric", "voffset", "width",
}  # fmt: skip


def to_mathml(formula: str, *, block: bool = False) -> str | None:
    """Return a TeX formula as MathML, on a line of its own where `block`; None for what is no formula.

    The converter passes text and attributes through as they are, so its answer is read as XML and written anew with
    nothing but the elements and attributes above: no link, no class, no style, no markup out of a `\\text{}`.
    """
    if len(formula) > LONGEST or _depth(formula) > DEEPEST:
        return None
    try:
        root = Xml.fromstring(convert(formula, display="block" if block else "inline"))  # noqa: S314  # see below
    except Exception:
        # The converter raises whatever it stumbles over. What it lets through holds no document type, hence no
        # entities: the declaration could only stand inside an element, where it is an error.
        return None
    return Xml.tostring(root, encoding="unicode") if _allowed(root) else None


def _depth(formula: str) -> int:
    """Return how deep the braces nest: the converter works by recursion."""
    depth = deepest = 0
    for sign in formula:
        depth += (sign == "{") - (sign == "}")
        deepest = max(deepest, depth)
    return deepest


def _allowed(root: Xml.Element) -> bool:
    """Take from every element what is not on the lists; return whether all elements are."""
    for element in root.iter():
        element.tag = element.tag.removeprefix(NAMESPACE)
        if element.tag not in TAGS:
            return False
        for name in set(element.attrib) - ATTRIBUTES:
            del element.attrib[name]
    return True
