"""Hostile files: bombs, polyglots, files cut off or changed, and things that are no pictures. All made here, seeded."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator

from PIL import Image, ImageDraw
from PIL.ExifTags import GPS, Base

SECRET = b"PLANTED-SECRET-7Q2"
"""Stands in metadata and behind the end; no stored copy may hold it."""
Named = tuple[str, bytes, str]
"""(name, bytes, what is expected: "clean", "refused", or "either")."""


def screen(width: int = 320, height: int = 200, mode: str = "RGB") -> Image.Image:
    """A small screen with words on it."""
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((10, 10, width - 10, 40), fill="#205080")
    draw.text((20, 18), "Settings", fill="white")
    draw.text((20, 60), "Changes could not be saved", fill="#b02020")
    return picture.convert(mode)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    width: int, height: int, *, depth: int = 1, colour: int = 0, extra: bytes = b"", rows: int | None = None
) -> bytes:
    """A PNG of zeros written without ever holding its pixels."""
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = b"\0" * (1 + (width * bits + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(6)) if colour == 3 else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + palette + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def with_metadata(kind: str) -> bytes:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    exif[Base.ImageDescription] = SECRET.decode()
    exif.get_ifd(0x8825)[GPS.GPSLatitude] = (48.0, 12.0, 1.0)
    options: dict[str, object] = {"exif": exif, "icc_profile": b"\0" * 128 + SECRET}
    if kind == "JPEG":
        options["comment"] = SECRET
    if kind in ("JPEG", "WEBP"):
        options["xmp"] = b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"
    return saved(screen(), kind, **options)


def honest() -> Iterator[Named]:
    """Pictures that must be taken, in every mode that a screenshot tool may write."""
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        source = Image.new("I;16", (64, 48), 40_000) if mode == "I;16" else screen(mode=mode)
        yield f"png {mode}", saved(source, "PNG"), "clean"
    for mode in ("L", "RGB", "CMYK"):
        yield f"jpeg {mode}", saved(screen(mode=mode), "JPEG", quality=60), "clean"
    yield "jpeg progressive", saved(screen(), "JPEG", progressive=True), "clean"
    for lossless in (True, False):
        yield f"webp lossless={lossless}", saved(screen(mode="RGBA"), "WEBP", lossless=lossless), "clean"
    yield "gif", saved(screen(), "GIF"), "clean"
    yield "png 1x1", saved(Image.new("RGB", (1, 1)), "PNG"), "clean"
    for kind in ("PNG", "JPEG", "WEBP"):
        yield f"{kind} with metadata", with_metadata(kind), "clean"
        yield f"{kind} with a tail", saved(screen(), kind) + SECRET * 100, "clean"
    yield "wrong name: JPEG called .png", saved(screen(), "JPEG"), "clean"
    second = screen().transpose(Image.Transpose.ROTATE_180)
    yield "MPO in JPEG's clothes", saved(screen(), "MPO", save_all=True, append_images=[second]), "clean"


def bombs(*, large: bool = True) -> Iterator[Named]:
    """Small files that ask for much memory or time."""
    yield "png header alone, 60,000 x 60,000", png(60_000, 60_000, rows=0), "refused"
    for side in (5_000, 5_200, 6_400, 9_400, 13_300) if large else (5_200,):
        yield f"png {side} x {side}", png(side, side), "refused"
    yield "png 24 megapixels", png(6_000, 4_000, depth=8, colour=2), "clean"
    if large:
        yield "png 24 megapixels, four bands", png(6_000, 4_000, depth=8, colour=6), "clean"
        yield "png 24 megapixels, 16 bits", png(6_000, 4_000, depth=16, colour=6), "either"
        yield "jpeg 64 megapixels", saved(Image.new("RGB", (8_000, 8_000), "#a0b0c0"), "JPEG"), "clean"
        yield "jpeg 81 megapixels", saved(Image.new("L", (9_000, 9_000)), "JPEG"), "refused"
        yield (
            "jpeg progressive, 36 megapixels",
            saved(Image.new("L", (6_000, 6_000)), "JPEG", progressive=True),
            "refused",
        )
        yield "webp 24 megapixels", saved(Image.new("RGB", (6_000, 4_000), "#a0b0c0"), "WEBP", method=0), "clean"
        yield "webp 100 megapixels", saved(Image.new("RGB", (10_000, 10_000)), "WEBP", method=0), "refused"
        yield "gif 36 megapixels", saved(Image.new("P", (6_000, 6_000)), "GIF"), "refused"
    yield "png 30,000 wide and 10 high", png(30_000, 10), "refused"
    frames = [Image.new("P", (64, 64), n % 7) for n in range(200 if not large else 2_000)]
    yield "gif of many frames", saved(frames[0], "GIF", save_all=True, append_images=frames[1:]), "clean"
    some = frames[:200]
    yield "apng of many frames", saved(some[0], "PNG", save_all=True, append_images=some[1:]), "clean"
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000), 9))
    yield "png with 100 MB of packed text", png(64, 64, extra=text * 100), "clean"
    yield "png with 50,000 chunks", png(64, 64, extra=chunk(b"tEXt", b"k\0v") * 50_000), "clean"
    profile = chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(60_000_000), 9))
    yield "png with a profile of 60 MB", png(64, 64, extra=profile), "clean"
    yield "png whose pixels run on", png(64, 64, rows=200_000), "either"
    yield "png with too few rows", png(64, 64, rows=10), "either"


def polyglots() -> Iterator[Named]:
    """Files that are two things at once."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("run.sh", SECRET)
    page = b"<html><script>alert('" + SECRET + b"')</script></html>"
    yield "PNG and ZIP", saved(screen(), "PNG") + archive.getvalue(), "clean"
    yield "JPEG and HTML", saved(screen(), "JPEG", comment=page) + page, "clean"
    yield "GIF and script", saved(screen(), "GIF") + b";/*" + SECRET + b"*/", "clean"
    yield "PDF and JPEG", b"%PDF-1.4\n" + saved(screen(), "JPEG"), "refused"
    yield "HTML, then PNG", page + saved(screen(), "PNG"), "refused"
    yield "ZIP called .png", archive.getvalue(), "refused"


def not_pictures() -> Iterator[Named]:
    """Everything else that people send."""
    for kind in ("BMP", "TIFF", "ICO", "PPM", "TGA", "PCX", "DDS", "SGI", "JPEG2000", "AVIF", "EPS", "PDF"):
        try:
            yield f"{kind}", saved(screen(), kind), "refused"
        except (OSError, KeyError, ValueError):
            continue
    yield "empty", b"", "refused"
    yield "one byte", b"\x89", "refused"
    yield "text", b"Settings could not be saved\n" * 50, "refused"
    yield "noise", random.Random(1).randbytes(4096), "refused"
    yield "HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200), "refused"
    yield "MP4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(200), "refused"
    yield "SVG with script", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "refused"
    yield "SVG behind a declaration", b"<?xml version='1.0'?><!DOCTYPE svg><svg></svg>", "refused"
    yield "HTML", b"<!DOCTYPE html><title>x</title>", "refused"
    yield "SVG that calls home", b"<svg><image href='http://example.com/x.png'/></svg>", "refused"
    yield "ELF", b"\x7fELF\2\1\1" + bytes(100), "refused"
    yield "BLP bomb", b"BLP2" + struct.pack("<IBBBBII", 1, 3, 8, 1, 0, 16_000, 16_000) + bytes(256), "refused"


def damaged(seed: int = 5, flips: int = 12) -> Iterator[Named]:
    """Pictures cut off at each tenth, and with bytes changed at random."""
    rng = random.Random(seed)
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        data = saved(screen(), kind)
        for tenth in range(1, 10):
            yield f"{kind} cut off at {tenth} tenths", data[: len(data) * tenth // 10], "either"
        for number in range(flips):
            changed = bytearray(data)
            for _ in range(1 + number % 5):
                changed[rng.randrange(8, len(changed))] = rng.randrange(256)
            yield f"{kind} with bytes changed, {number}", bytes(changed), "either"
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x08\0\0\0"
    body = saved(screen(), "JPEG")
    yield (
        "EXIF that points at itself",
        body[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + body[2:],
        "clean",
    )
    yield "EXIF of garbage", body[:2] + b"\xff\xe1\0\x10Exif\0\0" + b"\xff" * 8 + body[2:], "clean"
    yield "PNG of no size", png(1, 1).replace(struct.pack(">II", 1, 1), struct.pack(">II", 0, 0)), "refused"
    yield "PNG with a chunk of 4 GB", saved(screen(), "PNG")[:33] + b"\xff\xff\xff\xffIDAT" + bytes(50), "either"


def everything() -> list[Named]:
    """All of them."""
    return [*honest(), *bombs(), *polyglots(), *not_pictures(), *damaged(flips=14)]
