// A question on the page and its answer in the API's shape: reading, showing, saying it in words.

const labelled = (input) => input.closest("label").textContent.trim();
const partner = (select) => select.name.slice(select.name.indexOf(":") + 1);
const UNSAYABLE = undefined; // Typed, but no answer to this question.

/** An empty text takes an answer back; undefined cannot be sent. */
const READ = {
  multiple_choice: (box) => box.querySelector("input:checked")?.value ?? "",
  true_false: (box) => {
    const chosen = box.querySelector("input:checked")?.value;
    return chosen === undefined ? "" : chosen === "true";
  },
  multiple_select: (box) => [...box.querySelectorAll("input:checked")].map((input) => input.value),
  short_answer: (box) => box.querySelector("input[type=text]").value,
  essay: (box) => box.querySelector("textarea").value,
  numeric: (box) => {
    const typed = box.querySelector("input[type=text]").value.trim().replace(",", ".");
    if (typed === "") return "";
    return Number.isFinite(Number(typed)) ? Number(typed) : UNSAYABLE;
  },
  matching: (box) => {
    const chosen = [...box.querySelectorAll("select")].filter((select) => select.value);
    return Object.fromEntries(chosen.map((select) => [partner(select), select.value]));
  },
};

export function read(box) {
  return READ[box.dataset.type](box);
}

/** Writes an answer onto the page; nothing, where there is none. */
export function show(box, answer) {
  for (const input of box.querySelectorAll("input[type=radio], input[type=checkbox]")) {
    input.checked = Array.isArray(answer) ? answer.includes(input.value) : input.value === String(answer ?? "");
  }
  for (const select of box.querySelectorAll("select")) select.value = answer?.[partner(select)] ?? "";
  const text = box.querySelector("input[type=text], textarea");
  if (text) text.value = String(answer ?? "");
}

/** What stands on the page, as a person reads it. */
export function inWords(box) {
  const chosen = [...box.querySelectorAll("input:checked")].map(labelled);
  const pairs = [...box.querySelectorAll("select")]
    .filter((select) => select.value)
    .map((select) => `${select.labels[0].textContent.trim()}: ${select.selectedOptions[0].textContent.trim()}`);
  const typed = box.querySelector("input[type=text], textarea")?.value ?? "";
  return [...chosen, ...pairs, typed].filter(Boolean).join("\n");
}

export function isEmpty(answer) {
  return answer === "" || answer == null || (typeof answer === "object" && Object.keys(answer).length === 0);
}

function plain(answer) {
  if (isEmpty(answer)) return "";
  if (Array.isArray(answer)) return JSON.stringify([...answer].sort());
  return JSON.stringify(answer, typeof answer === "object" ? Object.keys(answer).sort() : undefined);
}

export function isSame(one, other) {
  return plain(one) === plain(other);
}
