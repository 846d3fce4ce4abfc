// What every page does with a script, and can do without: menus that close, dialogs as modals, the colours' switch,
// the error summary's focus, forms that are sent once, "/" for search.

import { hold, releaseAll } from "./form-guard.js";

const root = document.documentElement;

function chosenTheme() {
  return root.dataset.theme ?? "";
}

function showTheme() {
  for (const button of document.querySelectorAll("[data-theme-switch] button")) {
    button.setAttribute("aria-pressed", String(button.value === chosenTheme()));
  }
}

function chooseTheme(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  try {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
  } catch {
    // Kept for this page only.
  }
  showTheme();
}

/** Say that there is no network, while there is none; what waits for it, unsent.js says. */
function tellNetwork() {
  document.querySelector(".offline [data-offline]").hidden = navigator.onLine;
}

function openMenu() {
  return document.querySelector("details[data-menu][open]");
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
}

function openDialog(link) {
  const dialog = document.querySelector(link.hash);
  dialog.showModal();
  dialog.addEventListener("close", () => link.focus(), { once: true });
}

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

document.addEventListener("click", (event) => {
  const { target } = event;
  closeMenus(target.closest("details[data-menu]"));
  const theme = target.closest("[data-theme-switch] button");
  if (theme) chooseTheme(theme.value);
  const opener = target.closest("a[data-dialog]");
  if (opener) {
    event.preventDefault();
    openDialog(opener);
  }
  const closer = target.closest("[data-dialog-close]");
  if (closer && closer.closest("dialog").open) {
    event.preventDefault();
    closer.closest("dialog").close();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && openMenu()) {
    const summary = openMenu().querySelector("summary");
    closeMenus();
    summary.focus();
  }
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) {
    const search = document.querySelector("[data-search]");
    if (search.checkVisibility()) {
      event.preventDefault();
      search.focus();
    }
  }
});

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches("[data-once]")) return;
  if (!hold(event.target, event.submitter)) event.preventDefault();
});

// The browser may restore the page on "back" with its forms as they were.
window.addEventListener("pageshow", releaseAll);

/** Code and tables that are wider than their box scroll by keyboard, too. */
function reachByKeyboard() {
  for (const box of document.querySelectorAll(".prose pre, .prose table")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}

showTheme();
tellNetwork();
window.addEventListener("online", tellNetwork);
window.addEventListener("offline", tellNetwork);
reachByKeyboard();
window.addEventListener("resize", reachByKeyboard);
document.addEventListener("htmx:afterSettle", reachByKeyboard);
document.querySelector("[data-takes-focus]")?.focus();
// On a phone the tab that one is on may lie beyond the edge.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
