"""Messages and pictures -> token ids and pixels, for a vision-language model from a local folder, without torchvision.

transformers' own processors need torchvision; the tokenizer and the image processor alone do not, so the one thing
that processors do besides is done here: a picture's place in the prompt is widened to as many tokens as its encoding
has. Two layouts cover the models that this house is tested with: a grid of patches (Qwen2-VL and its kin) and tiles
(Idefics3, SmolVLM). Not here: running the model (`engine`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoTokenizer
from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string

Message = Mapping[str, Any]
"""`role` and `content`: a text, or parts of type `text` and `image` (with the picture under `image`)."""


@dataclass(frozen=True)
class Pixels:
    """One picture, ready to be encoded. Its name is the hash of its pixels: the same pixels are encoded once."""

    name: str
    tensors: Mapping[str, torch.Tensor]
    place: str
    """What stands for it in the prompt."""


@dataclass(frozen=True)
class Prompt:
    """What a model is given: token ids, and which of them are a picture's."""

    ids: torch.Tensor
    """[1, tokens]"""
    kinds: torch.Tensor
    """[1, tokens]: 1 where a picture's token stands."""
    pictures: tuple[Pixels, ...]


class Inputs:
    """Makes prompts for one model."""

    def __init__(self, tokenizer: Any, image_processor: Any, config: Any) -> None:
        self.tokenizer = tokenizer
        self._processor = image_processor
        self._config = config
        self._image_id: int = config.image_token_id
        self._image_token: str = tokenizer.convert_ids_to_tokens(self._image_id)
        self._special = sorted(set(tokenizer.all_special_tokens) | {self._image_token}, key=len, reverse=True)

    @classmethod
    def load(cls, folder: str, config: Any) -> "Inputs":
        """From the files beside the weights. Raises ValueError when a kind of model needs what is not here."""
        if not hasattr(config, "image_token_id"):
            raise ValueError(f"{config.model_type} marks pictures in a way that this server does not know: use vLLM")
        return cls(AutoTokenizer.from_pretrained(folder), AutoImageProcessor.from_pretrained(folder), config)

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """The prompt of a conversation. What people write cannot forge a turn: special tokens in texts are dropped."""
        pictures: list[Pixels] = []
        plain: list[dict[str, Any]] = []
        for message in messages:
            content = message["content"]
            parts: Sequence[Mapping[str, Any]] = (
                [{"type": "text", "text": content}] if isinstance(content, str) else content
            )
            pictures += [self.pixels(part["image"]) for part in parts if part["type"] == "image"]
            plain.append({"role": message["role"], "content": [self._plain(part) for part in parts]})
        text = self.tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=True)
        pieces = text.split(self._image_token)
        if len(pieces) != len(pictures) + 1:
            raise ValueError("the model's chat template has no place for pictures")
        text = pieces[0] + "".join(picture.place + piece for picture, piece in zip(pictures, pieces[1:], strict=True))
        ids = torch.tensor([self.tokenizer(text, add_special_tokens=False)["input_ids"]])
        return Prompt(ids, (ids == self._image_id).long(), tuple(pictures))

    def pixels(self, picture: Image.Image) -> Pixels:
        """A picture as the model's image processor makes it."""
        picture = picture.convert("RGB")
        name = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()
        tiles = not hasattr(self._processor, "merge_size")
        made = self._processor(
            images=[picture], return_tensors="pt", **({"return_row_col_info": True} if tiles else {})
        )
        if not tiles:
            count = int(made["image_grid_thw"].prod()) // self._processor.merge_size**2
            tensors = {key: made[key] for key in ("pixel_values", "image_grid_thw")}
            return Pixels(name, tensors, self._image_token * count)
        vision = self._config.vision_config
        length = (vision.image_size // vision.patch_size) ** 2 // self._config.scale_factor**2
        place = get_image_prompt_string(
            made["rows"][0][0],
            made["cols"][0][0],
            length,
            "<fake_token_around_image>",
            self._image_token,
            "<global-img>",
        )
        return Pixels(name, {key: made[key] for key in ("pixel_values", "pixel_attention_mask")}, place)

    def _plain(self, part: Mapping[str, Any]) -> dict[str, Any]:
        if part["type"] == "image":
            return {"type": "image"}
        text = part["text"]
        for token in self._special:
            text = text.replace(token, " ")
        return {"type": "text", "text": text}


def together(pictures: Sequence[Pixels]) -> dict[str, torch.Tensor]:
    """The tensors of several pictures as one call of the vision tower takes them."""
    if "image_grid_thw" in pictures[0].tensors:
        return {key: torch.cat([picture.tensors[key] for picture in pictures]) for key in pictures[0].tensors}
    most = max(picture.tensors["pixel_values"].shape[1] for picture in pictures)
    return {
        key: torch.cat([_padded(picture.tensors[key], most) for picture in pictures]) for key in pictures[0].tensors
    }


def _padded(tiles: torch.Tensor, count: int) -> torch.Tensor:
    """[1, tiles, ...] with empty tiles behind, which the model leaves out."""
    return torch.cat([tiles, tiles.new_zeros((1, count - tiles.shape[1], *tiles.shape[2:]))], dim=1)
