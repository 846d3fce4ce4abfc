// Taking a quiz. Every answer is sent as it is given, and stands in this browser's queue until the server has
// acknowledged it: through lost connections, reloads and closed tabs. The clock shown is the server's.

const form = document.querySelector("[data-quiz]");
const words = form.dataset;
const QUEUE = `quiz:${words.quiz}`;
const FLAGS = `quiz-flags:${words.quiz}`;
const TYPING_MS = 600;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15000;
const ANNOUNCED_MINUTES = [30, 10, 5, 1];
const questions = [...form.querySelectorAll("[data-question]")];
const skew = Date.parse(words.now) - Date.now();
const announced = new Set();
let here = 0;
let sending = false;
let retryMs = FIRST_RETRY_MS;
let leaving = false;

function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}

function store(key, value) {
  try {
    if (Object.keys(value).length) localStorage.setItem(key, JSON.stringify(value));
    else localStorage.removeItem(key);
  } catch {
    // Kept for this page only.
  }
}

const queue = stored(QUEUE); // Question's id → {answer, seq}.
const flags = stored(FLAGS);

function questionOf(id) {
  return questions.find((question) => question.dataset.question === id);
}

/** Reads an answer off the page, in the API's shape; undefined where there is none to send. */
const READ = {
  multiple_choice: (box) => box.querySelector("input:checked")?.value,
  true_false: (box) => {
    const chosen = box.querySelector("input:checked")?.value;
    return chosen === undefined ? undefined : chosen === "true";
  },
  multiple_select: (box) => [...box.querySelectorAll("input:checked")].map((input) => input.value),
  short_answer: (box) => box.querySelector("input").value,
  essay: (box) => box.querySelector("textarea").value,
  numeric: (box) => {
    const typed = box.querySelector("input").value.trim().replace(",", ".");
    return typed === "" ? undefined : Number.isFinite(Number(typed)) ? Number(typed) : typed;
  },
  matching: (box) => {
    const chosen = [...box.querySelectorAll("select")].filter((select) => select.value);
    return Object.fromEntries(chosen.map((select) => [select.name.slice(select.name.indexOf(":") + 1), select.value]));
  },
};

/** Writes an answer onto the page. */
function show(box, answer) {
  for (const input of box.querySelectorAll("input[type=radio], input[type=checkbox]")) {
    input.checked = Array.isArray(answer) ? answer.includes(input.value) : input.value === String(answer);
  }
  for (const select of box.querySelectorAll("select")) {
    select.value = answer[select.name.slice(select.name.indexOf(":") + 1)] ?? "";
  }
  const text = box.querySelector("input[type=text], textarea");
  if (text) text.value = String(answer);
}

function say(id, text, kind) {
  const state = questionOf(id).querySelector("[data-state]");
  state.textContent = text;
  state.className = `badge ${kind}`;
  const link = form.querySelector(`[data-goto="${id}"]`);
  link.classList.toggle("saved", kind === "good");
  link.querySelector("[data-goto-state]").textContent = kind === "good" ? ` (${words.wordsSaved})` : "";
  form.querySelector("[data-count]").textContent = form.querySelectorAll(".qnav .saved").length;
}

function alertWith(text) {
  const box = form.querySelector("[data-alert]");
  box.textContent = text;
  box.hidden = !text;
}

function enqueue(box) {
  const answer = READ[box.dataset.type](box);
  if (answer === undefined) return;
  const id = box.dataset.question;
  const seq = Math.max(Number(box.dataset.seq), queue[id]?.seq ?? 0) + 1;
  queue[id] = { answer, seq };
  store(QUEUE, queue);
  say(id, words.wordsWaiting, "");
  send();
}

function acknowledged(id, seq, savedAt) {
  questionOf(id).dataset.seq = seq;
  if (queue[id]?.seq === seq) {
    delete queue[id];
    store(QUEUE, queue);
    say(id, `${words.wordsSaved} ${new Date(savedAt).toLocaleTimeString([], { hour12: false })}`, "good");
  }
}

/** Another window knows better: take over what it saved. */
function takeOver(id, current) {
  delete queue[id];
  store(QUEUE, queue);
  const box = questionOf(id);
  box.dataset.seq = current[id].seq ?? 0;
  show(box, current[id].answer);
  say(id, words.wordsNewer, "warn");
}

function later() {
  for (const id of Object.keys(queue)) say(id, words.wordsOffline, "bad");
  setTimeout(send, retryMs);
  retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
}

async function answered(id, { seq }, response) {
  if (response.ok) {
    retryMs = FIRST_RETRY_MS;
    acknowledged(id, seq, (await response.json()).saved_at);
    return true;
  }
  const body = await response.json().catch(() => ({}));
  const code = body.errors?.[0]?.code;
  if (code === "stale_answer" && body.current?.[id]) {
    takeOver(id, body.current);
    return true;
  }
  if (code === "attempt_closed" || code === "time_over" || response.status === 404) {
    store(QUEUE, {});
    leaving = true;
    location.reload();
    return false;
  }
  if (response.status === 400 && queue[id]?.seq === seq) {
    delete queue[id];
    store(QUEUE, queue);
    say(id, words.wordsRefused, "bad");
    return true;
  }
  return response.status === 400;
}

async function send() {
  if (sending) return;
  sending = true;
  let goesOn = true;
  while (goesOn && Object.keys(queue).length) {
    const [id, save] = Object.entries(queue)[0];
    try {
      const response = await fetch(words.save, {
        method: "PUT",
        headers: {
          "Content-Type": "application/json",
          "X-CSRFToken": form.querySelector("[name=csrfmiddlewaretoken]").value,
        },
        body: JSON.stringify({ answers: { [id]: save.answer }, seq: save.seq }),
        keepalive: JSON.stringify(save).length < 30000,
      });
      goesOn = await answered(id, save, response);
    } catch {
      goesOn = false;
    }
  }
  sending = false;
  if (!goesOn && !leaving) later();
}

function turnTo(place, focus = true) {
  here = Math.max(0, Math.min(questions.length - 1, place));
  if ("one" in words) {
    for (const [number, question] of questions.entries()) question.hidden = number !== here;
    form.querySelector("[data-turn]").hidden = false;
    form.querySelector("[data-back]").disabled = here === 0;
    form.querySelector("[data-on]").disabled = here === questions.length - 1;
  }
  for (const [number, link] of form.querySelectorAll("[data-goto]").entries()) {
    if (number === here) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  }
  if (focus) questions[here].focus();
}

function showFlag(box) {
  const id = box.dataset.question;
  box.querySelector("[data-flag]").setAttribute("aria-pressed", String(Boolean(flags[id])));
  form.querySelector(`[data-goto="${id}"]`).classList.toggle("flag", Boolean(flags[id]));
}

function toggleFlag(box) {
  const id = box.dataset.question;
  if (flags[id]) delete flags[id];
  else flags[id] = true;
  store(FLAGS, flags);
  showFlag(box);
}

function handIn() {
  leaving = true;
  const action = document.createElement("input");
  Object.assign(action, { type: "hidden", name: "action", value: "submit" });
  form.append(action);
  form.submit();
}

function tick() {
  const left = Math.max(0, Math.floor((Date.parse(words.deadline) - Date.now() - skew) / 1000));
  const hours = Math.floor(left / 3600);
  const minutes = Math.floor((left % 3600) / 60);
  const parts = [...(hours ? [hours] : []), minutes, left % 60];
  const timer = form.querySelector("[data-timer]");
  timer.textContent = parts.map((part) => String(part).padStart(2, "0")).join(":");
  timer.classList.toggle("short", left <= 60);
  for (const minute of ANNOUNCED_MINUTES) {
    if (left <= minute * 60 && left > minute * 60 - 30 && !announced.has(minute)) {
      announced.add(minute);
      const text = `${minute} ${minute === 1 ? words.wordsOne : words.wordsLeft}`;
      form.querySelector("[data-announce]").textContent = text;
    }
  }
  if (left > 0) return;
  clearInterval(ticking);
  alertWith(words.wordsOver);
  handIn();
}

for (const question of questions) {
  let typing;
  question.addEventListener("input", (event) => {
    clearTimeout(typing);
    const isText = event.target.matches("input[type=text], textarea");
    if (isText) say(question.dataset.question, words.wordsWaiting, "");
    typing = setTimeout(() => enqueue(question), isText ? TYPING_MS : 0);
  });
  question.querySelector("[data-flag]").addEventListener("click", () => toggleFlag(question));
  showFlag(question);
}
for (const [place, link] of form.querySelectorAll("[data-goto]").entries()) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    turnTo(place);
    questions[place].scrollIntoView({ block: "start" });
  });
}
form.querySelector("[data-back]").addEventListener("click", () => turnTo(here - 1));
form.querySelector("[data-on]").addEventListener("click", () => turnTo(here + 1));
form.addEventListener("submit", () => {
  leaving = true;
});
form.addEventListener("keydown", (event) => {
  // Enter in a text field goes on; it does not hand the quiz in.
  if (event.key === "Enter" && event.target.matches("input")) {
    event.preventDefault();
    if (here < questions.length - 1) turnTo(here + 1);
  }
});
document.addEventListener("keydown", (event) => {
  if (!event.altKey) return;
  const act = { ArrowLeft: () => turnTo(here - 1), ArrowRight: () => turnTo(here + 1), f: () => toggleFlag(questions[here]) };
  if (!act[event.key]) return;
  event.preventDefault();
  act[event.key]();
});
window.addEventListener("online", () => {
  retryMs = FIRST_RETRY_MS;
  send();
});
window.addEventListener("beforeunload", (event) => {
  if (!leaving && Object.keys(queue).length) event.preventDefault();
});
for (const [id, save] of Object.entries(queue)) {
  const box = questionOf(id);
  if (!box) continue;
  show(box, save.answer);
  say(id, words.wordsWaiting, "");
}
turnTo(0, false);
const ticking = words.deadline ? setInterval(tick, 1000) : undefined;
if (words.deadline) tick();
send();
