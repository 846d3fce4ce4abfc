// A course's chat without reloads: what others say appears, what one says is kept until the site has it, however the
// network is. Without a socket, the list is asked for every few seconds.

const chat = document.querySelector("[data-chat]");
const list = chat.querySelector("[data-messages]");
const form = chat.querySelector("[data-chat-form]");
const field = form.querySelector("textarea");
const connection = chat.querySelector("[data-connection]");
const template = chat.querySelector("template[data-message]");
const token = form.querySelector('input[name="csrfmiddlewaretoken"]').value;
const me = document.body.dataset.live;
const myName = document.querySelector(".menu-who strong")?.textContent ?? "";
const address = `/api/v1/courses/${chat.dataset.course}/messages/`;
const outboxKey = `chat:${me}:${chat.dataset.course}`;
const POLL_EVERY = 5_000;
const RETRY_EVERY = 3_000;
const NEAR_THE_END = 200;

let outbox = kept();
let inside = false; // the socket is in the room, and brings what happens from then on
let connected = false; // and what happened before is here, too
let sending = false;
let readUpTo = newest();

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(outboxKey)) ?? [];
  } catch {
    return [];
  }
}

function keep() {
  try {
    sessionStorage.setItem(outboxKey, JSON.stringify(outbox));
  } catch {
    // Kept by this page only.
  }
}

function lines() {
  return [...list.querySelectorAll("[data-number]")];
}

function newest() {
  return Math.max(0, ...lines().map(({ dataset }) => Number(dataset.number)));
}

function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => word?.[0] ?? "").join("").toUpperCase();
}

function shownTime(date) {
  return new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

/** The form sticks to the window's edge, so it is the page that has to go down. */
function scrollToTheEnd() {
  window.scrollTo({ top: document.documentElement.scrollHeight });
}

function newLine() {
  return template.content.cloneNode(true).firstElementChild;
}

function fill(line, { author_id: authorId, author_name: name, text, state, posted_at: postedAt, edited_at: editedAt }) {
  const mine = authorId === me;
  const part = (what) => line.querySelector(`[data-${what}]`);
  line.classList.toggle("mine", mine);
  line.classList.toggle("faded", state !== "shown");
  part("author").textContent = name;
  line.querySelector(".avatar").textContent = initials(name);
  part("time").dateTime = postedAt;
  part("time").textContent = shownTime(new Date(postedAt));
  part("edited").hidden = !editedAt;
  part("deleted").hidden = state !== "deleted";
  part("hidden").hidden = state !== "hidden";
  // Who keeps order goes on reading what is hidden, and the news does not carry it.
  if (state !== "hidden" || text || !("moderates" in chat.dataset)) part("text").textContent = text;
  for (const own of line.querySelectorAll("[data-own]")) own.hidden = !mine || state !== "shown";
  part("reply").hidden = mine;
  if (part("mute")) part("mute").hidden = mine;
  if (part("hide")) part("hide").hidden = state !== "shown";
  if (part("show")) part("show").hidden = state !== "hidden";
}

/** Put a message where its number belongs; one that stands there already is brought up to date. */
function place(number, message) {
  let line = list.querySelector(`[data-number="${number}"]`);
  const atTheEnd = document.documentElement.scrollHeight - window.innerHeight - window.scrollY < NEAR_THE_END;
  if (!line) {
    line = newLine();
    line.id = `message-${number}`;
    line.dataset.number = String(number);
    for (const link of line.querySelectorAll("a[href]")) link.href = link.getAttribute("href").replace("/0/", `/${number}/`);
    const act = line.querySelector("form");
    act.action = act.getAttribute("action").replace("/0/", `/${number}/`);
    const later = lines().find(({ dataset }) => Number(dataset.number) > number);
    list.insertBefore(line, later ?? list.querySelector(".waiting"));
    chat.querySelector("[data-nothing]").hidden = true;
    if (atTheEnd) scrollToTheEnd();
  }
  fill(line, message);
}

/** What was said, changed or taken back while nothing got through. Fails where it does not get through, either. */
async function catchUp() {
  const isInside = inside;
  const before = newest();
  let next = address + "?page_size=50";
  while (next) {
    const answer = await fetch(next, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = await answer.json();
    for (const message of page.results.reverse()) place(message.id, message);
    next = before && page.results[0]?.id > before + 1 ? page.next : null;
  }
  connected = isInside && inside;
  markRead();
}

function markRead() {
  if (document.hidden || newest() <= readUpTo) return;
  readUpTo = newest();
  post(`${address}unread`, { id: readUpTo }).catch(() => {});
}

function post(where, body, headers = {}) {
  return fetch(where, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token, ...headers },
    body: JSON.stringify(body),
  });
}

function showWaiting() {
  for (const line of list.querySelectorAll(".waiting")) line.remove();
  for (const { text, at } of outbox) {
    const line = newLine();
    fill(line, { author_id: me, author_name: myName, text, state: "shown", posted_at: at });
    line.removeAttribute("id");
    line.removeAttribute("data-number");
    line.querySelector("[data-menu]").remove();
    line.classList.add("waiting");
    list.append(line);
  }
  chat.querySelector("[data-nothing]").hidden = list.childElementCount > 0;
  connection.textContent = outbox.length && !navigator.onLine ? chat.dataset.waiting : "";
}

/** Send what waits, in order. Each has a key of its own, so that one whose answer got lost is not said twice. */
async function sendWaiting() {
  if (sending) return;
  sending = true;
  try {
    while (outbox.length) {
      const [{ text, key }] = outbox;
      const answer = await post(address, { text }, { "Idempotency-Key": key });
      if (answer.status === 409 || answer.status >= 500) throw new Error(String(answer.status));
      outbox.shift();
      keep();
      const said = await answer.json();
      showWaiting();
      if (answer.ok) place(said.id, said);
      else refuse(text, said);
    }
  } catch {
    connection.textContent = chat.dataset.waiting;
    setTimeout(sendWaiting, RETRY_EVERY);
  } finally {
    sending = false;
  }
}

/** What the site does not take comes back into the field, with the reason. */
function refuse(text, { errors }) {
  if (!field.value) field.value = text;
  connection.textContent = [chat.dataset.refused, ...(errors ?? []).map(({ detail }) => detail)].join(" ");
}

function say(event) {
  event.preventDefault();
  const text = field.value.trim();
  if (!text) return;
  outbox.push({ text, key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, at: new Date().toISOString() });
  keep();
  field.value = "";
  showWaiting();
  scrollToTheEnd();
  sendWaiting();
}

function mention(button) {
  const name = button.closest(".message-line").querySelector("[data-author]").textContent;
  field.value = `@${name} ${field.value}`;
  button.closest("details").open = false;
  field.focus();
}

form.addEventListener("submit", say);
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
  inside = true;
  catchUp().catch(() => {}); // The next look is soon enough.
  sendWaiting();
});
document.addEventListener("live:lost", () => { inside = connected = false; });
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
if (lines().length && (!location.hash || location.hash === "#end")) scrollToTheEnd();
