// Converts between a question's form fields, its answer in the API's shape, and its answer as a text.

const labelOf = (input) => input.closest("label").textContent.trim();
const leftId = (select) => select.name.slice(select.name.indexOf(":") + 1);

/** Readers by question type. An empty string clears an answer. */
const READ = {
  multiple_choice: (box) => box.querySelector("input:checked")?.value ?? "",
  true_false: (box) => {
    const chosen = box.querySelector("input:checked")?.value;
    return chosen === undefined ? "" : chosen === "true";
  },
  multiple_select: (box) => [...box.querySelectorAll("input:checked")].map((input) => input.value),
  short_answer: (box) => box.querySelector("input[type=text]").value,
  essay: (box) => box.querySelector("textarea").value,
  numeric: (box) => box.querySelector("input[type=text]").value.trim(), // the server reads the number
  matching: (box) => {
    const chosen = [...box.querySelectorAll("select")].filter((select) => select.value);
    return Object.fromEntries(chosen.map((select) => [leftId(select), select.value]));
  },
};

/** Return the answer on the page in the API's shape. */
export function readAnswer(box) {
  return READ[box.dataset.type](box);
}

/** Return an answer as a text, a number with the decimal separator of the page. */
function write(answer, box) {
  const text = String(answer);
  return typeof answer === "number" ? text.replace(".", box.querySelector("[data-decimal]").dataset.decimal) : text;
}

/** Show how the server read a number that is not typed as it is stored. */
export function showUnderstood(box, answer) {
  const hint = box.querySelector("[data-understood]");
  if (!hint) return;
  const text = typeof answer === "number" ? write(answer, box) : "";
  hint.hidden = text === "" || text === box.querySelector("input[type=text]").value.trim();
  hint.querySelector("output").textContent = text;
}

/** Set the form fields of a question to an answer, or clear them. */
export function showAnswer(box, answer) {
  for (const input of box.querySelectorAll("input[type=radio], input[type=checkbox]")) {
    input.checked = Array.isArray(answer) ? answer.includes(input.value) : input.value === String(answer ?? "");
  }
  for (const select of box.querySelectorAll("select")) select.value = answer?.[leftId(select)] ?? "";
  const text = box.querySelector("input[type=text], textarea");
  if (text) text.value = write(answer ?? "", box);
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
  if (typeof answer === "number") return JSON.stringify(String(answer));
  if (Array.isArray(answer)) return JSON.stringify([...answer].sort());
  return JSON.stringify(answer, typeof answer === "object" ? Object.keys(answer).sort() : undefined);
}

export function isSame(one, other) {
  return normalize(one) === normalize(other);
}
