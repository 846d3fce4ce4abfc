// Nothing typed into a form is lost: it is kept in this tab at each key until the site has taken it. A form sent without
// a network is held, and sent again at a press when there is one. What keeps its text itself (lessons, quizzes, the
// chat) is left alone, and so is what has a password in it.

const COOKIE = "unsent";
const NOT_TYPED = new Set(["hidden", "file", "submit", "button", "select-multiple"]);
const SECRET = '[type="password"], [autocomplete="one-time-code"]';
const forms = [...document.querySelectorAll("form[data-once]")].filter(isOurs);
const notes = document.querySelector(".offline");
const template = document.querySelector("template[data-kept-form]");
let held = null;

function isOurs(form) {
  return !("draft" in form.dataset) && !form.querySelector(SECRET) && fields(form).length > 0;
}

function fields(form) {
  return [...form.elements].filter(({ name, type, tagName }) => name && tagName !== "FIELDSET" && !NOT_TYPED.has(type));
}

function keyOf(form) {
  return `form:${document.body.dataset.live}:${location.pathname}:${forms.indexOf(form)}`;
}

function isTicked({ type }) {
  return type === "checkbox" || type === "radio";
}

function typed(form) {
  return JSON.stringify(fields(form).map((field) => (isTicked(field) ? field.checked : field.value)));
}

/** Keep what is typed; with the number under which it is being sent, where it is. */
function keep(form, number = "") {
  try {
    sessionStorage.setItem(keyOf(form), JSON.stringify({ typed: typed(form), number }));
  } catch {
    // No storage: the page keeps it alone.
  }
}

/** Send a number along, which the site takes back with its answer. */
function newNumber() {
  const number = `${Date.now()}-${Math.random()}`;
  document.cookie = `${COOKIE}=${number}; path=/; samesite=lax`;
  return number;
}

function fill(form, values) {
  fields(form).forEach((field, place) => {
    if (isTicked(field)) field.checked = values[place];
    else field.value = values[place];
  });
}

/** What the site has taken is forgotten; what it has not waits for its form to be opened again. */
function forgetWhatWasTaken() {
  const [, open = ""] = document.cookie.match(`(?:^|; )${COOKIE}=([^;]*)`) ?? [];
  for (const key of Object.keys(sessionStorage).filter((name) => name.startsWith("form:"))) {
    const kept = JSON.parse(sessionStorage.getItem(key));
    if (kept.number && kept.number !== open) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify({ ...kept, number: "" }));
  }
  if (open) document.cookie = `${COOKIE}=; path=/; samesite=lax; max-age=0`;
}

function restore(form) {
  const kept = sessionStorage.getItem(keyOf(form));
  const before = typed(form);
  if (kept === null) return;
  const values = JSON.parse(kept).typed;
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

/** Say of a form that is held why it waits, or that it can go. */
function tellHeld() {
  notes.querySelector("[data-unsent]").hidden = !held || navigator.onLine;
  notes.querySelector("[data-back]").hidden = !held || !navigator.onLine;
}

document.addEventListener(
  "submit",
  (event) => {
    const { target: form, submitter } = event;
    if (!forms.includes(form)) return;
    keep(form, navigator.onLine ? newNumber() : "");
    if (navigator.onLine) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    held = { form, submitter };
    tellHeld();
  },
  true,
);
notes.querySelector("[data-send]").addEventListener("click", () => {
  const { form, submitter } = held;
  held = null;
  tellHeld();
  form.requestSubmit(submitter);
});
for (const form of forms) form.addEventListener("input", () => keep(form));
window.addEventListener("online", tellHeld);
window.addEventListener("offline", tellHeld);
tellHeld();
try {
  forgetWhatWasTaken();
  forms.forEach(restore);
} catch {
  // Closed storage, or something that an older page wrote there.
}
