"""Layout checks: no horizontal scrolling of the page and no clipped text."""

from typing import NamedTuple

from playwright.sync_api import Page

# Returns the first element beyond the edge if the page scrolls horizontally.
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
# Returns the first text that its box clips. Ellipses, scrolling boxes and visually hidden texts are intended.
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


class Viewport(NamedTuple):
    """The width of a window in pixels and its text direction."""

    width: int
    direction: str = "ltr"


# 640 px is the width of a 1280 px window at 200 % zoom.
VIEWPORTS = (Viewport(320), Viewport(640), Viewport(900), Viewport(2560), Viewport(320, "rtl"), Viewport(1280, "rtl"))


def find_layout_faults(page: Page, shapes: tuple[Viewport, ...] = VIEWPORTS) -> list[str]:
    """Return the layout faults of the page in each viewport; the page is not reloaded."""
    found = []
    for width, direction in shapes:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("value => (document.documentElement.dir = value)", direction)
        found += [f"{width} px, {direction}: {fault}" for script in (SIDEWAYS, CUT) if (fault := page.evaluate(script))]
    return found
