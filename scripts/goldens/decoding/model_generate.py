"""A request in the form of `src/generation/request.ts`, run through transformers' `generate()`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from model_cases import Request
from transformers import GenerationConfig, PreTrainedModel

Outcome = tuple[list[list[int]], list[float]]


class Model:
    """A model with its tokenizer, and a token that never comes of itself, for padding."""

    def __init__(self, model: PreTrainedModel, tokenizer: Any, eos: int) -> None:
        self.model, self.tokenizer, self.eos = model, tokenizer, eos
        self.pad = tokenizer.convert_tokens_to_ids("õ" if model.config.model_type == "gpt2" else "<0xFF>")
        model.generation_config = GenerationConfig()

    def prompt(self, request: Request) -> list[int]:
        prompt = request["prompt"]
        return self.tokenizer(prompt).input_ids if isinstance(prompt, str) else prompt


def hugging_face(request: Request) -> dict[str, Any]:
    """The same parameters by transformers' names."""
    named = {re.sub("[A-Z]", lambda m: "_" + m[0].lower(), key): value for key, value in request.items()}
    for ours in ("prompt", "generator", "seed"):
        named.pop(ours, None)
    if "exponential_decay_length_penalty" in named:
        named["exponential_decay_length_penalty"] = tuple(named["exponential_decay_length_penalty"])
    return named


def run(model: Model, request: Request, copies: int = 1) -> list[Outcome]:
    """Generates `copies` times at once; each copy's new ids without padding, and the scores of beams."""
    parameters = {"eos_token_id": [model.eos], **hugging_face(request)}
    parameters["eos_token_id"] = parameters["eos_token_id"] or None
    config = GenerationConfig(pad_token_id=model.pad, **parameters)
    prompt = torch.tensor([model.prompt(request)] * copies)
    torch.manual_seed(request.get("seed", 0))
    with torch.no_grad(), same_draws(copies):
        result = model.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            generation_config=config,
            tokenizer=model.tokenizer if config.stop_strings else None,
            return_dict_in_generate=True,
            output_scores=True,
        )
    rows = [unpadded(row[prompt.shape[1] :].tolist(), model.pad) for row in result.sequences]
    scores = getattr(result, "sequences_scores", None)
    values = [] if scores is None else scores.tolist()
    each = len(rows) // copies
    return [(rows[i : i + each], values[i : i + each]) for i in range(0, len(rows), each)]


def unpadded(row: list[int], pad: int) -> list[int]:
    while row and row[-1] in (pad, -1):
        row = row[:-1]
    assert pad not in row
    return row


@contextmanager
def same_draws(copies: int) -> Iterator[None]:
    """With several copies of one request in a batch, each gets the random numbers that it would get alone."""
    if copies == 1:
        yield
        return

    def multinomial(weights: torch.Tensor, num_samples: int, **_: Any) -> torch.Tensor:
        rows = weights.shape[0] // copies
        exponential = torch.empty(rows, weights.shape[1]).exponential_()
        ranked = (weights.view(copies, rows, -1) / exponential).view(weights.shape)
        return ranked.topk(num_samples).indices

    with mock.patch("torch.multinomial", multinomial):
        yield


@contextmanager
def disturbed(model: Model, amplitude: float, seed: int) -> Iterator[None]:
    """Adds noise, uniform in +-amplitude, to all logits."""
    noise = torch.Generator().manual_seed(seed)

    def uniform(like: torch.Tensor) -> torch.Tensor:
        return torch.rand(like.shape, generator=noise) * 2 - 1

    def on_logits(_module: Any, _inputs: Any, logits: torch.Tensor) -> torch.Tensor:
        return logits + amplitude * uniform(logits)

    hook = model.model.get_output_embeddings().register_forward_hook(on_logits)
    try:
        yield
    finally:
        hook.remove()
