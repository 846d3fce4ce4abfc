// Drafts of the lesson form: saved in the browser at each input, and on the server shortly after. The copy in the
// browser is deleted when the server has acknowledged it, and restored when the page is opened before that.

const SENT = "draft-sent";
const SAVE_DELAY = 1500;
const RETRY_DELAY = 5000;
const EXCLUDED_FIELDS = new Set(["csrfmiddlewaretoken", "version"]);
const form = document.querySelector("form[data-draft]");
const state = document.querySelector("[data-draft-state]");

let timer = 0;
let inputVersion = 0;

function storageKey(path) {
  return `draft:${path}`;
}

function serializeForm() {
  return JSON.stringify([...new FormData(form)].filter(([name]) => !EXCLUDED_FIELDS.has(name)));
}

function saveInBrowser() {
  try {
    localStorage.setItem(storageKey(form.dataset.draft), serializeForm());
  } catch {
    // Storage is full or unavailable; the draft is saved on the server only.
  }
}

function removeFromBrowser(path) {
  try {
    localStorage.removeItem(storageKey(path));
  } catch {
    // Storage is unavailable, so there is no copy.
  }
}

function showState(name, time = "") {
  const text = name ? state.dataset[name].replace("{time}", time) : "";
  if (state.textContent !== text) state.textContent = text;
}

function scheduleSave(delay) {
  clearTimeout(timer);
  timer = setTimeout(saveOnServer, delay);
}

/** Save the draft on the server; remove it from the browser if there was no input meanwhile. */
async function saveOnServer() {
  const sentVersion = inputVersion;
  showState("saving");
  try {
    const body = new FormData(form);
    const response = await fetch(form.dataset.draftKeep, { method: "POST", body, redirect: "manual" });
    if (response.ok) {
      const { saved_at: time } = await response.json();
      showState("kept", time);
      if (sentVersion === inputVersion) removeFromBrowser(form.dataset.draft);
      return;
    }
    showState(response.status >= 500 ? "offline" : "closed");
  } catch {
    showState("offline");
  }
  scheduleSave(RETRY_DELAY);
}

/** Remove the submitted draft if this is another page: a successful save redirects there. */
function removeSubmittedDraft() {
  const sent = sessionStorage.getItem(SENT);
  if (sent && sent !== form?.dataset.draft) removeFromBrowser(sent);
  sessionStorage.removeItem(SENT);
}

function fillIn(pairs) {
  const values = new Map(pairs);
  for (const field of form.elements) {
    if (!field.name || EXCLUDED_FIELDS.has(field.name)) continue;
    if (field.type === "checkbox") field.checked = values.has(field.name);
    else if (values.has(field.name)) field.value = values.get(field.name);
  }
  form.elements.content.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

function restore(notice) {
  const stored = localStorage.getItem(storageKey(form.dataset.draft));
  const fromServer = serializeForm();
  if (stored === null || stored === fromServer) return;
  const pairs = JSON.parse(stored);
  notice.hidden = false;
  notice.querySelector("[data-draft-discard]").addEventListener("click", () => {
    fillIn(JSON.parse(fromServer));
    removeFromBrowser(form.dataset.draft);
    notice.hidden = true;
    form.elements.content.focus();
  });
  fillIn(pairs);
}

function watch() {
  form.addEventListener("input", () => {
    inputVersion += 1;
    saveInBrowser();
    scheduleSave(SAVE_DELAY);
  });
  form.addEventListener(
    "submit",
    (event) => {
      if (!navigator.onLine) {
        event.preventDefault();
        event.stopImmediatePropagation();
        saveInBrowser();
        showState("refused");
        return;
      }
      clearTimeout(timer);
      saveInBrowser();
      sessionStorage.setItem(SENT, form.dataset.draft);
    },
    true,
  );
  window.addEventListener("offline", () => showState("offline"));
  window.addEventListener("online", () => scheduleSave(0));
}

try {
  removeSubmittedDraft();
} catch {
  // Storage is unavailable; the form works without drafts in the browser.
}
if (form) {
  watch();
  try {
    restore(document.querySelector("[data-draft-notice]"));
  } catch {
    removeFromBrowser(form.dataset.draft); // Storage is unavailable, or its content is invalid.
  }
}
