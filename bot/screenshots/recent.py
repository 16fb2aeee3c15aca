"""What was used last, as much as there is room for."""

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The values used last, as many as there is room for."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._kept: OrderedDict[bytes, T] = OrderedDict()

    def get(self, key: bytes) -> T | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: bytes, value: T) -> None:
        self._kept[key] = value
        if len(self._kept) > self._room:
            self._kept.popitem(last=False)
