"""What a file is, by its content and never by its name."""

import struct

PICTURES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
"""The formats that are opened, and their media types."""

_VIDEO_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"qt  ", b"M4V ", b"dash")
_HEIC_BRANDS = (b"heic", b"heix", b"heif", b"hevc", b"mif1", b"msf1", b"heim", b"heis")
_OTHERS = (
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"\0\0\1\0", "ICO"),
    (b"8BPS", "Photoshop file"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"gimp xcf", "GIMP file"),
    (b"qoif", "QOI"),
    (b"BLP", "BLP"),
    (b"SIMPLE  =", "FITS"),
)


def picture_format(data: bytes) -> str | None:
    """The name of one of `PICTURES`, or None."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return "GIF" if data[:6] in (b"GIF87a", b"GIF89a") else None


def refusal(data: bytes) -> tuple[str, dict[str, str]]:
    """The line of `prompts/en/intake.toml`, and its inputs, for what is not one of `PICTURES`."""
    if not data:
        return "empty", {}
    head = data[:512]
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head.startswith((b"\x1aE\xdf\xa3", b"OggS")) or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return "video", {}
    if b"%PDF-" in head:
        return "pdf", {}
    if head.startswith((b"PK\3\4", b"PK\5\6", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")):
        return "archive", {}
    for magic, name in _OTHERS:
        if head.startswith(magic):
            return "other_picture", {"format": name}
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in text:
        return "svg", {}
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe")):
        return "html", {}
    return "not_a_picture", {}


def _by_brand(head: bytes) -> tuple[str, dict[str, str]]:
    brands = {head[i : i + 4] for i in range(8, min(len(head), struct.unpack(">I", head[:4])[0] or len(head)), 4)}
    if brands & {b"avif", b"avis"} and not brands & set(_VIDEO_BRANDS[:1]):
        return "other_picture", {"format": "AVIF"}
    if brands & set(_HEIC_BRANDS):
        return "heic", {}
    return ("video", {}) if brands & set(_VIDEO_BRANDS) else ("not_a_picture", {})
