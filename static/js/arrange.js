// Drag and drop of lessons and sections by their handles. Without a pointer or scripts, the arrow buttons do the same.
// If the server refuses the new order, the old one is restored.

const course = document.querySelector("[data-arrange]");
const state = course?.querySelector("[data-arrange-state]");
const EDGE = 80; // distance from the edge of the window, in pixels, at which the page scrolls
const SCROLL = 14;

let dragged = null;
let before = [];

function places() {
  return [...course.querySelectorAll("[data-place]")];
}

function isSection(place) {
  return place.dataset.place.startsWith("section:");
}

/** Return the positions of all lessons and sections, for restorePositions(). */
function savePositions() {
  return places().map((place) => ({ place, parent: place.parentElement, next: place.nextElementSibling }));
}

function restorePositions(positions) {
  for (const { place, parent, next } of [...positions].reverse()) parent.insertBefore(place, next);
}

function renumber() {
  places().filter(isSection).forEach((section, index) => {
    section.querySelector("[data-number]").textContent = String(index + 1);
  });
}

function order() {
  return places().map((place) => place.dataset.place).join();
}

/** Move the dragged lesson before or after the lesson under the pointer, or into the empty section there. */
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
  before = savePositions();
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

function cancel() {
  if (!dragged) return;
  restorePositions(before);
  stop();
}

async function end() {
  if (!dragged) return;
  stop();
  if (order() === course.dataset.before) return;
  renumber();
  const positions = before;
  const body = new FormData();
  body.set("csrfmiddlewaretoken", course.querySelector('input[name="csrfmiddlewaretoken"]').value);
  for (const place of places()) body.append("place", place.dataset.place);
  try {
    const response = await fetch(course.dataset.arrange, { method: "POST", body });
    if (!response.ok) throw new Error(String(response.status));
    showState(course.dataset.moved, false);
  } catch {
    restorePositions(positions);
    renumber();
    showState(course.dataset.failed, true);
  }
}

function showState(text, isVisible) {
  state.textContent = text;
  state.classList.toggle("quiet-text", !isVisible);
}

if (course) {
  course.addEventListener("pointerdown", begin);
  course.addEventListener("pointermove", move);
  course.addEventListener("pointerup", end);
  course.addEventListener("pointercancel", cancel);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") cancel();
  });
}
