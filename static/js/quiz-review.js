// The page of a submitted attempt. Lists the answers that are stored in this browser and were not submitted, until the
// student deletes them.

import { isSame } from "./quiz-answers.js";
import { listEntries, loadEntries, removeEntry } from "./quiz-storage.js";

const head = document.querySelector("[data-quiz-done]");
const attempt = head.dataset.quizDone;

async function fetchSubmitted() {
  const response = await fetch(head.dataset.api);
  if (!response.ok) throw new Error(String(response.status));
  return (await response.json()).answers;
}

function showLost() {
  const lost = [...loadEntries(attempt).values()];
  const section = document.querySelector("[data-lost]");
  listEntries(section.querySelector("[data-lost-list]"), lost);
  section.hidden = !lost.length;
  if (lost.length) section.focus();
}

async function compare() {
  try {
    const answers = await fetchSubmitted();
    for (const [id, entry] of loadEntries(attempt)) if (isSame(entry.answer, answers[id])) removeEntry(attempt, id);
  } catch {
    // Offline: all entries are listed; the next visit compares them.
  }
  showLost();
}

document.querySelector("[data-lost-forget]").addEventListener("click", () => {
  for (const id of loadEntries(attempt).keys()) removeEntry(attempt, id);
  showLost();
});
try {
  localStorage.removeItem(`quiz-flags:${attempt}`);
} catch {
  // Storage is not available.
}
if (loadEntries(attempt).size) compare();
