// Stores answers in this browser until the server acknowledges them. Each question has its own entry, so that two tabs do
// not overwrite each other. An entry is {answer, seq, words, label}, and {refused} after the server rejected it.

const PREFIX = "quiz:";
const inMemory = new Map(); // if the browser's storage is not available

function prefixOf(attempt) {
  return `${PREFIX}${attempt}:`;
}

/** Return the entries of an attempt, by question id. */
export function loadEntries(attempt) {
  const found = new Map(inMemory);
  try {
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith(prefixOf(attempt)))) {
      found.set(key.slice(prefixOf(attempt).length), JSON.parse(localStorage.getItem(key)));
    }
  } catch {
    // Storage is not available, or contains invalid data.
  }
  return found;
}

export function storeEntry(attempt, question, entry) {
  try {
    localStorage.setItem(prefixOf(attempt) + question, JSON.stringify(entry));
    inMemory.delete(question);
  } catch {
    inMemory.set(question, entry);
  }
}

export function removeEntry(attempt, question) {
  inMemory.delete(question);
  try {
    localStorage.removeItem(prefixOf(attempt) + question);
  } catch {
    // Storage is not available.
  }
}

/** Fill a <dl> with entries: the label of the question and the text of the answer. */
export function listEntries(into, entries) {
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
