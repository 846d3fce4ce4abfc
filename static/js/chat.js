// The chat of a course without page reloads. Messages arrive by the WebSocket of live.js, or by polling without one.
// Messages that are sent offline are stored in the tab until the site has received them.

const chat = document.querySelector("[data-chat]");
const list = chat.querySelector("[data-messages]");
const form = chat.querySelector("[data-chat-form]");
const field = form.querySelector("textarea");
const connection = chat.querySelector("[data-connection]");
const template = chat.querySelector("template[data-message]");
const token = form.querySelector('input[name="csrfmiddlewaretoken"]').value;
const me = document.body.dataset.live;
const myName = document.querySelector(".menu-who strong")?.textContent ?? "";
const myPicture = document.querySelector(".topbar img.avatar")?.src;
const address = `/api/v1/courses/${chat.dataset.course}/messages/`;
const outboxKey = `chat:${me}:${chat.dataset.course}`;
const POLL_EVERY = 5_000;
const RETRY_EVERY = 3_000;
const NEAR_END_PIXELS = 200;

let outbox = loadOutbox();
let subscribed = false; // the socket receives the room's changes
let connected = false; // and all earlier changes are on the page
let sending = false;
let readUpTo = newestNumber();

function loadOutbox() {
  try {
    return JSON.parse(sessionStorage.getItem(outboxKey)) ?? [];
  } catch {
    return [];
  }
}

function saveOutbox() {
  try {
    sessionStorage.setItem(outboxKey, JSON.stringify(outbox));
  } catch {
    // Storage is unavailable: the outbox only exists in this page.
  }
}

function lines() {
  return [...list.querySelectorAll("[data-number]")];
}

function newestNumber() {
  return Math.max(0, ...lines().map(({ dataset }) => Number(dataset.number)));
}

function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => word?.[0] ?? "").join("").toUpperCase();
}

function formatTime(date) {
  return new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

/** Scroll the page, because the form is sticky at the bottom of the window. */
function scrollToEnd() {
  window.scrollTo({ top: document.documentElement.scrollHeight });
}

function newLine() {
  return template.content.cloneNode(true).firstElementChild;
}

function showPicture(line, name, picture) {
  const avatar = document.createElement(picture ? "img" : "span");
  avatar.className = "avatar";
  if (picture) Object.assign(avatar, { src: new URL(picture).pathname, alt: "", width: 72, height: 72 });
  else avatar.textContent = initials(name);
  avatar.setAttribute("aria-hidden", "true");
  line.querySelector(".avatar").replaceWith(avatar);
}

function fill(line, { author_id: authorId, author_name: name, author_avatar_url: picture, text, text_html: html, state, posted_at: postedAt, edited_at: editedAt }) {
  const mine = authorId === me;
  const part = (name) => line.querySelector(`[data-${name}]`);
  line.classList.toggle("mine", mine);
  line.classList.toggle("faded", state !== "shown");
  part("author").textContent = name;
  showPicture(line, name, picture);
  part("time").dateTime = postedAt;
  part("time").textContent = formatTime(new Date(postedAt));
  part("edited").hidden = !editedAt;
  part("deleted").hidden = state !== "deleted";
  part("hidden").hidden = state !== "hidden";
  // Moderators can still read hidden messages, whose text the event does not include.
  if (state !== "hidden" || text || !("moderates" in chat.dataset)) {
    if (html === undefined) part("text").textContent = text; // not sent yet
    else part("text").innerHTML = html; // sanitized by the server
  }
  for (const own of line.querySelectorAll("[data-own]")) own.hidden = !mine || state !== "shown";
  part("reply").hidden = mine;
  if (part("mute")) part("mute").hidden = mine;
  if (part("hide")) part("hide").hidden = state !== "shown";
  if (part("show")) part("show").hidden = state !== "hidden";
}

/** Insert a message by its number, or update it if it is on the page. */
function place(number, message) {
  let line = list.querySelector(`[data-number="${number}"]`);
  const isNearEnd = document.documentElement.scrollHeight - window.innerHeight - window.scrollY < NEAR_END_PIXELS;
  if (!line) {
    line = newLine();
    line.id = `message-${number}`;
    line.dataset.number = String(number);
    for (const link of line.querySelectorAll("a[href]")) link.href = link.getAttribute("href").replace("/0/", `/${number}/`);
    const actions = line.querySelector("form");
    actions.action = actions.getAttribute("action").replace("/0/", `/${number}/`);
    const later = lines().find(({ dataset }) => Number(dataset.number) > number);
    list.insertBefore(line, later ?? list.querySelector(".waiting"));
    chat.querySelector("[data-nothing]").hidden = true;
    if (isNearEnd) scrollToEnd();
  }
  fill(line, message);
}

/** Load the messages that were posted or changed while disconnected. Throws if the request fails. */
async function catchUp() {
  const wasSubscribed = subscribed;
  const before = newestNumber();
  let next = address + "?page_size=50";
  while (next) {
    const answer = await fetch(next, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = await answer.json();
    for (const message of page.results.reverse()) place(message.id, message);
    next = before && page.results[0]?.id > before + 1 ? page.next : null;
  }
  connected = wasSubscribed && subscribed;
  markRead();
}

function markRead() {
  if (document.hidden || newestNumber() <= readUpTo) return;
  readUpTo = newestNumber();
  post(`${address}unread`, { id: readUpTo }).catch(() => {});
}

function post(url, body, headers = {}) {
  return fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token, ...headers },
    body: JSON.stringify(body),
  });
}

function showWaiting() {
  for (const line of list.querySelectorAll(".waiting")) line.remove();
  for (const { text, at } of outbox) {
    const line = newLine();
    fill(line, { author_id: me, author_name: myName, author_avatar_url: myPicture, text, state: "shown", posted_at: at });
    line.removeAttribute("id");
    line.removeAttribute("data-number");
    line.querySelector("[data-menu]").remove();
    line.classList.add("waiting");
    list.append(line);
  }
  chat.querySelector("[data-nothing]").hidden = list.childElementCount > 0;
  connection.textContent = outbox.length && !navigator.onLine ? chat.dataset.waiting : "";
}

/** Send the outbox in order. Each message has an idempotency key, so that a retry does not post it twice. */
async function sendWaiting() {
  if (sending) return;
  sending = true;
  try {
    while (outbox.length) {
      const [{ text, key }] = outbox;
      const answer = await post(address, { text }, { "Idempotency-Key": key });
      if (answer.status === 409 || answer.status >= 500) throw new Error(String(answer.status));
      outbox.shift();
      saveOutbox();
      const message = await answer.json();
      showWaiting();
      if (answer.ok) place(message.id, message);
      else showRejected(text, message);
    }
  } catch {
    connection.textContent = chat.dataset.waiting;
    setTimeout(sendWaiting, RETRY_EVERY);
  } finally {
    sending = false;
  }
}

/** Put a rejected message back into the field and show the reason. */
function showRejected(text, { errors }) {
  if (!field.value) field.value = text;
  connection.textContent = [chat.dataset.refused, ...(errors ?? []).map(({ detail }) => detail)].join(" ");
}

function submitMessage(event) {
  event.preventDefault();
  const text = field.value.trim();
  if (!text) return;
  outbox.push({ text, key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, at: new Date().toISOString() });
  saveOutbox();
  field.value = "";
  showWaiting();
  scrollToEnd();
  sendWaiting();
}

function mention(button) {
  const name = button.closest(".message-line").querySelector("[data-author]").textContent;
  field.value = `@${name} ${field.value}`;
  button.closest("details").open = false;
  field.focus();
}

form.addEventListener("submit", submitMessage);
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
list.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-reply]");
  if (button) mention(button);
});
document.addEventListener("live:subscribed", () => {
  subscribed = true;
  catchUp().catch(() => {}); // The next poll retries.
  sendWaiting();
});
document.addEventListener("live:lost", () => { subscribed = connected = false; });
document.addEventListener("live:unsubscribed", () => location.reload());
document.addEventListener("live:chat_message", ({ detail }) => {
  if (detail.course_id !== chat.dataset.course) return;
  place(detail.message_id, detail);
  markRead();
});
document.addEventListener("visibilitychange", markRead);
window.addEventListener("online", sendWaiting);
setInterval(() => {
  if (!connected) catchUp().catch(() => {});
}, POLL_EVERY);

showWaiting();
if (outbox.length) sendWaiting();
if (lines().length && (!location.hash || location.hash === "#end")) scrollToEnd();
