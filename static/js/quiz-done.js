// An attempt that is over. Answers that this browser still keeps and that are not among those handed in are told
// plainly, and stay readable here until the person forgets them.

import { isSame } from "./quiz-answers.js";
import { forget, kept, list } from "./quiz-kept.js";

const head = document.querySelector("[data-quiz-done]");
const attempt = head.dataset.quizDone;

async function handedIn() {
  const response = await fetch(head.dataset.api);
  if (!response.ok) throw new Error(String(response.status));
  return (await response.json()).answers;
}

function tellLost() {
  const lost = [...kept(attempt).values()];
  const section = document.querySelector("[data-lost]");
  list(section.querySelector("[data-lost-list]"), lost);
  section.hidden = !lost.length;
  if (lost.length) section.focus();
}

async function compare() {
  try {
    const answers = await handedIn();
    for (const [id, entry] of kept(attempt)) if (isSame(entry.answer, answers[id])) forget(attempt, id);
  } catch {
    // Offline: everything stays, and is told; the next look compares.
  }
  tellLost();
}

document.querySelector("[data-lost-forget]").addEventListener("click", () => {
  for (const id of kept(attempt).keys()) forget(attempt, id);
  tellLost();
});
try {
  localStorage.removeItem(`quiz-flags:${attempt}`);
} catch {
  // There was nothing to forget.
}
if (kept(attempt).size) compare();
