"""Conversion of TeX formulas to MathML, which browsers render and screen readers support."""

import re
from xml.etree import ElementTree as Xml

from latex2mathml.converter import convert

# Environments that latex2mathml does not know, and those that render the same.
ENVIRONMENTS = {
    "aligned": "align*", "flalign": "align*", "flalign*": "align*", "gathered": "matrix", "gather": "matrix",
    "gather*": "matrix", "multline": "matrix", "multline*": "matrix", "equation": "matrix", "equation*": "matrix",
}  # fmt: skip
ENVIRONMENT = re.compile(r"\\(begin|end)\{([a-z]+\*?)\}")
MAX_LENGTH = 2_000
MAX_DEPTH = 40
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
    r"""Return a TeX formula as MathML, as a block if `block` is set; None if it is not a valid formula.

    latex2mathml does not sanitize text and attributes. Its output is therefore parsed as XML and serialized again with
    the elements and attributes above only: no links, classes or styles, and no markup from a `\text{}`.
    """
    if len(formula) > MAX_LENGTH or _depth(formula) > MAX_DEPTH:
        return None
    formula = ENVIRONMENT.sub(_translate_environment, formula)
    try:
        root = Xml.fromstring(convert(formula, display="block" if block else "inline"))  # noqa: S314  # see below
    except Exception:
        # latex2mathml raises arbitrary exceptions for invalid input. Its output cannot define entities: a document type
        # declaration could only appear inside an element, where it is a syntax error.
        return None
    return Xml.tostring(root, encoding="unicode") if _sanitize(root) else None


def _translate_environment(match: re.Match[str]) -> str:
    return f"\\{match[1]}{{{ENVIRONMENTS.get(match[2], match[2])}}}"


def _depth(formula: str) -> int:
    """Return the nesting depth of the braces. It must be limited, because latex2mathml is recursive."""
    depth = deepest = 0
    for character in formula:
        depth += (character == "{") - (character == "}")
        deepest = max(deepest, depth)
    return deepest


def _sanitize(root: Xml.Element) -> bool:
    """Remove the attributes that are not allowed; return whether all elements are allowed."""
    for element in root.iter():
        element.tag = element.tag.removeprefix(NAMESPACE)
        if element.tag not in TAGS:
            return False
        for name in set(element.attrib) - ATTRIBUTES:
            del element.attrib[name]
    return True
