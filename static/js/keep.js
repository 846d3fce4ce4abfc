// Save the draft of a submission on the server shortly after each input, without submitting it.

const SAVE_DELAY = 1500;
const form = document.querySelector("form[data-keep]");
const state = document.querySelector("[data-keep-state]");
let timer = 0;

async function saveDraft() {
  const body = new FormData();
  for (const name of ["csrfmiddlewaretoken", "content"]) body.set(name, form.elements[name].value);
  try {
    const response = await fetch(form.dataset.keep, { method: "POST", body, redirect: "manual" });
    if (!response.ok) throw new Error(String(response.status));
    const { saved_at: time } = await response.json();
    state.textContent = state.dataset.kept.replace("{time}", time);
  } catch {
    state.textContent = state.dataset.offline;
    timer = setTimeout(saveDraft, 5 * SAVE_DELAY);
  }
}

form?.elements.content.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(saveDraft, SAVE_DELAY);
});
form?.addEventListener("submit", () => clearTimeout(timer));
