"""Screens drawn with Pillow for the tests, with the lines that a perfect reader would find: no OCR, so no waiting."""

from dataclasses import dataclass, field

from PIL import Image, ImageDraw, ImageFont

from bot.conversation import Box
from bot.screenshots.ocr import Line, Word


@dataclass
class Drawn:
    """A picture in the making; `lines` are those of what was written on it."""

    size: tuple[int, int] = (900, 600)
    ground: str = "#ffffff"
    lines: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.picture = Image.new("RGB", self.size, self.ground)
        self.pen = ImageDraw.Draw(self.picture)

    def write(self, text: str, x: float, y: float, size: int = 16, colour: str = "#222222") -> Box:
        """Writes one line and returns its box."""
        font = ImageFont.load_default(size)
        self.pen.text((x, y), text, fill=colour, font=font)
        words, at = [], 0
        for part in text.split():
            start = text.index(part, at)
            at = start + len(part)
            left, right = x + font.getlength(text[:start]), x + font.getlength(text[:at])
            words.append(Word(text=part, box=(left, y, right, y + 1.3 * size), score=0.99))
        box = (words[0].box[0], y, words[-1].box[2], y + 1.3 * size)
        self.lines.append(Line(text=text, box=box, score=0.99, words=tuple(words)))
        return box

    def button(self, text: str, x: float, y: float, fill: str = "#2563eb", colour: str = "#ffffff") -> Box:
        """A filled button; returns the whole button's box."""
        width = ImageFont.load_default(16).getlength(text)
        box = (x, y, x + width + 32, y + 38)
        self.pen.rounded_rectangle(box, radius=6, fill=fill)
        self.write(text, x + 16, y + 8, colour=colour)
        return box

    def outline(self, box: Box, colour: str = "#94a3b8") -> None:
        """A frame of one pixel, as fields have."""
        self.pen.rectangle(box, outline=colour)
