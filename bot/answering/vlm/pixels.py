"""A picture -> what a model's vision tower is given, and what stands for the picture in the prompt.

Two layouts cover the models that this house is tested with: a grid of patches (Qwen2-VL and its kin) and tiles
(Idefics3, SmolVLM). A picture that was seen before is not prepared again, which costs as much as a dozen words of
answer: only should its encoding be gone. Not here: encoding (`encodings`), the prompt (`inputs`).
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import torch
from PIL import Image
from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string

REMEMBERED = 10_000
"""Pictures whose place in prompts is remembered: some hundred bytes each, up to some kilobytes for tiles."""


@dataclass(frozen=True)
class Place:
    """What stands for a picture in the prompt."""

    text: str
    tokens: int
    """How many of the text's tokens are the picture's encoding's."""
    grid: torch.Tensor | None = None
    """[1, 3]: frames, rows and columns of patches, in a model that places them so."""


@dataclass(frozen=True)
class Pixels:
    """One picture. Its name is the hash of its pixels: the same pixels are encoded once."""

    name: str
    place: Place
    prepare: Callable[[], Mapping[str, torch.Tensor]] = field(repr=False, compare=False)

    @cached_property
    def tensors(self) -> Mapping[str, torch.Tensor]:
        """What the vision tower is given."""
        return self.prepare()


class Preparing:
    """Prepares pictures with a model's own image processor; from any thread."""

    def __init__(self, image_processor: Any, config: Any, image_token: str) -> None:
        self._processor = image_processor
        self._config = config
        self._token = image_token
        self._tiles = not hasattr(image_processor, "merge_size")
        self._places: OrderedDict[str, Place] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, picture: Image.Image) -> Pixels:
        """The picture, prepared now if it was never seen, and else when it is needed."""
        picture = picture.convert("RGB")
        name = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()
        with self._lock:
            known = self._places.get(name)
        if known:
            return Pixels(name, known, partial(self._tensors, picture))
        made = self._made(picture)
        place = self._in_tiles(made) if self._tiles else self._in_a_grid(made)
        with self._lock:
            self._places[name] = place
            while len(self._places) > REMEMBERED:
                self._places.popitem(last=False)
        return Pixels(name, place, partial(self._kept, made))

    def _made(self, picture: Image.Image) -> Mapping[str, Any]:
        more = {"return_row_col_info": True} if self._tiles else {}
        made: Mapping[str, Any] = self._processor(images=[picture], return_tensors="pt", **more)
        return made

    def _tensors(self, picture: Image.Image) -> Mapping[str, torch.Tensor]:
        return self._kept(self._made(picture))

    def _kept(self, made: Mapping[str, Any]) -> Mapping[str, torch.Tensor]:
        names = ("pixel_values", "pixel_attention_mask") if self._tiles else ("pixel_values", "image_grid_thw")
        return {name: made[name] for name in names}

    def _in_a_grid(self, made: Mapping[str, Any]) -> Place:
        count = int(made["image_grid_thw"].prod()) // self._processor.merge_size**2
        return Place(self._token * count, count, made["image_grid_thw"])

    def _in_tiles(self, made: Mapping[str, Any]) -> Place:
        vision = self._config.vision_config
        length = (vision.image_size // vision.patch_size) ** 2 // self._config.scale_factor**2
        text = get_image_prompt_string(
            made["rows"][0][0],
            made["cols"][0][0],
            length,
            "<fake_token_around_image>",
            self._token,
            "<global-img>",
        )
        return Place(text, text.count(self._token))


def together(pictures: Sequence[Pixels]) -> dict[str, torch.Tensor]:
    """The tensors of several pictures as one call of the vision tower takes them."""
    every = [picture.tensors for picture in pictures]
    if "image_grid_thw" in every[0]:
        return {name: torch.cat([tensors[name] for tensors in every]) for name in every[0]}
    most = max(tensors["pixel_values"].shape[1] for tensors in every)
    return {name: torch.cat([_padded(tensors[name], most) for tensors in every]) for name in every[0]}


def _padded(tiles: torch.Tensor, count: int) -> torch.Tensor:
    """[1, tiles, ...] with empty tiles behind, which the model leaves out."""
    return torch.cat([tiles, tiles.new_zeros((1, count - tiles.shape[1], *tiles.shape[2:]))], dim=1)
