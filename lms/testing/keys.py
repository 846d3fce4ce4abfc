"""Somebody at the keyboard, who has no mouse and must see where they are."""

from typing import Any

from playwright.sync_api import Locator, Page

MOST_TABS = 150
# What is wrong with the focus as a person sees it: it has no mark, it stands outside the window, or something lies on
# it (WCAG 2.4.7 and 2.4.11). The mark of a field may be on the label that draws it, a link's on the card that it opens.
FAULT = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return "";
  const said = focused.ariaLabel ?? focused.innerText ?? "";
  const name = `<${focused.tagName.toLowerCase()}> “${said.trim().slice(0, 60)}”`;
  const outlined = (one) => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  const around = [focused.closest("label"), focused.closest("article")];
  const drawn = [focused, ...(focused.labels ?? []), ...around].filter(Boolean);
  const seen = drawn.find((one) => one.getBoundingClientRect().width > 2 && outlined(one));
  if (!seen) return `${name} has the focus, and nothing shows it`;
  const box = seen.getBoundingClientRect();
  const above = box.bottom <= 0 || box.right <= 0;
  if (above || box.top >= innerHeight || box.left >= innerWidth) return `${name} is out of sight`;
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


class Keys:
    """Works a page with its keys alone; notes every stop of Tab at which the focus cannot be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []

    def press(self, *keys: str) -> None:
        """Press keys, one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.page.keyboard.type(text)

    def to(self, role: Any, name: str) -> None:
        """Press Tab until the focus stands on what is called `name`; raise AssertionError when it never does."""
        self.reach(self.page.get_by_role(role, name=name, exact=True), f"the {role} “{name}”")

    def reach(self, wanted: Locator, called: str) -> None:
        """Press Tab until the focus stands on one of these."""
        wanted.first.wait_for()
        for _press in range(MOST_TABS):
            if any(one.evaluate("element => element === document.activeElement") for one in wanted.all()):
                return
            self.press("Tab")
            self._look()
        raise AssertionError(f"Tab never reaches {called}.")

    def unfold(self, name: str) -> None:
        """Open what is folded under `name`; at a desk's width it may stand open anyway."""
        fold = self.page.locator("summary:visible").filter(has_text=name)
        if fold.count():
            self.reach(fold, f"the fold “{name}”")
            self.press("Enter")

    def open(self, role: Any, name: str) -> None:
        """Go to what is called `name` and press Enter there."""
        self.to(role, name)
        self.press("Enter")

    def follow(self, text: str) -> None:
        """Go to the link that has this text, whatever else it says, and press Enter there."""
        self.reach(self.page.get_by_role("link").filter(has_text=text), f"the link with “{text}”")
        self.press("Enter")

    def fill(self, name: str, text: str) -> None:
        """Go to a field and type."""
        self.to("textbox", name)
        self.type(text)

    def _look(self) -> None:
        fault: str = self.page.evaluate(FAULT)
        if fault and fault not in self.faults:
            self.faults.append(fault)
