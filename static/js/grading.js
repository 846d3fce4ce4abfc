// Keyboard shortcuts for grading: "g" points, "f" feedback, Ctrl+Enter submits, "j" next and "k" previous submission.

const form = document.querySelector("form[data-grade]");

function isTyping(target) {
  return target.closest("input:not([type=file]), textarea, select, [contenteditable]") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit(form.querySelector('button[value="release"]'));
    return;
  }
  if (event.key === "Escape" && isTyping(event.target)) event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const act = {
    g: () => form.elements.grade.select(),
    f: () => form.elements.feedback.focus(),
    j: () => document.querySelector("[data-next]")?.click(),
    k: () => document.querySelector("[data-previous]")?.click(),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
