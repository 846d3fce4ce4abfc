// Nothing typed is lost: the lesson's text is kept in this browser until the server has it.

const SENT = "draft-sent";
const form = document.querySelector("form[data-draft]");

function storageKey(path) {
  return `draft:${path}`;
}

function keep(text) {
  try {
    localStorage.setItem(storageKey(form.dataset.draft), text);
  } catch {
    // No room, or no storage: the page works on without.
  }
}

function forget(path) {
  localStorage.removeItem(storageKey(path));
}

function tellOthers(textarea) {
  textarea.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

/** The page after a save is another one: when we land there, the server has what was sent. */
function forgetWhatWasSaved() {
  const sent = sessionStorage.getItem(SENT);
  if (sent && sent !== form?.dataset.draft) forget(sent);
  sessionStorage.removeItem(SENT);
}

function restore(textarea, notice) {
  const kept = localStorage.getItem(storageKey(form.dataset.draft));
  if (kept === null || kept === textarea.value) return;
  const fromServer = textarea.value;
  textarea.value = kept;
  notice.hidden = false;
  notice.querySelector("[data-draft-discard]").addEventListener("click", () => {
    textarea.value = fromServer;
    forget(form.dataset.draft);
    notice.hidden = true;
    textarea.focus();
    tellOthers(textarea);
    forget(form.dataset.draft);
  });
}

function watch(textarea) {
  textarea.addEventListener("input", () => keep(textarea.value));
  form.addEventListener("submit", () => sessionStorage.setItem(SENT, form.dataset.draft));
}

try {
  forgetWhatWasSaved();
  if (form) {
    const textarea = form.querySelector('textarea[name="content"]');
    restore(textarea, document.querySelector("[data-draft-notice]"));
    watch(textarea);
  }
} catch {
  // Storage is closed to us; writing and saving work as ever.
}
