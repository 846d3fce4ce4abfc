// Search dialog (Ctrl K). The server renders the results; this script requests them at each input and handles the keys.

const palette = document.querySelector("[data-palette]");
const form = palette.querySelector("form");
const input = form.elements.search;
const results = palette.querySelector("[data-results]");
const DELAY = 150; // milliseconds after the last input

let controller = null;
let timer = 0;
let previousFocus = null;

/** Load the results of the search text; return whether they are shown. */
async function loadResults() {
  controller?.abort();
  controller = new AbortController();
  const address = new URL(form.action);
  address.searchParams.set("panel", "");
  address.searchParams.set("search", input.value);
  try {
    const response = await fetch(address, { signal: controller.signal });
    if (response.ok) results.innerHTML = await response.text();
    return response.ok;
  } catch {
    return false; // aborted by a newer request, or no network
  }
}

function open() {
  if (palette.open) return;
  previousFocus = document.activeElement;
  input.value = "";
  palette.showModal();
  input.focus();
  loadResults();
}

function move(step) {
  const links = [...results.querySelectorAll("a")];
  const current = links.indexOf(document.activeElement);
  const next = current + step;
  if (next < 0) input.focus();
  else links[Math.min(next, links.length - 1)]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    open();
  }
});

palette.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  move(event.key === "ArrowDown" ? 1 : -1);
});

palette.addEventListener("click", (event) => {
  if (event.target === palette) palette.close();
});

palette.addEventListener("close", () => previousFocus?.focus());

input.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(loadResults, DELAY);
});

// Enter opens the first result; without results, the form leads to the search page.
form.addEventListener("submit", async (event) => {
  if (!input.value.trim()) return;
  event.preventDefault();
  clearTimeout(timer);
  const first = (await loadResults()) && results.querySelector("a");
  if (first) first.click();
  else form.submit();
});
