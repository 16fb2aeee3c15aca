"""Pure: when people answer. Opening hours with a time zone, and exceptions by date.

    Europe/Berlin Mon-Fri 09:00-12:30 13:30-17:00 Sat 10:00-14:00 !2026-12-24..2026-12-26 2026-12-23 09:00-12:00

A zone, then days with their times; `!` closes a date or a range of dates, a date with times of its own replaces that
day's. A time that ends before it starts runs past midnight. Moments are Unix ms, so a day with a changed clock is as
long as it is. Not here: what is said when nobody is there (`bot.handoff`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import prompts
from prompts import DEFAULT_LANGUAGE

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOK_AHEAD = 400
"""Days searched for the next opening: a desk that is closed for longer is closed."""
_TIMES = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_DATES = re.compile(r"(!?)(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?")
_EXAMPLE = "write them like 'Europe/Berlin Mon-Fri 09:00-17:00 !2026-12-24'"

Span = tuple[int, int]
"""Minutes after midnight from and to; `to` may lie on the next day."""


@dataclass(frozen=True)
class Hours:
    """When people answer. `Hours.parse` reads the notation above."""

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    """Seven days, Monday first."""
    dates: dict[date, tuple[Span, ...]] = field(default_factory=dict)
    """Days that differ; no span is a closed day."""

    @staticmethod
    def parse(text: str) -> "Hours":
        """The hours that `text` says. Raises ValueError with what is wrong and an example."""
        words = text.split()
        if not words:
            raise ValueError(f"no opening hours: {_EXAMPLE}")
        try:
            zone = ZoneInfo(words[0])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{words[0]!r} is no time zone: {_EXAMPLE}") from None
        week: list[tuple[Span, ...]] = [()] * 7
        dates: dict[date, tuple[Span, ...]] = {}
        target: list[int] | list[date] = []
        for word in words[1:]:
            if times := _TIMES.fullmatch(word):
                _add(week, dates, target, _span(word, *map(int, times.groups())))
            elif days := _DATES.fullmatch(word):
                target = _dates(word, *days.group(2, 3))
                dates.update(dict.fromkeys(target, ()))
                target = [] if days.group(1) else target
            else:
                target = _weekdays(word)
        if not any(week) and not any(dates.values()):
            raise ValueError(f"{text!r} is never open: {_EXAMPLE}")
        return Hours(zone, tuple(week), dates)

    def next_open(self, now: int) -> int | None:
        """`now` when somebody is there, else when the next one comes; None when that is not to be seen."""
        day = self._local(now).date() - timedelta(days=1)
        return next((max(now, start) for start, end in self._openings(day, LOOK_AHEAD) if now < end), None)

    def last_opening(self, now: int) -> int | None:
        """When the desk last opened, at or before `now`: the moment of the morning's digest."""
        day = self._local(now).date() - timedelta(days=14)
        return max((start for start, _ in self._openings(day, 15) if start <= now), default=None)

    def shown(self, moment: int, language: str = DEFAULT_LANGUAGE) -> str:
        """A moment in the desk's own time, for people."""
        return prompts.moment(self._local(moment), language)

    def _local(self, moment: int) -> datetime:
        return datetime.fromtimestamp(moment / 1000, self.zone)

    def _openings(self, first: date, days: int) -> Iterator[tuple[int, int]]:
        """From and to, in order, of the days from `first` on."""
        for day in (first + timedelta(days=n) for n in range(days)):
            for start, end in sorted(self.dates.get(day, self.week[day.weekday()])):
                yield self._moment(day, start), self._moment(day, end)

    def _moment(self, day: date, minutes: int) -> int:
        days, rest = divmod(minutes, 1440)
        local = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), self.zone)
        return int(local.timestamp() * 1000)


def _span(word: str, from_hour: int, from_minute: int, to_hour: int, to_minute: int) -> Span:
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if max(start, end) > 1440 or max(from_minute, to_minute) > 59:
        raise ValueError(f"{word!r} is no time of day: {_EXAMPLE}")
    return start, end if end > start else end + 1440


def _add(
    week: list[tuple[Span, ...]], dates: dict[date, tuple[Span, ...]], target: list[int] | list[date], span: Span
) -> None:
    if not target:
        raise ValueError(f"times without days before them: {_EXAMPLE}")
    for day in target:
        if isinstance(day, date):
            dates[day] = (*dates[day], span)
        else:
            week[day] = (*week[day], span)


def _dates(word: str, first: str, last: str | None) -> list[date]:
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise ValueError(f"{word!r} is no date: {_EXAMPLE}") from None
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def _weekdays(word: str) -> list[int]:
    days: list[int] = []
    for part in word.lower().split(","):
        first, _, last = part.partition("-")
        if first[:3] not in DAYS or (last and last[:3] not in DAYS):
            raise ValueError(f"{word!r} is neither a day nor a time: {_EXAMPLE}")
        start = DAYS.index(first[:3])
        length = (DAYS.index(last[:3]) - start) % 7 if last else 0
        days += [(start + n) % 7 for n in range(length + 1)]
    return days
