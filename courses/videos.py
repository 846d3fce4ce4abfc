"""Video URLs: embeddable players of YouTube and Vimeo, files, and links."""

import re
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from django.urls import reverse

from courses.models import Lesson

YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{6,20}")
YOUTUBE_HOSTS = {"youtube.com", "www.youtube.com", "m.youtube.com", "youtube-nocookie.com", "www.youtube-nocookie.com"}
VIMEO_HOSTS = {"vimeo.com", "www.vimeo.com", "player.vimeo.com"}
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
    """Return the video at a URL, to be played from second `start`.

    A player's URL contains only an id of the expected form. The players are served by the hosts in
    `settings.VIDEO_HOSTS`, which set no cookies before playback starts. The URL is never fetched (quality row C07).
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if video_id := _find_youtube_id(host, parts.path, parts.query):
        return Video("youtube", f"https://www.youtube-nocookie.com/embed/{video_id}?enablejsapi=1&start={start}")
    vimeo_match = re.search(r"/(\d{5,12})(?:/([0-9a-f]{6,16}))?/?$", parts.path)
    if host in VIMEO_HOSTS and vimeo_match:
        hash_query = f"&h={vimeo_match[2]}" if vimeo_match[2] else ""
        return Video("vimeo", f"https://player.vimeo.com/video/{vimeo_match[1]}?dnt=1{hash_query}#t={start}s")
    return Video("file" if parts.path.lower().endswith(FILE_EXTENSIONS) else "link", url)


def _find_youtube_id(host: str, path: str, query: str) -> str | None:
    if host == "youtu.be":
        video_id = path.strip("/")
    elif host in YOUTUBE_HOSTS:
        path_type, _slash, rest = path.strip("/").partition("/")
        video_id = rest if path_type in ("embed", "shorts", "live") else parse_qs(query).get("v", [""])[0]
    else:
        return None
    return video_id if YOUTUBE_ID.fullmatch(video_id) else None
