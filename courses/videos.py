"""What a video address leads to: a player of YouTube or Vimeo that may stand in our page, a file, or a link."""

import re
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from django.urls import reverse

from courses.models import Lesson

YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{6,20}")
YOUTUBE = {"youtube.com", "www.youtube.com", "m.youtube.com", "youtube-nocookie.com", "www.youtube-nocookie.com"}
VIMEO = {"vimeo.com", "www.vimeo.com", "player.vimeo.com"}
FILES = (".mp4", ".webm", ".m4v", ".ogv")


class Video(NamedTuple):
    """A video: `kind` is "youtube", "vimeo", "file" or "link", `address` what the page plays or points at."""

    kind: str
    address: str


def video_of_lesson(lesson: Lesson, start: int = 0) -> Video | None:
    """Return how to show a lesson's video, the uploaded one first; None where it has none."""
    uploaded = lesson.video_file
    if uploaded is not None:
        return Video("file", reverse("files:play", args=[uploaded.pk]))
    return video_of(lesson.video_url, start) if lesson.video_url else None


def video_of(address: str, start: int = 0) -> Video:
    """Return how to show the video at `address`, from second `start` on.

    Only an id of the known form ever reaches a player's address, and the players are of the hosts in
    `settings.VIDEO_HOSTS`, which set no cookies before somebody presses play. Fetches nothing (QUALITY C07).
    """
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    if found := _youtube_id(host, parts.path, parts.query):
        return Video("youtube", f"https://www.youtube-nocookie.com/embed/{found}?enablejsapi=1&start={start}")
    numbers = re.search(r"/(\d{5,12})(?:/([0-9a-f]{6,16}))?/?$", parts.path)
    if host in VIMEO and numbers:
        secret = f"&h={numbers[2]}" if numbers[2] else ""
        return Video("vimeo", f"https://player.vimeo.com/video/{numbers[1]}?dnt=1{secret}#t={start}s")
    return Video("file" if parts.path.lower().endswith(FILES) else "link", address)


def _youtube_id(host: str, path: str, query: str) -> str | None:
    if host == "youtu.be":
        named = path.strip("/")
    elif host in YOUTUBE:
        kind, _slash, rest = path.strip("/").partition("/")
        named = rest if kind in ("embed", "shorts", "live") else parse_qs(query).get("v", [""])[0]
    else:
        return None
    return named if YOUTUBE_ID.fullmatch(named) else None
