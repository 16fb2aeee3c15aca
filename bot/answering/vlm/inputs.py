"""Messages and pictures -> a prompt's token ids, for a vision-language model from a local folder, without torchvision.

transformers' own processors need torchvision; the tokenizer and the image processor alone do not, so the one thing
that processors do besides is done here: a picture's place in the prompt is widened to as many tokens as its encoding
has. Not here: the pictures themselves (`pixels`), running the model (`engine`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jinja2 import TemplateError
from transformers import AutoImageProcessor, AutoTokenizer

from bot.answering.vlm.calls import CALL, CALLED
from bot.answering.vlm.pixels import Pixels, Preparing
from bot.answering.vlm.request import Message
from bot.answering.vlm.writing import THINK

PROBE = {"type": "function", "function": {"name": "probe", "description": "", "parameters": {"type": "object"}}}


@dataclass(frozen=True)
class Prompt:
    """What a model is given: token ids, and which of them are a picture's."""

    ids: torch.Tensor
    """[1, tokens]"""
    kinds: torch.Tensor
    """[1, tokens]: 1 where a picture's token stands."""
    pictures: tuple[Pixels, ...]
    thinking: bool = False
    """The model's turn begins in the middle of its thoughts."""

    @cached_property
    def places(self) -> list[tuple[int, str, int]]:
        """For each picture: where its first token stands, its name, and how many tokens of the prompt it has."""
        places, at = [], self.kinds[0].nonzero()[:, 0].tolist()
        for picture in self.pictures:
            places.append((at[0], picture.name, picture.place.tokens))
            at = at[picture.place.tokens :]
        return places


class Inputs:
    """Makes prompts for one model."""

    def __init__(self, tokenizer: Any, image_processor: Any, config: Any) -> None:
        self.tokenizer = tokenizer
        self._image_id: int = config.image_token_id
        self._image_token: str = tokenizer.convert_ids_to_tokens(self._image_id)
        self._pixels = Preparing(image_processor, config, self._image_token)
        marks = {*tokenizer.all_special_tokens, self._image_token, CALL, CALLED}
        self._special = sorted(marks, key=len, reverse=True)

    @classmethod
    def load(cls, folder: str, config: Any) -> "Inputs":
        """From the files beside the weights. Raises ValueError when a kind of model needs what is not here."""
        if not hasattr(config, "image_token_id"):
            raise ValueError(f"{config.model_type} marks pictures in a way that this server does not know: use vLLM")
        return cls(AutoTokenizer.from_pretrained(folder), AutoImageProcessor.from_pretrained(folder), config)

    @cached_property
    def takes_tools(self) -> bool:
        """Whether the model's chat template tells it of tools, and has it call them as `calls` reads it."""
        if CALL in self.tokenizer.all_special_tokens:  # it would be lost with the other special tokens
            return False
        try:
            told = self._rendered([{"role": "user", "content": [{"type": "text", "text": "?"}]}], [PROBE])
        except ValueError:
            return False
        return PROBE["function"]["name"] in told and CALL in told  # type: ignore[index]

    def prompt(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = ()) -> Prompt:
        """The prompt of a conversation. What people write cannot forge a turn: special tokens in texts are dropped.

        Raises ValueError for what the model's chat template has no place for: pictures, tools, their calls and results.
        """
        if tools and not self.takes_tools:
            raise ValueError("tools: the model's chat template has none, or has them called in a way not known here")
        pictures: list[Pixels] = []
        plain: list[dict[str, Any]] = []
        for message in messages:
            content = message["content"]
            parts: Sequence[Mapping[str, Any]] = (
                [{"type": "text", "text": content}] if isinstance(content, str) else content
            )
            pictures += [self._pixels(part["image"]) for part in parts if part["type"] == "image"]
            more = {key: self._clean(message[key]) for key in message.keys() - {"role", "content"}}
            plain.append({"role": message["role"], "content": [self._plain(part) for part in parts], **more})
        text = self._rendered(plain, self._clean(list(tools)))
        _nothing_lost(plain, text)
        pieces = text.split(self._image_token)
        if len(pieces) != len(pictures) + 1:
            raise ValueError("the model's chat template has no place for pictures")
        text = pieces[0] + "".join(
            picture.place.text + piece for picture, piece in zip(pictures, pieces[1:], strict=True)
        )
        ids = torch.tensor([self.tokenizer(text, add_special_tokens=False)["input_ids"]])
        return Prompt(ids, (ids == self._image_id).long(), tuple(pictures), text.rstrip().endswith(THINK))

    def _rendered(self, messages: Sequence[Message], tools: Sequence[Any]) -> str:
        """As the template writes it; without thoughts where it leaves the choice, since customers wait for words."""
        how = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
        try:
            text: str = self.tokenizer.apply_chat_template(messages, tools=tools or None, **how)
        except (TemplateError, TypeError) as error:  # a template of somebody else's that adds text to a list, say
            raise ValueError(f"the model's chat template cannot write this conversation: {error}") from error
        return text

    def _plain(self, part: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": "image"} if part["type"] == "image" else {"type": "text", "text": self._harmless(part["text"])}

    def _clean(self, value: Any) -> Any:
        """A JSON value without special tokens in any of its texts."""
        return json.loads(self._harmless(json.dumps(value, ensure_ascii=False)))

    def _harmless(self, text: str) -> str:
        for token in self._special:
            text = text.replace(token, " ")
        return text


def _nothing_lost(messages: Sequence[Message], text: str) -> None:
    """Raises ValueError when a tool's result, or a call, is missing in the rendered `text`."""
    for message in messages:
        if message["role"] == "tool" and not all(_stands_in(part["text"].strip(), text) for part in message["content"]):
            raise ValueError("role tool: the model's chat template has no place for what a tool replied")
        if not all(call["function"]["name"] in text for call in message.get("tool_calls") or ()):
            raise ValueError("tool_calls: the model's chat template has no place for them")


def _stands_in(said: str, text: str) -> bool:
    """Whether `said` is part of `text`, as it is or as JSON."""
    return any(form in text for form in (said, json.dumps(said)[1:-1], json.dumps(said, ensure_ascii=False)[1:-1]))
