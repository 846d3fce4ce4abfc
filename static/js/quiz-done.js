// A submitted attempt needs its queue and flags no more.

const id = document.querySelector("[data-quiz-done]").dataset.quizDone;
try {
  localStorage.removeItem(`quiz:${id}`);
  localStorage.removeItem(`quiz-flags:${id}`);
} catch {
  // There was nothing to forget.
}
