// Nothing typed is lost: the lesson's form is kept in this browser at each key, and on the server a moment later.
// What the server has acknowledged is forgotten here; what it has not is found again when the page is opened.

const SENT = "draft-sent";
const KEEP_AFTER = 1500;
const TRY_AGAIN_AFTER = 5000;
const NOT_TYPED = new Set(["csrfmiddlewaretoken", "version"]);
const form = document.querySelector("form[data-draft]");
const state = document.querySelector("[data-draft-state]");

let timer = 0;
let typing = 0;

function storageKey(path) {
  return `draft:${path}`;
}

function typed() {
  return JSON.stringify([...new FormData(form)].filter(([name]) => !NOT_TYPED.has(name)));
}

function keepHere() {
  try {
    localStorage.setItem(storageKey(form.dataset.draft), typed());
  } catch {
    // No room, or no storage: the server keeps it alone.
  }
}

function forget(path) {
  try {
    localStorage.removeItem(storageKey(path));
  } catch {
    // There is nothing to forget.
  }
}

function say(what, time = "") {
  const sentence = what ? state.dataset[what].replace("{time}", time) : "";
  if (state.textContent !== sentence) state.textContent = sentence;
}

function later(wait) {
  clearTimeout(timer);
  timer = setTimeout(keepThere, wait);
}

/** Give the server what is typed; until it has answered, this browser keeps it. */
async function keepThere() {
  const sent = typing;
  say("saving");
  try {
    const answer = await fetch(form.dataset.draftKeep, { method: "POST", body: new FormData(form), redirect: "manual" });
    if (answer.ok) {
      const { saved_at: time } = await answer.json();
      say("kept", time);
      if (sent === typing) forget(form.dataset.draft);
      return;
    }
    say(answer.status >= 500 ? "offline" : "closed");
  } catch {
    say("offline");
  }
  later(TRY_AGAIN_AFTER);
}

/** The page after a save is another one: when we land there, the server has what was sent. */
function forgetWhatWasSaved() {
  const sent = sessionStorage.getItem(SENT);
  if (sent && sent !== form?.dataset.draft) forget(sent);
  sessionStorage.removeItem(SENT);
}

function fillIn(pairs) {
  const values = new Map(pairs);
  for (const field of form.elements) {
    if (!field.name || NOT_TYPED.has(field.name)) continue;
    if (field.type === "checkbox") field.checked = values.has(field.name);
    else if (values.has(field.name)) field.value = values.get(field.name);
  }
  form.elements.content.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

function restore(notice) {
  const kept = localStorage.getItem(storageKey(form.dataset.draft));
  const fromServer = typed();
  if (kept === null || kept === fromServer) return;
  const pairs = JSON.parse(kept);
  notice.hidden = false;
  notice.querySelector("[data-draft-discard]").addEventListener("click", () => {
    fillIn(JSON.parse(fromServer));
    forget(form.dataset.draft);
    notice.hidden = true;
    form.elements.content.focus();
  });
  fillIn(pairs);
}

function watch() {
  form.addEventListener("input", () => {
    typing += 1;
    keepHere();
    later(KEEP_AFTER);
  });
  form.addEventListener(
    "submit",
    (event) => {
      if (!navigator.onLine) {
        event.preventDefault();
        event.stopImmediatePropagation();
        keepHere();
        say("refused");
        return;
      }
      clearTimeout(timer);
      keepHere();
      sessionStorage.setItem(SENT, form.dataset.draft);
    },
    true,
  );
  window.addEventListener("offline", () => say("offline"));
  window.addEventListener("online", () => later(0));
}

try {
  forgetWhatWasSaved();
} catch {
  // Storage is closed to us; writing and saving work as ever.
}
if (form) {
  watch();
  try {
    restore(document.querySelector("[data-draft-notice]"));
  } catch {
    forget(form.dataset.draft); // Closed storage, or something that an older page wrote there.
  }
}
