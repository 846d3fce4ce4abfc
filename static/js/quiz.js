// The page of a running attempt. Answers are saved automatically (quiz-saving.js), the countdown follows the server's
// clock (quiz-clock.js), and the page reports every answer that is not saved.

import { describeAnswer, isEmpty, readAnswer, showAnswer, showUnderstood } from "./quiz-answers.js";
import { Clock } from "./quiz-clock.js";
import { listEntries, loadEntries } from "./quiz-storage.js";
import { Saving } from "./quiz-saving.js";

const form = document.querySelector("[data-quiz]");
const words = form.dataset;
const FLAGS = `quiz-flags:${words.quiz}`;
const TYPING_MS = 600;
const SUBMIT_RETRY_MS = 3000;
const questions = [...form.querySelectorAll("[data-question]")];
const byId = new Map(questions.map((box) => [box.dataset.question, box]));
const find = (name) => form.querySelector(`[data-${name}]`);
const flags = readFlags();
let current = 0;
let isLeaving = false;
let isEnding = false;

const saving = new Saving({
  attempt: words.quiz,
  url: `${words.api}/answers`,
  token: form.querySelector("[name=csrfmiddlewaretoken]").value,
  acknowledged: new Map(questions.map((box) => [box.dataset.question, Number(box.dataset.seq)])),
  handlers: { saved, newer, refused, offline, trouble, loggedOut, gone, closed },
});

const clock = new Clock({
  timer: find("timer"),
  announce: find("announce"),
  words: { one: words.wordsOne, left: words.wordsLeft, more: words.wordsMore },
  onTimeOver: submitAtDeadline,
  onLastMinute: refreshDeadline,
});

function setState(id, text, kind) {
  const state = byId.get(id).querySelector("[data-state]");
  state.textContent = text;
  state.className = `badge ${kind}`;
}

/** Show in the navigation whether the answer of a question is saved. */
function markSaved(id, isSaved) {
  const link = form.querySelector(`[data-goto="${id}"]`);
  link.classList.toggle("saved", isSaved);
  link.querySelector("[data-goto-state]").textContent = isSaved ? ` (${words.wordsAnswered})` : "";
  find("count").textContent = form.querySelectorAll(".qnav .saved").length;
}

function showAlert(text, { login = false, entries = [] } = {}) {
  const box = find("alert");
  box.querySelector("[data-alert-text]").textContent = text;
  box.querySelector("[data-alert-login]").hidden = !login;
  listEntries(box.querySelector("[data-alert-list]"), entries);
  box.hidden = !text;
}

function saved(id, { saved_at: at, expires_at: deadline, answers }, answer, hasMore) {
  if (!isEnding) showAlert("");
  if (!saving.waiting().length) find("unsaved").textContent = "";
  clock.follow(at, deadline);
  markSaved(id, !isEmpty(answer));
  if (hasMore) return;
  showUnderstood(byId.get(id), answers?.[id]);
  const time = new Date(at).toLocaleTimeString([], { hour12: false });
  setState(id, `${isEmpty(answer) ? words.wordsEmptied : words.wordsSaved} ${time}`, "good");
}

function newer(id, other, mine) {
  const box = byId.get(id);
  showAnswer(box, other.answer);
  setState(id, words.wordsNewer, "warn");
  markSaved(id, !isEmpty(other.answer));
  const offer = box.querySelector("[data-mine]");
  offer.hidden = !mine;
  if (!mine) return;
  offer.querySelector("[data-mine-words]").textContent = mine.words || "–";
  offer.querySelector("button").onclick = () => {
    offer.hidden = true;
    showAnswer(box, mine.answer);
    saveAnswer(box, 0);
    box.focus();
  };
}

function refused(id) {
  setState(id, words.wordsRefused, "bad");
}

function setWaitingState(text) {
  find("unsaved").textContent = text;
  for (const [id] of saving.waiting()) if (byId.has(id)) setState(id, text, "bad");
}

function offline() {
  setWaitingState(words.wordsOffline);
}

function trouble() {
  setWaitingState(words.wordsTrouble);
}

function loggedOut() {
  setWaitingState(words.wordsUnsaved);
  showAlert(words.wordsLoggedOut, { login: true });
}

function gone() {
  setWaitingState(words.wordsUnsaved);
  showAlert(words.wordsGone, { login: true, entries: [...loadEntries(words.quiz).values()] });
}

/** The attempt has ended. The review page lists the answers that were not saved. */
function closed() {
  isLeaving = true;
  location.assign(words.review);
}

function saveAnswer(box, wait) {
  const id = box.dataset.question;
  const answer = readAnswer(box);
  setState(id, words.wordsWaiting, "");
  saving.put(id, answer, { words: describeAnswer(box), label: box.dataset.label }, wait);
}

async function fetchAttempt() {
  try {
    const response = await saving.request("GET", words.api);
    if (!response.ok) return null;
    return { now: response.headers.get("Date") ?? new Date().toISOString(), ...(await response.json()) };
  } catch {
    return null;
  }
}

/** Load the deadline, which may have been extended since the last save. */
async function refreshDeadline() {
  const attempt = await fetchAttempt();
  if (attempt && !attempt.submitted_at) clock.follow(attempt.now, attempt.expires_at);
}

function setLocked(isLocked) {
  for (const field of questions.flatMap((box) => [...box.querySelectorAll("input, select, textarea")])) {
    field.disabled = isLocked;
  }
}

/** Send the waiting answers and submit the attempt, unless the deadline was extended. Retry until it succeeds. */
async function submitAtDeadline() {
  if (isEnding) return;
  isEnding = true;
  await refreshDeadline();
  if (!clock.secondsLeft) {
    setLocked(true);
    showAlert(words.wordsOver);
  }
  while (!isLeaving && !clock.secondsLeft && !(await submitAttempt())) {
    await new Promise((resolve) => setTimeout(resolve, SUBMIT_RETRY_MS));
  }
  if (isLeaving) return;
  isEnding = false;
  showAlert("");
  setLocked(false);
}

/** Send the waiting answers, then submit; return whether it succeeded. Does not submit while an answer is unsaved. */
async function submitAttempt() {
  if (!(await saving.retryNow())) return false;
  try {
    const response = await saving.request("POST", `${words.api}/submit`, {});
    if (!response.ok) return false;
  } catch {
    return false;
  }
  closed();
  return true;
}

function confirmSubmission() {
  const open = questions.filter((box) => isEmpty(readAnswer(box)));
  const flagged = questions.filter((box) => flags[box.dataset.question]);
  find("ask-open").hidden = !open.length;
  find("ask-open-list").textContent = open.map((box) => questions.indexOf(box) + 1).join(", ");
  find("ask-flags").hidden = !flagged.length;
  find("ask-flags-list").textContent = flagged.map((box) => questions.indexOf(box) + 1).join(", ");
  find("ask").showModal();
}

async function submitConfirmed() {
  find("ask").close();
  const button = find("submit");
  button.setAttribute("aria-busy", "true");
  const isDone = await submitAttempt();
  button.removeAttribute("aria-busy");
  if (isDone || isLeaving) return;
  showAlert(words.wordsNotSubmitted);
  find("alert").scrollIntoView({ block: "center" });
}

function showQuestion(place, focus = true) {
  current = Math.max(0, Math.min(questions.length - 1, place));
  if ("one" in words) {
    for (const [number, question] of questions.entries()) question.hidden = number !== current;
    form.dataset.ready = "";
    find("back").disabled = current === 0;
    find("on").disabled = current === questions.length - 1;
  }
  for (const [number, link] of form.querySelectorAll("[data-goto]").entries()) {
    if (number === current) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  }
  if (focus) questions[current].focus();
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
    // Storage is not available: the flag lasts until the page is closed.
  }
  showFlag(box);
}

for (const box of questions) {
  box.addEventListener("input", (event) => {
    if (event.target.matches("input, select, textarea")) saveAnswer(box, isTyped(event.target) ? TYPING_MS : 0);
  });
  box.addEventListener("focusin", () => {
    if (!("one" in words) && questions.indexOf(box) !== current) showQuestion(questions.indexOf(box), false);
  });
  box.querySelector("[data-flag]").addEventListener("click", () => toggleFlag(box));
  showFlag(box);
}
for (const [place, link] of form.querySelectorAll("[data-goto]").entries()) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    showQuestion(place);
    questions[place].scrollIntoView({ block: "start" });
  });
}
find("back").addEventListener("click", () => showQuestion(current - 1));
find("on").addEventListener("click", () => showQuestion(current + 1));
find("ask-yes").addEventListener("click", submitConfirmed);
find("ask-no").addEventListener("click", () => find("ask").close());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  confirmSubmission();
});
form.addEventListener("keydown", (event) => {
  // Enter in a field shows the next question instead of submitting the form.
  if (event.key === "Enter" && event.target.matches("input")) {
    event.preventDefault();
    if (current < questions.length - 1) showQuestion(current + 1);
  }
});
document.addEventListener("keydown", (event) => {
  if (!event.altKey) return;
  const act = {
    ArrowLeft: () => showQuestion(current - 1),
    ArrowRight: () => showQuestion(current + 1),
    f: () => toggleFlag(questions[current]),
  };
  if (!act[event.key]) return;
  event.preventDefault();
  act[event.key]();
});
window.addEventListener("online", () => saving.retryNow());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && saving.waiting().length) saving.retryNow();
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
window.addEventListener("beforeunload", (event) => {
  if (isLeaving || !loadEntries(words.quiz).size) return;
  saving.prepareToLeave();
  event.preventDefault();
});

for (const [id, entry] of loadEntries(words.quiz)) {
  if (!byId.has(id)) continue;
  showAnswer(byId.get(id), entry.answer);
  setState(id, entry.refused ? words.wordsRefused : words.wordsWaiting, "");
}
showQuestion(0, false);
if (words.deadline) clock.follow(words.now, words.deadline);
saving.flush();
