"""Small sample files of every accepted type, and of types that must be rejected."""

import io
import struct
import zipfile
import zlib
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def image(format: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    """Return an image."""
    packed = io.BytesIO()
    Image.new("RGB", size, (200, 80, 40)).save(packed, format)
    return packed.getvalue()


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """Return a PNG of a few hundred bytes whose header declares 2.5 billion pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def packed(**names: bytes) -> bytes:
    """Return a ZIP archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def office(folder: str, extra: str = "") -> bytes:
    """Return an archive with the entry names of an Office file."""
    parts = {"[Content_Types].xml": b"<Types/>", f"{folder}/document.xml": b"<w/>"}
    return packed(**parts, **({extra: b"x"} if extra else {}))


def open_document(kind: str) -> bytes:
    """Return an archive with the entry names of an OpenDocument file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr("content.xml", "<x/>")
    return buffer.getvalue()


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
MP4 = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + b"\0\0\0\x08free" + b"\0" * 3000


def mp4(*brands: bytes) -> bytes:
    """Return the start of an ISO media file with a major brand and compatible brands."""
    box = b"ftyp" + brands[0] + b"\0\0\0\1" + b"".join(brands)
    return struct.pack(">I", len(box) + 4) + box + b"\0\0\0\x08free" + b"\0" * 3000


WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webmB\x87\x81\x04" + b"\0" * 200

ACCEPTED: dict[str, tuple[bytes, str]] = {
    "a.png": (image(), "image/png"),
    "a.jpg": (image("JPEG"), "image/jpeg"),
    "a.webp": (image("WEBP"), "image/webp"),
    "a.gif": (image("GIF"), "image/gif"),
    "a.pdf": (PDF, "application/pdf"),
    "a.txt": ("Äpfel & Birnen < Obst".encode(), "text/plain"),
    "old.csv": ("name;grade\nJosé;4".encode("cp1252"), "text/csv"),
    "a.md": (b"# Notes\n\n<br> a line", "text/markdown"),
    "a.docx": (office("word"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "a.xlsx": (office("xl"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "a.pptx": (office("ppt"), "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    "a.odt": (open_document("text"), "application/vnd.oasis.opendocument.text"),
    "a.zip": (packed(a=b"a"), "application/zip"),
    "a.mp3": (b"ID3\x03\0\0\0\0\0\x21" + b"\0" * 400, "audio/mpeg"),
    "a.mp4": (MP4, "video/mp4"),
    "a.webm": (WEBM, "video/webm"),
    **{
        f"{brand}.mp4": (mp4(brand.encode()), "video/mp4") for brand in ("iso5", "iso6", "avc1", "dash", "mp41", "mp42")
    },
    "msnv.mp4": (mp4(b"MSNV", b"mp42", b"isom"), "video/mp4"),
}
ACCEPTED_SUBMISSIONS: dict[str, tuple[bytes, str]] = {
    "a.mov": (mp4(b"qt  "), "video/quicktime"),
    "a.m4a": (mp4(b"M4A ", b"mp42"), "audio/mp4"),
    "a.heic": (mp4(b"heic", b"mif1", b"heic"), "image/heic"),
    "burst.heic": (mp4(b"mif1", b"heic"), "image/heic"),
    "a.heif": (mp4(b"mif1", b"heix"), "image/heif"),
    "a.ipynb": (b'{"cells": [], "nbformat": 4}', "application/x-ipynb+json"),
}

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
REJECTED: dict[str, bytes] = {
    "a.svg": SVG,
    "svg.png": SVG,
    "svg.txt": SVG,
    "a.html": HTML,
    "html.png": HTML,
    "html.txt": b"\xef\xbb\xbf  \n<!-- x --> <HTML><body onload=alert(1)>",
    "double.png.html": image(),
    "a.xml": b'<?xml version="1.0"?><a/>',
    "xml.csv": b'<?xml version="1.0"?><a/>',
    "a.exe": b"MZ" + b"\0" * 200,
    "exe.pdf": b"MZ" + b"\0" * 200,
    "elf.zip": b"\x7fELF" + b"\0" * 200,
    "script.md": b"#!/bin/sh\nrm -rf /",
    "php.txt": b"<?php system($_GET['c']);",
    "binary.txt": b"text\0with\0holes",
    "macros.docx": office("word", "word/vbaProject.bin"),
    "sheet.docx": office("xl"),
    "plain.pdf": b"no PDF at all",
    "torn.webp": b"RIFF\0\0\0\0WEBP",
    "movie.heic": MP4,
    "picture.mp4": mp4(b"heic", b"mif1"),
    "html.ipynb": HTML,
    "no-notebook.ipynb": b"[1, 2]",
    "no-extension": b"x",
    ".htaccess": b"x",
}


def upload(name: str, content: bytes, content_type: str = "application/octet-stream") -> SimpleUploadedFile:
    """Return an upload as a view receives it."""
    return SimpleUploadedFile(name, content, content_type)


def form(name: str, content: bytes, **fields: Any) -> dict[str, Any]:
    """Return the form fields of an API upload."""
    return {**{key: str(value) for key, value in fields.items()}, "file": upload(name, content)}
