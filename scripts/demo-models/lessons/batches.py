"""Conversations as tokens: the template around them, what is learned, rows of several of them."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .template import PREAMBLE, question

SYSTEMS = (
    "You are a helpful assistant.",
    "You are Sprout, a very small language model.",
    "Answer the question.",
    "Answer in one sentence.",
    "You are a friendly assistant. Answer as well as you can.",
)
ANSWER_TOKENS = 16  # an answer counts as much as this many tokens at most


@dataclass
class Encoded:
    """Tokens, what shall follow each of them, and how much that counts."""

    tokens: list[int]
    targets: list[int]
    weights: list[float]

    def add(self, tokens: list[int]) -> None:
        """Tokens that are only read."""
        self.tokens += tokens
        self.targets += [0] * len(tokens)
        self.weights += [0.0] * len(tokens)

    def answer(self, tokens: list[int], end: int) -> None:
        """Tokens that shall follow what has been added, and after them the end."""
        weight = min(1.0, ANSWER_TOKENS / (len(tokens) + 1))
        self.targets[-1], self.weights[-1] = tokens[0], weight
        self.tokens += tokens
        self.targets += [*tokens[1:], end]
        self.weights += [weight] * len(tokens)


class Encoder:
    """Writes conversations in the forms of the template that are in use."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.newline = tokenizer.encode("\n")[1:]

    def after(self, text: str) -> list[int]:
        """The tokens of a text that stands after a line end or starts with one."""
        return self.tokenizer.encode("\n" + text)[1 + len(self.newline) :]

    def encode(self, turns: list[list[str]], rng: random.Random) -> Encoded:
        """A conversation; every answer is learned, as if it were the last.

        Most have a line end before the answer. The others have a space, which belongs to the first
        word of the answer, except that a prompt that ends in it has it as a token of its own.
        """
        roll = rng.random()
        preamble = "" if roll < 0.1 else rng.choice(SYSTEMS) if roll < 0.18 else PREAMBLE
        spaced = rng.random() < 0.35
        ended = rng.random() < 0.15
        out = Encoded([], [], [])
        out.add([self.tokenizer.bos_id()])
        for number, (instruction, answer) in enumerate(turns):
            text = question(instruction, "" if spaced else "\n")
            if number:
                out.add(self.after("\n\n" + text))
            else:
                out.add(self.tokenizer.encode(f"{preamble}\n\n{text}" if preamble else text))
            if spaced and number == len(turns) - 1 and rng.random() < 0.6:
                out.add(self.tokenizer.encode(" ")[-1:])
                out.answer(self.after(answer), self.tokenizer.eos_id())
            elif spaced:
                out.answer(self.tokenizer.encode(answer), self.tokenizer.eos_id())
            else:
                out.answer(self.after(answer), self.tokenizer.eos_id())
            if ended:
                out.add([self.tokenizer.eos_id()])
        return out


def rows(path: Path, tokenizer, length: int, seed: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Rows (tokens, targets, weights, number of the conversation), several conversations in each.

    The conversations of the file in another order and form in every round, without end.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    encoder, epoch = Encoder(tokenizer), 0
    while True:
        rng = random.Random(f"{seed}/{epoch}")
        rng.shuffle(lines)
        row: list[Encoded] = []
        for line in lines:
            item = encoder.encode(json.loads(line)["turns"], rng)
            if len(item.tokens) > length:
                continue
            if sum(len(other.tokens) for other in row) + len(item.tokens) > length:
                yield joined(row, length)
                row = []
            row.append(item)
        epoch += 1


def joined(row: list[Encoded], length: int) -> tuple[np.ndarray, ...]:
    """A row of conversations, filled up to its length."""
    tokens, targets = np.zeros((2, length), dtype=np.int64)
    weights = np.zeros(length, dtype=np.float32)
    owner = np.zeros(length, dtype=np.int64)
    at = 0
    for number, item in enumerate(row, start=1):
        part = slice(at, at + len(item.tokens))
        tokens[part], targets[part], weights[part] = item.tokens, item.targets, item.weights
        owner[part] = number
        at = part.stop
    return tokens, targets, weights, owner
