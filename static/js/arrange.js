// Lessons and sections are dragged by their grips, with a mouse or a finger; the arrows beside them do the same from the
// keyboard, and without a script. What the server does not take goes back to where it was.

const course = document.querySelector("[data-arrange]");
const state = course?.querySelector("[data-arrange-state]");
const EDGE = 80; // pixels from the window's edge where the page begins to scroll
const SCROLL = 14;

let dragged = null;
let before = [];

function places() {
  return [...course.querySelectorAll("[data-place]")];
}

function isSection(place) {
  return place.dataset.place.startsWith("section:");
}

/** Remember where everything is, so that it can all go back. */
function remember() {
  return places().map((place) => ({ place, parent: place.parentElement, next: place.nextElementSibling }));
}

function putBack(kept) {
  for (const { place, parent, next } of [...kept].reverse()) parent.insertBefore(place, next);
}

function renumber() {
  places().filter(isSection).forEach((section, index) => {
    section.querySelector("[data-number]").textContent = String(index + 1);
  });
}

function order() {
  return places().map((place) => place.dataset.place).join();
}

/** Put a lesson before or after the one that the pointer is on, or into the empty section under it. */
function dropLesson(x, y) {
  const under = document.elementFromPoint(x, y);
  const other = under?.closest("li[data-place]");
  if (other && other !== dragged) {
    const box = other.getBoundingClientRect();
    other.parentElement.insertBefore(dragged, y < box.top + box.height / 2 ? other : other.nextElementSibling);
    return;
  }
  const section = under?.closest("section[data-place]");
  if (!section || section.contains(dragged)) return;
  const list = section.querySelector("[data-lessons]");
  const isAbove = y < list.getBoundingClientRect().top;
  list.insertBefore(dragged, isAbove ? list.firstElementChild : null);
}

function dropSection(x, y) {
  const other = document.elementFromPoint(x, y)?.closest("section[data-place]");
  if (!other || other === dragged) return;
  const isFurtherDown = dragged.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
  const box = other.getBoundingClientRect();
  if (isFurtherDown && y > box.top + box.height / 2) other.after(dragged);
  if (!isFurtherDown && y < box.top + box.height / 2) other.before(dragged);
}

function begin(event) {
  const grip = event.target.closest("[data-grip]");
  if (!grip || event.button !== 0 || dragged) return;
  event.preventDefault();
  dragged = grip.closest("[data-place]");
  before = remember();
  course.dataset.before = order();
  dragged.classList.add("dragging");
  document.documentElement.classList.add("arranging");
  course.setPointerCapture(event.pointerId);
}

function move(event) {
  if (!dragged) return;
  if (event.clientY < EDGE) window.scrollBy(0, -SCROLL);
  if (event.clientY > window.innerHeight - EDGE) window.scrollBy(0, SCROLL);
  const x = Math.min(Math.max(event.clientX, 1), window.innerWidth - 1);
  if (isSection(dragged)) dropSection(x, event.clientY);
  else dropLesson(x, event.clientY);
}

function stop() {
  dragged.classList.remove("dragging");
  document.documentElement.classList.remove("arranging");
  dragged = null;
}

function giveUp() {
  if (!dragged) return;
  putBack(before);
  stop();
}

async function end() {
  if (!dragged) return;
  stop();
  if (order() === course.dataset.before) return;
  renumber();
  const kept = before;
  const body = new FormData();
  body.set("csrfmiddlewaretoken", course.querySelector('input[name="csrfmiddlewaretoken"]').value);
  for (const place of places()) body.append("place", place.dataset.place);
  try {
    const answer = await fetch(course.dataset.arrange, { method: "POST", body });
    if (!answer.ok) throw new Error(String(answer.status));
    say(course.dataset.moved, false);
  } catch {
    putBack(kept);
    renumber();
    say(course.dataset.failed, true);
  }
}

function say(sentence, isSeen) {
  state.textContent = sentence;
  state.classList.toggle("quiet-text", !isSeen);
}

if (course) {
  course.addEventListener("pointerdown", begin);
  course.addEventListener("pointermove", move);
  course.addEventListener("pointerup", end);
  course.addEventListener("pointercancel", giveUp);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") giveUp();
  });
}
