// Stores the input of forms in this tab (sessionStorage) at every change until the server has accepted it. A form that
// is submitted offline is held, and can be submitted when the connection is back. Forms that store their input
// themselves (lessons, quizzes, chat) and forms with a password are excluded.

const COOKIE = "unsent";
const EXCLUDED_TYPES = new Set(["hidden", "file", "submit", "button", "select-multiple"]);
const SECRET = '[type="password"], [autocomplete="one-time-code"]';
const forms = [...document.querySelectorAll("form[data-once]")].filter(isTracked);
const notice = document.querySelector(".offline");
const template = document.querySelector("template[data-kept-form]");
let held = null;

function isTracked(form) {
  return !("draft" in form.dataset) && !form.querySelector(SECRET) && fields(form).length > 0;
}

function fields(form) {
  return [...form.elements].filter(({ name, type, tagName }) => name && tagName !== "FIELDSET" && !EXCLUDED_TYPES.has(type));
}

function keyOf(form) {
  return `form:${document.body.dataset.live}:${location.pathname}:${forms.indexOf(form)}`;
}

function isCheckable({ type }) {
  return type === "checkbox" || type === "radio";
}

function readValues(form) {
  return JSON.stringify(fields(form).map((field) => (isCheckable(field) ? field.checked : field.value)));
}

/** Store the input of a form, with the number of the request if it is being submitted. */
function store(form, number = "") {
  try {
    sessionStorage.setItem(keyOf(form), JSON.stringify({ typed: readValues(form), number }));
  } catch {
    // Storage is not available.
  }
}

/** Send a number in a cookie, which the server deletes when it has accepted the form. */
function sendNumber() {
  const number = `${Date.now()}-${Math.random()}`;
  document.cookie = `${COOKIE}=${number}; path=/; samesite=lax`;
  return number;
}

function fill(form, values) {
  fields(form).forEach((field, place) => {
    if (isCheckable(field)) field.checked = values[place];
    else field.value = values[place];
  });
}

/** Remove the input that the server has accepted. Other input is restored when its form is opened again. */
function removeAccepted() {
  const [, open = ""] = document.cookie.match(`(?:^|; )${COOKIE}=([^;]*)`) ?? [];
  for (const key of Object.keys(sessionStorage).filter((name) => name.startsWith("form:"))) {
    const stored = JSON.parse(sessionStorage.getItem(key));
    if (stored.number && stored.number !== open) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify({ ...stored, number: "" }));
  }
  if (open) document.cookie = `${COOKIE}=; path=/; samesite=lax; max-age=0`;
}

function restore(form) {
  const stored = sessionStorage.getItem(keyOf(form));
  const before = readValues(form);
  if (stored === null) return;
  const values = JSON.parse(stored).typed;
  if (values === before || JSON.parse(values).length !== JSON.parse(before).length) return;
  fill(form, JSON.parse(values));
  const note = template.content.cloneNode(true).firstElementChild;
  note.querySelector("[data-discard]").addEventListener("click", () => {
    fill(form, JSON.parse(before));
    sessionStorage.removeItem(keyOf(form));
    note.remove();
    fields(form)[0].focus();
  });
  form.before(note);
}

/** Show that a form is held while offline, or that it can be submitted now. */
function showHeld() {
  notice.querySelector("[data-unsent]").hidden = !held || navigator.onLine;
  notice.querySelector("[data-back]").hidden = !held || !navigator.onLine;
}

document.addEventListener(
  "submit",
  (event) => {
    const { target: form, submitter } = event;
    if (!forms.includes(form)) return;
    store(form, navigator.onLine ? sendNumber() : "");
    if (navigator.onLine) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    held = { form, submitter };
    showHeld();
  },
  true,
);
notice.querySelector("[data-send]").addEventListener("click", () => {
  const { form, submitter } = held;
  held = null;
  showHeld();
  form.requestSubmit(submitter);
});
for (const form of forms) form.addEventListener("input", () => store(form));
window.addEventListener("online", showHeld);
window.addEventListener("offline", showHeld);
showHeld();
try {
  removeAccepted();
  forms.forEach(restore);
} catch {
  // Storage is not available, or contains data of an older version.
}
