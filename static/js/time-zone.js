// The time zone of the browser: fills the hidden fields of the login and registration forms, and asks logged-in users
// once for each time zone whether their profile should use it.

const KEPT = "time-zone-kept";
const current = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

/** Return the browser's own name of a time zone, since some have several names. */
function canonical(name) {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return name; // unknown to this browser
  }
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? [];
  } catch {
    return [];
  }
}

function keep() {
  try {
    localStorage.setItem(KEPT, JSON.stringify([...kept(), current]));
  } catch {
    // Storage is unavailable; the question returns on the next page.
  }
}

function ask(bar) {
  bar.querySelector("[data-this-page]").value = location.pathname + location.search;
  for (const place of bar.querySelectorAll("[data-current-zone]")) {
    place.textContent = current.replaceAll("_", " ");
  }
  bar.querySelector("[data-keep-zone]").addEventListener("click", () => {
    keep();
    bar.hidden = true;
  });
  bar.hidden = false;
}

for (const field of document.querySelectorAll("input[data-time-zone]")) field.value = current;
const bar = document.querySelector("[data-zone-bar]");
const isAttempt = document.querySelector("[data-quiz]") !== null;
if (bar && current && !isAttempt && canonical(bar.dataset.zoneBar) !== canonical(current) && !kept().includes(current)) {
  ask(bar);
}
