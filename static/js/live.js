// Live notifications: a WebSocket, and polling of the API if the socket cannot connect.

const userId = document.body.dataset.live;
// The newest notification when this page was rendered. The page's content and unread count include it.
const renderedUpTo = Number(document.body.dataset.liveSince);
const lastKey = `live:${userId}`;
const MAX_RETRY_DELAY = 30_000;
const POLL_EVERY = 30_000;
const FAILURES_BEFORE_POLLING = 3;
const TOAST_MS = 8000;
const MAX_TOASTS = 4; // After a long absence there may be many; the unread count includes all.

// A tab that was closed or navigating may have received fewer notifications than this page includes.
let lastId = loadLastId() ?? renderedUpTo;
let failures = 0;
let polling = 0;

function loadLastId() {
  try {
    return Number(sessionStorage.getItem(lastKey)) || null;
  } catch {
    return null;
  }
}

function saveLastId(id) {
  lastId = id;
  try {
    sessionStorage.setItem(lastKey, String(id));
  } catch {
    // Storage is unavailable: the id is only known to this page.
  }
}

function formatPercent(value) {
  return new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(value / 100);
}

/** Replace placeholders such as {title} in a sentence by the fields of the payload. */
function fillPlaceholders(sentence, payload) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => payload[name] ?? "");
}

/** Remove a toast after a while, not while the pointer or the focus is on it. The bell keeps the notification. */
function closeLater(toast) {
  let timer = 0;
  const start = () => {
    clearTimeout(timer);
    timer = setTimeout(() => toast.remove(), TOAST_MS);
  };
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, start);
  start();
}

function showToast(event, payload) {
  const region = document.querySelector("[data-toasts]");
  const sentence = region.dataset[event];
  // Nothing covers a running attempt; the bell counts the notification.
  if (!sentence || payload.url === location.pathname || document.querySelector("[data-quiz]")) return;
  const toast = document.querySelector("template[data-toast]").content.cloneNode(true).firstElementChild;
  toast.querySelector("[data-toast-text]").textContent = fillPlaceholders(sentence, payload);
  const link = toast.querySelector("[data-toast-link]");
  const href = region.dataset[`${event}Href`] ?? payload.url;
  if (href) {
    link.href = href;
    link.textContent = region.dataset[`${event}Link`];
    link.hidden = false;
  }
  toast.querySelector("[data-toast-close]").addEventListener("click", () => toast.remove());
  region.append(toast);
  closeLater(toast);
  if (region.children.length > MAX_TOASTS) region.firstElementChild.remove();
}

function incrementUnread() {
  const count = document.querySelector("[data-unread]");
  if (!count) return;
  count.dataset.unread = String(Number(count.dataset.unread) + 1);
  count.textContent = count.dataset.unread;
  count.hidden = false;
}

function showProgress({ course_id: courseId, lesson_id: lessonId, progress, lessons_done: lessonsDone }) {
  for (const place of document.querySelectorAll(`[data-course-progress="${CSS.escape(courseId)}"]`)) {
    place.querySelector("progress").value = progress;
    place.querySelector("[data-percent]").textContent = formatPercent(progress);
    place.querySelector("[data-lessons-done]").textContent = lessonsDone;
  }
  for (const lesson of document.querySelectorAll(`[data-lesson="${CSS.escape(lessonId)}"]`)) {
    lesson.classList.add("done");
  }
}

/** Reload the parts of the page that depend on this event. */
async function refreshParts(event) {
  const parts = [...document.querySelectorAll("[data-refresh-on]")].filter(({ dataset }) =>
    [event, "any"].includes(dataset.refreshOn),
  );
  if (!parts.length) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of parts) {
    const replacement = fresh.getElementById(part.id);
    if (replacement) part.replaceWith(replacement);
  }
}

function camelCase(name) {
  return name.replace(/_(\w)/g, (_, character) => character.toUpperCase());
}

/** Dispatch an event for the scripts of single pages, such as chat.js. */
function dispatch(name, detail) {
  document.dispatchEvent(new CustomEvent(`live:${name}`, { detail }));
}

function handleMessage(message) {
  if (message.type) dispatch(message.type, message);
  else if (message.id === null) dispatch(message.event, message.payload);
  else showNotification(message);
}

function showNotification({ id, event, payload }) {
  if (!id || id <= lastId) return;
  saveLastId(id);
  showToast(camelCase(event), payload);
  if (id <= renderedUpTo) return;
  if (event === "lesson_completed") showProgress(payload);
  else incrementUnread();
  refreshParts(event).catch(() => {});
}

/** Return the delay before a reconnect: doubled after each failure, with jitter, so that tabs reconnect one by one. */
function retryDelay(failureCount) {
  return Math.min(MAX_RETRY_DELAY, 1000 * 2 ** failureCount) * (0.5 + Math.random() / 2);
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/ws/notifications?since=${lastId}`);
  socket.addEventListener("open", () => {
    failures = 0;
    clearInterval(polling);
    polling = 0;
    for (const { dataset } of document.querySelectorAll("[data-subscribe-course]")) {
      socket.send(JSON.stringify({ type: "subscribe", course_id: dataset.subscribeCourse }));
    }
  });
  socket.addEventListener("message", ({ data }) => handleMessage(JSON.parse(data)));
  socket.addEventListener("close", ({ code }) => {
    dispatch("lost", {});
    if (code === 4401) return; // Logged out in another tab: do not reconnect.
    failures += 1;
    if (failures >= FAILURES_BEFORE_POLLING && !polling) {
      poll();
      polling = setInterval(poll, POLL_EVERY);
    }
    setTimeout(connect, retryDelay(failures));
  });
}

/** Return the notifications after the last one that this tab has received, newest first. */
async function fetchMissed() {
  const found = [];
  let address = "/api/v1/notifications/";
  do {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const { results, next } = await answer.json();
    found.push(...results);
    address = results.length && results.at(-1).id > lastId + 1 ? next : null;
  } while (address);
  return found;
}

async function poll() {
  try {
    dispatch("poll", {});
    const results = await fetchMissed();
    for (const message of results.reverse()) showNotification(message);
  } catch {
    // The next poll retries.
  }
}

connect();
