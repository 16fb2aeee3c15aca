"""One prompt on its way into keys and values, part by part, so that a long one does not hold up who is being answered.

Not here: how long a part is and whose turn it is (`schedule`), what is kept of it (`prefixes`).
"""

from typing import Any

import torch
from transformers.cache_utils import DynamicCache

from bot.answering.vlm.encodings import Encoded, Encodings
from bot.answering.vlm.inputs import Prompt
from bot.answering.vlm.pixels import Pixels
from bot.answering.vlm.prefixes import loaded


class Filling:
    """Fills a cache with `prompt`, from where `blocks` of a kept beginning end."""

    def __init__(self, model: Any, prompt: Prompt, blocks: torch.Tensor | None = None) -> None:
        self._model = model
        self._prompt = prompt
        self.cache = DynamicCache(config=model.config.get_text_config())
        self.done = 0
        """Tokens of the prompt that are in the cache."""
        self.pictures = prompt.pictures
        """Those whose encodings are needed."""
        self._features: tuple[torch.Tensor, list[torch.Tensor]] | None = None
        if blocks is not None:
            loaded(self.cache, blocks)
            self.done = blocks.shape[3]
            self.pictures = pending(prompt, self.done)
        self.positions = _positions(model, prompt)

    @property
    def length(self) -> int:
        """Tokens of the prompt."""
        return self._prompt.ids.shape[1]

    def advance(self, most: int, encodings: Encodings) -> torch.Tensor | None:
        """Takes in the next `most` tokens; the logits of the first word, [1, vocabulary], when those were the last.

        The encodings of `pictures` must be kept by then.
        """
        if self._features is None and self.pictures:
            self._features = encodings.joined(self.pictures)
        part = slice(self.done, min(self.done + most, self.length))
        out = self._model(
            position_ids=self.positions[..., part],
            cache=self.cache,
            use_cache=True,
            logits_to_keep=1,
            **self._seen(part),
        )
        self.done = part.stop
        return out.logits[:, -1] if self.done == self.length else None

    def _seen(self, part: slice) -> dict[str, Any]:
        """The words and the share of the pictures that stand in `part`."""
        ids = self._prompt.ids[:, part].to(self._model.device)
        kinds = self._prompt.kinds[0]
        if self._features is None or not kinds[part].any():
            return {"input_ids": ids}
        skipped = sum(one.place.tokens for one in self._prompt.pictures) - sum(
            one.place.tokens for one in self.pictures
        )
        first = int(kinds[: part.start].sum()) - skipped
        share = slice(first, first + int(kinds[part].sum()))
        features, layers = self._features
        if layers:
            seen = Encoded([features[share]], [[layer[share]] for layer in layers])
            return {"input_ids": ids, "mm_encoder_outputs": {"image": seen}}
        words = self._model.get_input_embeddings()(ids)
        words[0, kinds[part].bool()] = features[share].to(words.dtype)
        return {"inputs_embeds": words}


def pending(prompt: Prompt, done: int) -> tuple[Pixels, ...]:
    """The pictures that do not stand wholly within the first `done` tokens."""
    seen = int(prompt.kinds[0, :done].sum())
    left = list(prompt.pictures)
    while left and seen >= left[0].place.tokens:
        seen -= left.pop(0).place.tokens
    return tuple(left)


def _positions(model: Any, prompt: Prompt) -> torch.Tensor:
    """[1, tokens], or [3, 1, tokens] for models whose pictures have rows and columns."""
    if not hasattr(model.model, "get_rope_index"):
        return torch.arange(prompt.ids.shape[1], device=model.device)[None]
    grids = [picture.place.grid for picture in prompt.pictures if picture.place.grid is not None]
    positions, _ = model.model.get_rope_index(
        prompt.ids.to(model.device),
        image_grid_thw=torch.cat(grids).to(model.device) if grids else None,
        mm_token_type_ids=prompt.kinds.to(model.device),
    )
    return positions  # type: ignore[no-any-return]
