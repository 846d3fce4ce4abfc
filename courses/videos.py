"""Video URLs: embeddable players of YouTube and Vimeo, files, and links."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, urlsplit

from django.urls import reverse

from courses.models import Lesson

YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{6,20}")
YOUTUBE_HOSTS = {
    "youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com",
    "youtube-nocookie.com", "www.youtube-nocookie.com",
}  # fmt: skip
YOUTUBE_PATHS = {"embed", "live", "shorts", "v"}
VIMEO_HOSTS = {"vimeo.com", "www.vimeo.com", "player.vimeo.com"}
VIMEO_EVENT = re.compile(r"/event/(\d{4,12})(?:/embed)?(?:/([0-9a-f]{6,16}))?/?")
VIMEO_VIDEO = re.compile(r"/(\d{5,12})(?:/([0-9a-f]{6,16}))?/?$")
VIMEO_KEY = re.compile(r"[0-9a-f]{6,16}")
START = re.compile(r"(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s?)?", re.ASCII)
FILE_EXTENSIONS = (".mp4", ".webm", ".m4v", ".ogv")


class Video(NamedTuple):
    """A video: `kind` is "youtube", "vimeo", "file" or "link"; `address` is the URL to embed, play or link to."""

    kind: str
    address: str


def get_lesson_video(lesson: Lesson, start: int = 0) -> Video | None:
    """Return the video of a lesson, preferring an uploaded file over a URL; None if it has neither."""
    uploaded = lesson.video_file
    if uploaded is not None:
        return Video("file", reverse("files:play", args=[uploaded.pk]))
    return parse_video_url(lesson.video_url, start) if lesson.video_url else None


def parse_video_url(url: str, start: int = 0) -> Video:
    """Return the video at a URL, to be played from second `start`, or else from the time in the URL.

    A player's URL contains only ids and keys of the expected form. The players are served by the hosts in
    `settings.VIDEO_HOSTS`, which set no cookies before playback starts. The URL is never fetched (quality row C07).
    """
    parts = urlsplit(url)
    player = _find_youtube_player(parts) or _find_vimeo_player(parts)
    if player is None:
        return Video("file" if parts.path.lower().endswith(FILE_EXTENSIONS) else "link", url)
    seconds = start or _find_start(parts)
    if player.kind == "youtube":
        return Video("youtube", f"{player.address}?enablejsapi=1&start={seconds}")
    return Video("vimeo", f"{player.address}#t={seconds}s")


def _find_youtube_player(parts: SplitResult) -> Video | None:
    host = (parts.hostname or "").lower()
    path_type, _slash, rest = parts.path.strip("/").partition("/")
    if host == "youtu.be":
        video_id = path_type
    elif host not in YOUTUBE_HOSTS:
        return None
    elif path_type in YOUTUBE_PATHS:
        video_id = rest
    else:
        video_id = _get_parameter(parts, "v")
    if not YOUTUBE_ID.fullmatch(video_id):
        return None
    return Video("youtube", f"https://www.youtube-nocookie.com/embed/{video_id}")


def _find_vimeo_player(parts: SplitResult) -> Video | None:
    """Return the player of a video or of an event, with the key `h` that an unlisted one requires."""
    if (parts.hostname or "").lower() not in VIMEO_HOSTS:
        return None
    key = _get_parameter(parts, "h")
    if event := VIMEO_EVENT.fullmatch(parts.path):
        key = event[2] or (key if VIMEO_KEY.fullmatch(key) else "")
        return Video("vimeo", f"https://vimeo.com/event/{event[1]}/embed" + (f"/{key}" if key else ""))
    video = VIMEO_VIDEO.search(parts.path)
    if video is None:
        return None
    key = video[2] or (key if VIMEO_KEY.fullmatch(key) else "")
    return Video("vimeo", f"https://player.vimeo.com/video/{video[1]}?dnt=1" + (f"&h={key}" if key else ""))


def _find_start(parts: SplitResult) -> int:
    """Return the second at which a URL starts the video: `t` or `start` such as 83, 83s or 1h2m3s; 0 without one."""
    fragment = parse_qs(parts.fragment).get("t", [""])[0]
    text = _get_parameter(parts, "t") or _get_parameter(parts, "start") or fragment
    found = START.fullmatch(text)
    if found is None:
        return 0
    hours, minutes, seconds = (int(group or 0) for group in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def _get_parameter(parts: SplitResult, name: str) -> str:
    return parse_qs(parts.query).get(name, [""])[0]
