// What a student types is kept on the server a moment later; handing in is another matter.

const KEEP_AFTER = 1500;
const form = document.querySelector("form[data-keep]");
const state = document.querySelector("[data-keep-state]");
let timer = 0;

async function keep() {
  const body = new FormData();
  for (const name of ["csrfmiddlewaretoken", "content"]) body.set(name, form.elements[name].value);
  try {
    const answer = await fetch(form.dataset.keep, { method: "POST", body, redirect: "manual" });
    if (!answer.ok) throw new Error(String(answer.status));
    const { saved_at: time } = await answer.json();
    state.textContent = state.dataset.kept.replace("{time}", time);
  } catch {
    state.textContent = state.dataset.offline;
    timer = setTimeout(keep, 5 * KEEP_AFTER);
  }
}

form?.elements.content.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(keep, KEEP_AFTER);
});
form?.addEventListener("submit", () => clearTimeout(timer));
