"""Logits -> tokens, each row by its own wish and its own dice, so that company changes nobody's choice."""

import random
from collections.abc import Sequence

import torch

from bot.answering.vlm.request import Sampling


class Dice:
    """The chance of one answer."""

    def __init__(self, sampling: Sampling) -> None:
        self.temperature = sampling.temperature
        self.top_p = sampling.top_p
        self._random = random.Random(sampling.seed)

    def throw(self) -> float:
        """From 0 to 1; one a token."""
        return self._random.random()


def choose(logits: torch.Tensor, dice: Sequence[Dice]) -> list[int]:
    """The next token of each row of `logits` [rows, vocabulary]."""
    tokens: list[int] = logits.argmax(-1).tolist()
    warm = [number for number, one in enumerate(dice) if one.temperature > 0]
    if warm:
        for number, token in zip(warm, _thrown(logits[warm], [dice[number] for number in warm]), strict=True):
            tokens[number] = token
    return tokens


def logprobs(logits: torch.Tensor, tokens: Sequence[int]) -> list[float]:
    """How likely each row's token was, as a logarithm: by the model alone, whatever temperature chose it."""
    all_of = logits.float().log_softmax(-1)
    likely: list[float] = all_of.gather(-1, torch.tensor(tokens, device=logits.device)[:, None])[:, 0].tolist()
    return likely


def _thrown(logits: torch.Tensor, dice: Sequence[Dice]) -> list[int]:
    """By chance: where a throw lands on the likelihoods, put end to end from the greatest, cut at `top_p`."""
    temperature, top_p, throw = torch.tensor(
        [(one.temperature, one.top_p, one.throw()) for one in dice], dtype=torch.float32, device=logits.device
    ).T.unsqueeze(-1)
    likely, ids = (logits.float() / temperature).softmax(-1).sort(dim=-1, descending=True)
    ends = likely.cumsum(-1)
    count = (ends < top_p).sum(-1, keepdim=True).clamp(max=likely.shape[-1] - 1)
    place = (ends <= throw * ends.gather(-1, count)).sum(-1, keepdim=True)
    chosen: list[int] = ids.gather(-1, torch.minimum(place, count))[:, 0].tolist()
    return chosen
