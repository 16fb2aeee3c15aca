"""Opens hostile pictures, in a process of its own with limits of memory and time: `intake` runs this file as a script.

It imports nothing of ours. One request after another comes on stdin (format, length, bytes); an answer (JSON, clean
picture) goes to stdout. A picture that breaks a limit kills this process, and `intake` refuses it and starts another.
"""

import io
import json
import math
import os
import resource
import signal
import struct
import sys
from typing import BinaryIO

from PIL import Image, ImageFile

PIXELS = 24_000_000
JPEG_PIXELS = 64_000_000
"""JPEG can be decoded at half or a quarter of its size for less, down to `PIXELS`."""
WEBP_PIXELS = 8_000_000
"""Above this Pillow's decoder for WebP, which holds four copies of a picture, needs too much memory."""
SIDE = 20_000
MEMORY = 900 * 2**20
"""Address space of this process: pictures within the bounds above need a third of it as real memory."""
SECONDS = 2
MEDIA = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
DAMAGED = (
    OSError, SyntaxError, ValueError, TypeError, AttributeError, ArithmeticError, LookupError, EOFError, RuntimeError,
    struct.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow raises on bad files, in one place or another."""


class Refuse(Exception):
    def __init__(self, line: str, **inputs: object) -> None:
        super().__init__(line)
        self.answer: dict[str, object] = {"refused": line, "inputs": inputs}


def clean(kind: str, data: bytes) -> tuple[dict[str, object], bytes]:
    """The answer about one picture, and its clean bytes (none when it is refused)."""
    try:
        picture, scale, written = _opened(kind, data)
    except Refuse as refused:
        return refused.answer, b""
    except MemoryError:
        return {"refused": "too_hard", "inputs": {}}, b""
    except DAMAGED:
        return {"refused": "damaged", "inputs": {}}, b""
    try:
        encoded = _encoded(picture, written)
    except MemoryError:
        return {"refused": "too_hard", "inputs": {}}, b""
    answer: dict[str, object] = {
        "media_type": MEDIA[written],
        "width": picture.width,
        "height": picture.height,
        "scale": scale,
    }
    return answer, encoded


def _opened(kind: str, data: bytes) -> tuple[Image.Image, float, str]:
    """The picture, upright and flat; how much smaller than the file it is; the format to keep it in."""
    opened = Image.open(io.BytesIO(_essential(data) if kind == "PNG" else data), formats=[kind])
    width, height = opened.size
    limit = JPEG_PIXELS if kind == "JPEG" and not opened.info.get("progressive") else PIXELS
    if width * height > limit or max(width, height) > SIDE:
        raise Refuse("too_many_pixels", megapixels=math.ceil(width * height / 1e6), limit=round(limit / 1e6))
    if width * height > PIXELS and isinstance(opened, ImageFile.ImageFile):
        opened.draft("RGB", (width // 2, height // 2))
    turn = UPRIGHT.get(_orientation(opened))
    lossless = kind in ("PNG", "GIF") or (kind == "WEBP" and b"VP8L" in data[:64])
    if kind == "WEBP" and width * height > WEBP_PIXELS:
        picture = _large_webp(data, opened.size)
    else:
        opened.load()
        picture = _flat(opened)
    scale = width / picture.width
    if turn is not None:
        picture = picture.transpose(turn)
    return picture, scale, "PNG" if lossless else "JPEG" if kind == "JPEG" else "WEBP"


def _flat(opened: Image.Image) -> Image.Image:
    """Red, green and blue without transparency: on white, or on black where what is drawn is light."""
    if opened.mode in ("I;16", "I;16B", "I"):
        opened = opened.point(lambda value: value / 256).convert("L")
    if "A" not in opened.getbands() and "transparency" not in opened.info:
        return opened if opened.mode == "RGB" else opened.convert("RGB")
    layered = opened if opened.mode == "RGBA" else opened.convert("RGBA")
    alpha = layered.getchannel("A")
    drawn = layered.resize((64, 64), Image.Resampling.NEAREST).convert("L")
    seen = alpha.resize((64, 64), Image.Resampling.NEAREST)
    weights = list(zip(drawn.tobytes(), seen.tobytes(), strict=True))
    total = sum(a for _, a in weights)
    light = total > 0 and total < 0.5 * 255 * len(weights) and sum(v * a for v, a in weights) / total > 160
    ground = Image.new("RGB", opened.size, "black" if light else "white")
    ground.paste(layered, mask=alpha)
    return ground


def _large_webp(data: bytes, size: tuple[int, int]) -> Image.Image:
    """A large WebP without its transparency, by OpenCV, which holds one copy."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    import cv2
    import numpy as np

    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None or pixels.shape[:2] != size[::-1]:
        raise OSError("not a WebP that can be decoded")
    return Image.frombuffer("RGB", size, pixels.data, "raw", "BGR", 0, 1)


def _encoded(picture: Image.Image, kind: str) -> bytes:
    picture.info.clear()
    out = io.BytesIO()
    if kind == "PNG":
        picture.save(out, "PNG", compress_level=1 if picture.width * picture.height > 4_000_000 else 4)
    elif kind == "JPEG":
        picture.save(out, "JPEG", quality=92, subsampling=0)
    else:
        picture.save(out, "WEBP", quality=92, method=0)
    return out.getvalue()


def _orientation(opened: Image.Image) -> int:
    """EXIF's word for which way is up. A damaged block of EXIF is no reason to refuse a picture."""
    try:
        return int(opened.getexif().get(0x0112, 1))
    except DAMAGED:
        return 1


def _essential(data: bytes) -> bytes:
    """A PNG with only what its first frame needs: no text, profiles or animation is even decompressed."""
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        end = at + 12 + length
        small = name == b"eXIf" and length < 65_536
        if name in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND") or small:
            kept.append(data[at:end])
        if name == b"IEND":
            break
        at = end
    return b"".join(kept)


def _limit_time() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime) + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        sys.exit(0)  # the parent has gone
    return data


def main() -> None:
    """Answer requests until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a terminal is the parent's, which then ends this one
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    Image.MAX_IMAGE_PIXELS = JPEG_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    Image.preinit()
    Image.init()
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while True:
        kind, size = struct.unpack(">4sI", _exactly(stdin, 8))
        data = _exactly(stdin, size)
        _limit_time()
        answer, picture = clean(kind.rstrip(b"\0").decode(), data)
        head = json.dumps(answer).encode()
        stdout.write(struct.pack(">II", len(head), len(picture)) + head)
        stdout.write(picture)
        stdout.flush()
        del data, picture


if __name__ == "__main__":
    main()
