// Converts between a question's form fields, its answer in the API's shape, and its answer as a text.

const labelOf = (input) => input.closest("label").textContent.trim();
const leftId = (select) => select.name.slice(select.name.indexOf(":") + 1);
const INVALID = undefined; // typed, but not a valid answer

/** Readers by question type. An empty string clears an answer; undefined is not sent. */
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
    return Number.isFinite(Number(typed)) ? Number(typed) : INVALID;
  },
  matching: (box) => {
    const chosen = [...box.querySelectorAll("select")].filter((select) => select.value);
    return Object.fromEntries(chosen.map((select) => [leftId(select), select.value]));
  },
};

/** Return the answer on the page in the API's shape. */
export function readAnswer(box) {
  return READ[box.dataset.type](box);
}

/** Set the form fields of a question to an answer, or clear them. */
export function showAnswer(box, answer) {
  for (const input of box.querySelectorAll("input[type=radio], input[type=checkbox]")) {
    input.checked = Array.isArray(answer) ? answer.includes(input.value) : input.value === String(answer ?? "");
  }
  for (const select of box.querySelectorAll("select")) select.value = answer?.[leftId(select)] ?? "";
  const text = box.querySelector("input[type=text], textarea");
  if (text) text.value = String(answer ?? "");
}

/** Return the answer on the page as a text. */
export function describeAnswer(box) {
  const chosen = [...box.querySelectorAll("input:checked")].map(labelOf);
  const pairs = [...box.querySelectorAll("select")]
    .filter((select) => select.value)
    .map((select) => `${select.labels[0].textContent.trim()}: ${select.selectedOptions[0].textContent.trim()}`);
  const typed = box.querySelector("input[type=text], textarea")?.value ?? "";
  return [...chosen, ...pairs, typed].filter(Boolean).join("\n");
}

export function isEmpty(answer) {
  return answer === "" || answer == null || (typeof answer === "object" && Object.keys(answer).length === 0);
}

function normalize(answer) {
  if (isEmpty(answer)) return "";
  if (Array.isArray(answer)) return JSON.stringify([...answer].sort());
  return JSON.stringify(answer, typeof answer === "object" ? Object.keys(answer).sort() : undefined);
}

export function isSame(one, other) {
  return normalize(one) === normalize(other);
}
