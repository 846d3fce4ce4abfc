// Scripts of every page, none of them required: closing menus, modal dialogs, the color scheme switch, the focus of the
// error summary, protection against double submits, copy buttons, and "/" for search.

import { hold, releaseAll } from "./form-guard.js";

const root = document.documentElement;

function currentTheme() {
  return root.dataset.theme ?? "";
}

function showTheme() {
  for (const button of document.querySelectorAll("[data-theme-switch] button")) {
    button.setAttribute("aria-pressed", String(button.value === currentTheme()));
  }
}

function chooseTheme(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  try {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
  } catch {
    // Storage is unavailable; the choice applies to this page only.
  }
  showTheme();
}

/** Show the offline message while there is no network; unsent.js shows messages about unsent forms. */
function updateOfflineMessage() {
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

/** Copy the value of the field that `data-copy` names, and show the text of `data-copied` on the button. */
async function copyField(button) {
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
  button.querySelector("span").textContent = button.dataset.copied;
}

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

document.addEventListener("click", (event) => {
  const { target } = event;
  closeMenus(target.closest("details[data-menu]"));
  const theme = target.closest("[data-theme-switch] button");
  if (theme) chooseTheme(theme.value);
  const copier = target.closest("[data-copy]");
  if (copier) copyField(copier);
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

/** Make overflowing code blocks and tables focusable, so that they can be scrolled by keyboard. */
function makeScrollable() {
  for (const box of document.querySelectorAll(".prose pre, .prose table")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}

/** After a redirect to an anchor, the messages at the top of the page are out of sight: show them at the anchor. */
function showMessagesAtAnchor() {
  const messages = document.querySelector(".messages");
  const place = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!messages || !place) return;
  messages.classList.remove("page");
  messages.tabIndex = -1;
  place.before(messages);
  messages.focus();
}

showTheme();
showMessagesAtAnchor();
updateOfflineMessage();
window.addEventListener("online", updateOfflineMessage);
window.addEventListener("offline", updateOfflineMessage);
makeScrollable();
window.addEventListener("resize", makeScrollable);
document.addEventListener("htmx:afterSettle", makeScrollable);
document.querySelector("[data-takes-focus]")?.focus();
if (navigator.clipboard) for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
// On phones the current tab may be outside the visible area.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
