// What happens elsewhere, while this page is open: a socket, and a poll of the API when sockets do not get through.

const userId = document.body.dataset.live;
// The newest notification when this page was written: what it shows, and how many are unread, is as of then.
const writtenUpTo = Number(document.body.dataset.liveSince);
const lastKey = `live:${userId}`;
const LONGEST_WAIT = 30_000;
const POLL_EVERY = 30_000;
const FAILURES_BEFORE_POLLING = 3;
const MOST_TOASTS = 4; // After a night away there may be thirty; the bell has them all.

// A tab that was away, or on its way from another page, has heard of less than this page shows.
let lastId = remembered() ?? writtenUpTo;
let failures = 0;
let polling = 0;

function remembered() {
  try {
    return Number(sessionStorage.getItem(lastKey)) || null;
  } catch {
    return null;
  }
}

function remember(id) {
  lastId = id;
  try {
    sessionStorage.setItem(lastKey, String(id));
  } catch {
    // Known to this page only.
  }
}

function percent(value) {
  return new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(value / 100);
}

/** Fill {title} and the like in a sentence from the news itself. */
function filled(sentence, payload) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => payload[name] ?? "");
}

function showToast(event, payload) {
  const region = document.querySelector("[data-toasts]");
  const sentence = region.dataset[event];
  if (!sentence || payload.url === location.pathname) return;
  const toast = document.querySelector("template[data-toast]").content.cloneNode(true).firstElementChild;
  toast.querySelector("[data-toast-text]").textContent = filled(sentence, payload);
  const link = toast.querySelector("[data-toast-link]");
  const href = region.dataset[`${event}Href`] ?? payload.url;
  if (href) {
    link.href = href;
    link.textContent = region.dataset[`${event}Link`];
    link.hidden = false;
  }
  toast.querySelector("[data-toast-close]").addEventListener("click", () => toast.remove());
  region.append(toast);
  if (region.children.length > MOST_TOASTS) region.firstElementChild.remove();
}

function countUnread() {
  const count = document.querySelector("[data-unread]");
  if (!count) return;
  count.dataset.unread = String(Number(count.dataset.unread) + 1);
  count.textContent = count.dataset.unread;
  count.hidden = false;
}

function showProgress({ course_id: courseId, lesson_id: lessonId, progress, lessons_done: lessonsDone }) {
  for (const place of document.querySelectorAll(`[data-course-progress="${CSS.escape(courseId)}"]`)) {
    place.querySelector("progress").value = progress;
    place.querySelector("[data-percent]").textContent = percent(progress);
    place.querySelector("[data-lessons-done]").textContent = lessonsDone;
  }
  for (const lesson of document.querySelectorAll(`[data-lesson="${CSS.escape(lessonId)}"]`)) {
    lesson.classList.add("done");
  }
}

/** Take the parts of the page that this news concerns from the server anew. */
async function refresh(event) {
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
  return name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
}

/** Tell the modules of single pages: chat.js listens. */
function pass(name, detail) {
  document.dispatchEvent(new CustomEvent(`live:${name}`, { detail }));
}

function hear(message) {
  if (message.type) pass(message.type, message);
  else if (message.id === null) pass(message.event, message.payload);
  else receive(message);
}

function receive({ id, event, payload }) {
  if (!id || id <= lastId) return;
  remember(id);
  showToast(camelCase(event), payload);
  if (id <= writtenUpTo) return;
  if (event === "lesson_completed") showProgress(payload);
  else countUnread();
  refresh(event).catch(() => {});
}

/** Wait twice as long after each failure, and not all at the same moment after a restart of the server. */
function waitBefore(attempt) {
  return Math.min(LONGEST_WAIT, 1000 * 2 ** attempt) * (0.5 + Math.random() / 2);
}

function open() {
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
  socket.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
  socket.addEventListener("close", ({ code }) => {
    pass("lost", {});
    if (code === 4401) return; // Signed out elsewhere: there is nobody to tell.
    failures += 1;
    if (failures >= FAILURES_BEFORE_POLLING && !polling) {
      poll();
      polling = setInterval(poll, POLL_EVERY);
    }
    setTimeout(open, waitBefore(failures));
  });
}

/** Everything after the last number that this tab knows, newest first. */
async function missed() {
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
    pass("poll", {});
    const results = await missed();
    for (const message of results.reverse()) receive(message);
  } catch {
    // The next poll is soon enough.
  }
}

open();
