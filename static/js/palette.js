// Ctrl K: search over any page. The server finds and draws; this opens, asks while one types, and moves by arrow keys.

const palette = document.querySelector("[data-palette]");
const form = palette.querySelector("form");
const input = form.elements.search;
const results = palette.querySelector("[data-results]");
const PAUSE = 150;

let asking = null;
let waiting = 0;
let cameFrom = null;

/** Ask for what goes with the words; returns whether that is what is shown now. */
async function ask() {
  asking?.abort();
  asking = new AbortController();
  const address = new URL(form.action);
  address.searchParams.set("panel", "");
  address.searchParams.set("search", input.value);
  try {
    const answer = await fetch(address, { signal: asking.signal });
    if (answer.ok) results.innerHTML = await answer.text();
    return answer.ok;
  } catch {
    return false; // a newer question took its place, or there is no network
  }
}

function open() {
  if (palette.open) return;
  cameFrom = document.activeElement;
  input.value = "";
  palette.showModal();
  input.focus();
  ask();
}

function move(step) {
  const links = [...results.querySelectorAll("a")];
  const here = links.indexOf(document.activeElement);
  const next = here + step;
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

palette.addEventListener("close", () => cameFrom?.focus());

input.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(ask, PAUSE);
});

// The first of what is found is what one most likely means; without any, the form leads to the page of results.
form.addEventListener("submit", async (event) => {
  if (!input.value.trim()) return;
  event.preventDefault();
  clearTimeout(waiting);
  const first = (await ask()) && results.querySelector("a");
  if (first) first.click();
  else form.submit();
});
