// The learning room: arrow keys turn lessons, "d" says done, and a video goes on where it stopped, on every device.

const SAVE_EVERY_SECONDS = 10;
const player = document.querySelector("[data-video]");
let savedAt = Number(player?.dataset.position ?? 0);

function hasTheKeyboard(target) {
  return target.closest("input, textarea, select, video, pre, summary, [contenteditable], dialog") !== null;
}

function turnLesson(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || hasTheKeyboard(event.target)) return;
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
  // A signed address runs out while one watches: ask for a fresh one, and go on where it stopped; once a minute at most.
  let askedAt = 0;
  player.addEventListener("error", () => {
    if (Date.now() - askedAt < 60_000) return;
    askedAt = Date.now();
    const at = player.currentTime || savedAt;
    player.addEventListener("loadedmetadata", () => { player.currentTime = at; }, { once: true });
    player.load();
  });
  player.addEventListener("timeupdate", () => playedUntil(player.currentTime));
  for (const moment of ["pause", "ended"]) player.addEventListener(moment, () => savePosition(player.currentTime));
}

/** Both players tell where they are by messages, once they are asked to; no script of theirs runs in our page. */
const DIALECTS = {
  youtube: {
    origin: "https://www.youtube-nocookie.com",
    ask: { event: "listening", id: "lesson", channel: "widget" },
    seconds: ({ event, info }) => (event === "infoDelivery" ? info?.currentTime : undefined),
  },
  vimeo: {
    origin: "https://player.vimeo.com",
    ask: { method: "addEventListener", value: "timeupdate" },
    seconds: ({ event, data }) => (event === "timeupdate" ? data?.seconds : undefined),
  },
};

function listenTo({ origin, ask, seconds }) {
  // To whoever is in the frame: before it has loaded that is nobody yet, and what we ask is no secret.
  const askThem = () => player.contentWindow.postMessage(JSON.stringify(ask), "*");
  player.addEventListener("load", askThem);
  askThem(); // It may have loaded before this script.
  window.addEventListener("message", (message) => {
    if (message.origin !== origin || message.source !== player.contentWindow) return;
    try {
      const news = typeof message.data === "string" ? JSON.parse(message.data) : message.data;
      if (news.event === "ready") askThem();
      const at = seconds(news);
      if (Number.isFinite(at)) playedUntil(at);
    } catch {
      // Not a message that we know.
    }
  });
}

document.addEventListener("keydown", turnLesson);
if (player?.dataset.player === "file") resumeFile();
else if (player) listenTo(DIALECTS[player.dataset.player]);
