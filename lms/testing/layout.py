"""Whether a page fits where it is shown: nothing reaches over the edge, no words are cut off."""

from typing import NamedTuple

from playwright.sync_api import Page

# What reaches over an edge, where the page can be scrolled sideways.
SIDEWAYS = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return "";
  const over = (one) => {
    const { left, right, width } = one.getBoundingClientRect();
    return width > 2 && (right > clientWidth + 1 || left < -1) && one.checkVisibility();
  };
  const wide = [...document.querySelectorAll("main *, body *")].find(over);
  return `${scrollWidth} px wide: <${wide?.tagName.toLowerCase()} class="${wide?.className}">`;
}"""
# Words that the box around them hides. What ends in three dots, scrolls, or is only said and not shown is meant so.
CUT = """() => {
  const hides = (value) => value === "hidden" || value === "clip";
  const scrolls = (value) => value === "auto" || value === "scroll";
  const isMeant = (style) =>
    style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none" || style.clipPath !== "none" ||
    scrolls(style.overflowX) || scrolls(style.overflowY);
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const around = document.createRange();
  while (words.nextNode()) {
    const parent = words.currentNode.parentElement;
    if (!words.currentNode.data.trim() || !parent.checkVisibility() || parent.closest("select, script")) continue;
    around.selectNodeContents(words.currentNode);
    const text = around.getBoundingClientRect();
    for (let box = parent; text.width > 2 && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (isMeant(style)) break;
      const edge = box.getBoundingClientRect();
      const beside = hides(style.overflowX) && (text.right > edge.right + 2 || text.left < edge.left - 2);
      const below = hides(style.overflowY) && (text.bottom > edge.bottom + 3 || text.top < edge.top - 3);
      const cut = words.currentNode.data.trim();
      if (beside || below) return `<${box.tagName.toLowerCase()} class="${box.className}"> cuts “${cut}”`;
    }
  }
  return "";
}"""


class Shown(NamedTuple):
    """How wide a window is, and which way its words run."""

    width: int
    direction: str = "ltr"


# 640 px is what is left of a desk's 1280 at 200 % zoom.
SHAPES = (Shown(320), Shown(640), Shown(900), Shown(2560), Shown(320, "rtl"), Shown(1280, "rtl"))


def misfits(page: Page, shapes: tuple[Shown, ...] = SHAPES) -> list[str]:
    """Return what does not fit, in each of these windows; the page is not loaded anew."""
    found = []
    for width, direction in shapes:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("way => (document.documentElement.dir = way)", direction)
        found += [f"{width} px, {direction}: {fault}" for look in (SIDEWAYS, CUT) if (fault := page.evaluate(look))]
    return found
