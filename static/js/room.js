// The learning room: arrow keys switch lessons, "d" marks the lesson as done, and videos resume at the stored position.

const SAVE_EVERY_SECONDS = 10;
const player = document.querySelector("[data-video]");
let savedAt = Number(player?.dataset.position ?? 0);

function usesKeyboard(target) {
  return target.closest("input, textarea, select, video, pre, summary, [contenteditable], dialog") !== null;
}

function handleKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || usesKeyboard(event.target)) return;
  const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backward = document.documentElement.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
  if (event.key === forward) document.querySelector("[data-next]")?.click();
  if (event.key === backward) document.querySelector("[data-previous]")?.click();
  if (event.key === "d") document.querySelector("#room-end form button")?.click();
}

function savePosition(seconds) {
  savedAt = seconds;
  const token = document.querySelector('input[name="csrfmiddlewaretoken"]').value;
  const body = { lesson_id: player.dataset.lessonId, completed: false, position_seconds: Math.floor(seconds) };
  fetch(player.dataset.video, {
    method: "PATCH",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(body),
    keepalive: true,
  }).catch(() => {});
}

function playedUntil(seconds) {
  if (Math.abs(seconds - savedAt) >= SAVE_EVERY_SECONDS) savePosition(seconds);
}

function resumeFile() {
  const resume = () => {
    player.currentTime = savedAt;
  };
  if (player.readyState >= HTMLMediaElement.HAVE_METADATA) resume();
  else player.addEventListener("loadedmetadata", resume, { once: true });
  // The signed URL may expire during playback: reload it and resume at the position, at most once a minute.
  let reloadedAt = 0;
  player.addEventListener("error", () => {
    if (Date.now() - reloadedAt < 60_000) return;
    reloadedAt = Date.now();
    const at = player.currentTime || savedAt;
    player.addEventListener("loadedmetadata", () => { player.currentTime = at; }, { once: true });
    player.load();
  });
  player.addEventListener("timeupdate", () => playedUntil(player.currentTime));
  for (const moment of ["pause", "ended"]) player.addEventListener(moment, () => savePosition(player.currentTime));
}

/** The messages by which embedded players report their position. None of their scripts runs in this page. */
const PLAYERS = {
  youtube: {
    origin: "https://www.youtube-nocookie.com",
    request: { event: "listening", id: "lesson", channel: "widget" },
    seconds: ({ event, info }) => (event === "infoDelivery" ? info?.currentTime : undefined),
  },
  vimeo: {
    origin: "https://player.vimeo.com",
    request: { method: "addEventListener", value: "timeupdate" },
    seconds: ({ event, data }) => (event === "timeupdate" ? data?.seconds : undefined),
  },
};

function trackPosition({ origin, request, seconds }) {
  // Any target origin is allowed: the frame may not have loaded yet, and the message contains no secret.
  const requestPosition = () => player.contentWindow.postMessage(JSON.stringify(request), "*");
  player.addEventListener("load", requestPosition);
  requestPosition(); // The frame may have loaded before this script.
  window.addEventListener("message", (message) => {
    if (message.origin !== origin || message.source !== player.contentWindow) return;
    try {
      const report = typeof message.data === "string" ? JSON.parse(message.data) : message.data;
      if (report.event === "ready") requestPosition();
      const at = seconds(report);
      if (Number.isFinite(at)) playedUntil(at);
    } catch {
      // Not JSON, or an unknown message.
    }
  });
}

document.addEventListener("keydown", handleKey);
if (player?.dataset.player === "file") resumeFile();
else if (player) trackPosition(PLAYERS[player.dataset.player]);
