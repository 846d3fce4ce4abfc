"""Keyboard-only use of a page, with checks that the focus is visible at each step."""

from typing import Any

from playwright.sync_api import Locator, Page

MOST_TABS = 150
# Returns why the focus is not visible: no outline, outside the window, or covered by another element (WCAG 2.4.7 and
# 2.4.11). The outline of a field may be on its label, and that of a link on the card that it opens.
FAULT = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return "";
  const label = focused.ariaLabel ?? focused.innerText ?? "";
  const name = `<${focused.tagName.toLowerCase()}> “${label.trim().slice(0, 60)}”`;
  const outlined = (one) => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  const around = [focused.closest("label"), focused.closest("article")];
  const drawn = [focused, ...(focused.labels ?? []), ...around].filter(Boolean);
  const seen = drawn.find((one) => one.getBoundingClientRect().width > 2 && outlined(one));
  if (!seen) return `${name} has the focus without a visible outline`;
  const box = seen.getBoundingClientRect();
  const above = box.bottom <= 0 || box.right <= 0;
  if (above || box.top >= innerHeight || box.left >= innerWidth) return `${name} is outside the window`;
  const inside = (value, most) => Math.min(Math.max(value, 1), most - 1);
  const points = [[0.5, 0.5], [0.1, 0.2], [0.9, 0.2], [0.1, 0.8], [0.9, 0.8]].map(([x, y]) => [
    inside(box.left + x * box.width, innerWidth),
    inside(box.top + y * box.height, innerHeight),
  ]);
  const free = points.some(([x, y]) => {
    const hit = document.elementFromPoint(x, y);
    return hit && (seen.contains(hit) || hit.contains(seen));
  });
  return free ? "" : `${name} is covered`;
}"""


class Keyboard:
    """Operates a page by keys only and collects in `faults` every Tab stop with an invisible focus."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []

    def press(self, *keys: str) -> None:
        """Press the keys one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type into the focused element."""
        self.page.keyboard.type(text)

    def focus(self, role: Any, name: str) -> None:
        """Press Tab until the element with this role and name has the focus; raise AssertionError if it never does."""
        self.reach(self.page.get_by_role(role, name=name, exact=True), f"the {role} “{name}”")

    def reach(self, wanted: Locator, called: str) -> None:
        """Press Tab until one of the elements of `wanted` has the focus; `called` describes it in the error."""
        wanted.first.wait_for()
        for _press in range(MOST_TABS):
            if any(one.evaluate("element => element === document.activeElement") for one in wanted.all()):
                return
            self.press("Tab")
            self._check_focus()
        raise AssertionError(f"Tab never reaches {called}.")

    def expand(self, name: str) -> None:
        """Open the <details> with this summary; on wide windows its summary is hidden and the content visible."""
        fold = self.page.locator("summary:visible").filter(has_text=name)
        if fold.count():
            self.reach(fold, f"the summary “{name}”")
            self.press("Enter")

    def open(self, role: Any, name: str) -> None:
        """Focus the element with this role and name and press Enter."""
        self.focus(role, name)
        self.press("Enter")

    def follow(self, text: str) -> None:
        """Focus the first link that contains this text and press Enter."""
        self.reach(self.page.get_by_role("link").filter(has_text=text), f"the link with “{text}”")
        self.press("Enter")

    def fill(self, name: str, text: str) -> None:
        """Focus the text field with this label and type."""
        self.focus("textbox", name)
        self.type(text)

    def _check_focus(self) -> None:
        fault: str = self.page.evaluate(FAULT)
        if fault and fault not in self.faults:
            self.faults.append(fault)
