// Taking a quiz: every answer is saved as it is given (quiz-saving.js), the clock is the server's (quiz-clock.js), and
// nothing that was typed is dropped without a word.

import { inWords, isEmpty, read, show } from "./quiz-answers.js";
import { Clock } from "./quiz-clock.js";
import { kept, list } from "./quiz-kept.js";
import { Saving } from "./quiz-saving.js";

const form = document.querySelector("[data-quiz]");
const words = form.dataset;
const FLAGS = `quiz-flags:${words.quiz}`;
const TYPING_MS = 600;
const HAND_IN_AGAIN_MS = 3000;
const questions = [...form.querySelectorAll("[data-question]")];
const byId = new Map(questions.map((box) => [box.dataset.question, box]));
const part = (name) => form.querySelector(`[data-${name}]`);
const flags = readFlags();
let here = 0;
let isLeaving = false;
let isEnding = false;

const saving = new Saving({
  attempt: words.quiz,
  url: `${words.api}/answers`,
  token: form.querySelector("[name=csrfmiddlewaretoken]").value,
  acknowledged: new Map(questions.map((box) => [box.dataset.question, Number(box.dataset.seq)])),
  tell: { saved, newer, refused, offline, trouble, loggedOut, gone, closed },
});

const clock = new Clock({
  timer: part("timer"),
  announce: part("announce"),
  words: { one: words.wordsOne, left: words.wordsLeft, more: words.wordsMore },
  over: timeIsOver,
  lastMinute: askForTime,
});

function say(id, text, kind) {
  const state = byId.get(id).querySelector("[data-state]");
  state.textContent = text;
  state.className = `badge ${kind}`;
}

/** Shows in the navigator whether a question has an answer that the server has. */
function mark(id, isSaved) {
  const link = form.querySelector(`[data-goto="${id}"]`);
  link.classList.toggle("saved", isSaved);
  link.querySelector("[data-goto-state]").textContent = isSaved ? ` (${words.wordsAnswered})` : "";
  part("count").textContent = form.querySelectorAll(".qnav .saved").length;
}

function alertWith(text, { login = false, entries = [] } = {}) {
  const box = part("alert");
  box.querySelector("[data-alert-text]").textContent = text;
  box.querySelector("[data-alert-login]").hidden = !login;
  list(box.querySelector("[data-alert-list]"), entries);
  box.hidden = !text;
}

function saved(id, { saved_at: at, expires_at: deadline }, answer, hasMore) {
  if (!isEnding) alertWith("");
  if (!saving.waiting().length) part("unsaved").textContent = "";
  clock.follow(at, deadline);
  mark(id, !isEmpty(answer));
  if (hasMore) return;
  const time = new Date(at).toLocaleTimeString([], { hour12: false });
  say(id, `${isEmpty(answer) ? words.wordsEmptied : words.wordsSaved} ${time}`, "good");
}

function newer(id, current, mine) {
  const box = byId.get(id);
  show(box, current.answer);
  say(id, words.wordsNewer, "warn");
  mark(id, !isEmpty(current.answer));
  const offer = box.querySelector("[data-mine]");
  offer.hidden = !mine;
  if (!mine) return;
  offer.querySelector("[data-mine-words]").textContent = mine.words || "–";
  offer.querySelector("button").onclick = () => {
    offer.hidden = true;
    show(box, mine.answer);
    give(box, 0);
    box.focus();
  };
}

function refused(id) {
  say(id, words.wordsRefused, "bad");
}

function waitingSays(text) {
  part("unsaved").textContent = text;
  for (const [id] of saving.waiting()) if (byId.has(id)) say(id, text, "bad");
}

function offline() {
  waitingSays(words.wordsOffline);
}

function trouble() {
  waitingSays(words.wordsTrouble);
}

function loggedOut() {
  waitingSays(words.wordsKept);
  alertWith(words.wordsLoggedOut, { login: true });
}

function gone() {
  waitingSays(words.wordsKept);
  alertWith(words.wordsGone, { login: true, entries: [...kept(words.quiz).values()] });
}

/** The attempt has ended without this page; what did not arrive is told on the page that shows it. */
function closed() {
  isLeaving = true;
  location.assign(words.review);
}

function give(box, wait) {
  const id = box.dataset.question;
  const answer = read(box);
  if (answer === undefined) {
    refused(id);
    return;
  }
  say(id, words.wordsWaiting, "");
  saving.put(id, answer, { words: inWords(box), label: box.dataset.label }, wait);
}

async function attemptNow() {
  try {
    const response = await saving.request("GET", words.api);
    if (!response.ok) return null;
    return { now: response.headers.get("Date") ?? new Date().toISOString(), ...(await response.json()) };
  } catch {
    return null;
  }
}

/** Somebody may have been given more time since the last save. */
async function askForTime() {
  const attempt = await attemptNow();
  if (attempt && !attempt.submitted_at) clock.follow(attempt.now, attempt.expires_at);
}

function lock(isLocked) {
  for (const field of questions.flatMap((box) => [...box.querySelectorAll("input, select, textarea")])) {
    field.disabled = isLocked;
  }
}

/** Hands in what was saved, unless there is more time by now; what could not be sent yet is sent first. */
async function timeIsOver() {
  if (isEnding) return;
  isEnding = true;
  await askForTime();
  if (!clock.secondsLeft) {
    lock(true);
    alertWith(words.wordsOver);
  }
  while (!isLeaving && !clock.secondsLeft && !(await handIn())) {
    await new Promise((resolve) => setTimeout(resolve, HAND_IN_AGAIN_MS));
  }
  if (isLeaving) return;
  isEnding = false;
  alertWith("");
  lock(false);
}

/** Sends what waits, then submits; returns whether that is done. Never submits over the head of an unsaved answer. */
async function handIn() {
  if (!(await saving.again())) return false;
  try {
    const response = await saving.request("POST", `${words.api}/submit`, {});
    if (!response.ok) return false;
  } catch {
    return false;
  }
  closed();
  return true;
}

function askBeforeHandingIn() {
  const open = questions.filter((box) => isEmpty(read(box)) || read(box) === undefined);
  const flagged = questions.filter((box) => flags[box.dataset.question]);
  part("ask-open").hidden = !open.length;
  part("ask-open-list").textContent = open.map((box) => questions.indexOf(box) + 1).join(", ");
  part("ask-flags").hidden = !flagged.length;
  part("ask-flags-list").textContent = flagged.map((box) => questions.indexOf(box) + 1).join(", ");
  part("ask").showModal();
}

async function submit() {
  part("ask").close();
  const button = part("submit");
  button.setAttribute("aria-busy", "true");
  const isDone = await handIn();
  button.removeAttribute("aria-busy");
  if (isDone || isLeaving) return;
  alertWith(words.wordsNotHandedIn);
  part("alert").scrollIntoView({ block: "center" });
}

function turnTo(place, focus = true) {
  here = Math.max(0, Math.min(questions.length - 1, place));
  if ("one" in words) {
    for (const [number, question] of questions.entries()) question.hidden = number !== here;
    form.dataset.ready = "";
    part("back").disabled = here === 0;
    part("on").disabled = here === questions.length - 1;
  }
  for (const [number, link] of form.querySelectorAll("[data-goto]").entries()) {
    if (number === here) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  }
  if (focus) questions[here].focus();
}

function isTyped(field) {
  return field.matches("input[type=text], textarea");
}

function readFlags() {
  try {
    return JSON.parse(localStorage.getItem(FLAGS)) ?? {};
  } catch {
    return {};
  }
}

function showFlag(box) {
  const id = box.dataset.question;
  box.querySelector("[data-flag]").setAttribute("aria-pressed", String(Boolean(flags[id])));
  form.querySelector(`[data-goto="${id}"]`).classList.toggle("flag", Boolean(flags[id]));
}

function toggleFlag(box) {
  const id = box.dataset.question;
  flags[id] = !flags[id];
  try {
    localStorage.setItem(FLAGS, JSON.stringify(flags));
  } catch {
    // Kept for this page only.
  }
  showFlag(box);
}

for (const box of questions) {
  box.addEventListener("input", (event) => {
    if (event.target.matches("input, select, textarea")) give(box, isTyped(event.target) ? TYPING_MS : 0);
  });
  box.addEventListener("focusin", () => {
    if (!("one" in words) && questions.indexOf(box) !== here) turnTo(questions.indexOf(box), false);
  });
  box.querySelector("[data-flag]").addEventListener("click", () => toggleFlag(box));
  showFlag(box);
}
for (const [place, link] of form.querySelectorAll("[data-goto]").entries()) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    turnTo(place);
    questions[place].scrollIntoView({ block: "start" });
  });
}
part("back").addEventListener("click", () => turnTo(here - 1));
part("on").addEventListener("click", () => turnTo(here + 1));
part("ask-yes").addEventListener("click", submit);
part("ask-no").addEventListener("click", () => part("ask").close());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  askBeforeHandingIn();
});
form.addEventListener("keydown", (event) => {
  // Enter in a field goes on; it does not hand the quiz in.
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
window.addEventListener("online", () => saving.again());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && saving.waiting().length) saving.again();
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
window.addEventListener("beforeunload", (event) => {
  if (isLeaving || !kept(words.quiz).size) return;
  saving.leave();
  event.preventDefault();
});

for (const [id, entry] of kept(words.quiz)) {
  if (!byId.has(id)) continue;
  show(byId.get(id), entry.answer);
  say(id, entry.refused ? words.wordsRefused : words.wordsWaiting, "");
}
turnTo(0, false);
if (words.deadline) clock.follow(words.now, words.deadline);
saving.flush();
