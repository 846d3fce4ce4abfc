// What this browser keeps of an attempt until the server has acknowledged it: one entry for each question, so that two
// tabs do not write over each other. An entry is {answer, seq, words, label}, and `refused` once the server said no.

const PREFIX = "quiz:";
const unstored = new Map(); // where the browser stores nothing: kept for this page only

function prefixOf(attempt) {
  return `${PREFIX}${attempt}:`;
}

/** Returns the entries of an attempt, by the question's id. */
export function kept(attempt) {
  const found = new Map(unstored);
  try {
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith(prefixOf(attempt)))) {
      found.set(key.slice(prefixOf(attempt).length), JSON.parse(localStorage.getItem(key)));
    }
  } catch {
    // Nothing is stored here, or it is not ours to read.
  }
  return found;
}

export function keep(attempt, question, entry) {
  try {
    localStorage.setItem(prefixOf(attempt) + question, JSON.stringify(entry));
    unstored.delete(question);
  } catch {
    unstored.set(question, entry);
  }
}

export function forget(attempt, question) {
  unstored.delete(question);
  try {
    localStorage.removeItem(prefixOf(attempt) + question);
  } catch {
    // It was never stored.
  }
}

/** Writes entries into a <dl>: the question's label, and the answer in words. */
export function list(into, entries) {
  into.replaceChildren();
  for (const { label, words } of entries) {
    const term = document.createElement("dt");
    const answer = document.createElement("dd");
    term.textContent = label;
    answer.textContent = words || "–";
    answer.className = "answer-given";
    into.append(term, answer);
  }
}
