// The learning room: arrow keys turn lessons, and a video goes on where it stopped, on every device.

const SAVE_EVERY_SECONDS = 10;
const video = document.querySelector("video[data-video]");

function hasTheKeyboard(target) {
  return target.closest("input, textarea, select, video, pre, summary, [contenteditable], dialog") !== null;
}

function turnLesson(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || hasTheKeyboard(event.target)) return;
  const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backward = document.documentElement.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
  if (event.key === forward) document.querySelector("[data-next]")?.click();
  if (event.key === backward) document.querySelector("[data-previous]")?.click();
}

function savePosition() {
  const token = document.querySelector('input[name="csrfmiddlewaretoken"]').value;
  const body = { lesson_id: video.dataset.lessonId, completed: false, position_seconds: Math.floor(video.currentTime) };
  fetch(video.dataset.video, {
    method: "PATCH",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(body),
    keepalive: true,
  }).catch(() => {});
}

function resumeVideo() {
  let savedAt = Number(video.dataset.position);
  video.currentTime = savedAt;
  video.addEventListener("timeupdate", () => {
    if (Math.abs(video.currentTime - savedAt) < SAVE_EVERY_SECONDS) return;
    savedAt = video.currentTime;
    savePosition();
  });
  video.addEventListener("pause", savePosition);
}

document.addEventListener("keydown", turnLesson);
if (video) resumeVideo();
