"""How an instruction is worded: known and held-out wordings, and the carelessness of people."""

import random
from dataclasses import dataclass

from text.engine import lines
from text.inflect import fix_articles


@dataclass(frozen=True)
class Wordings:
    """Templates of an instruction; training uses `known` only, evaluation `held_out`."""

    known: list[str]
    held_out: list[str]

    def pick(self, rng: random.Random, held_out: bool, **slots: object) -> str:
        """An instruction with its slots filled in, as somebody may type it."""
        template = rng.choice(self.held_out if held_out else self.known)
        return typed(fix_articles(template.format(**slots)), rng)


def wordings(known: str, held_out: str) -> Wordings:
    """Wordings of two blocks of lines."""
    return Wordings(lines(known), lines(held_out))


POLITE = ("Please {}", "please, {}", "Could you please answer: {}", "{} Please.", "Tell me: {}")


def typed(text: str, rng: random.Random) -> str:
    """The text with or without its last mark and its capitals, sometimes with a polite word."""
    if rng.random() < 0.1:
        first = text[0] + text[1:] if text.startswith("I ") else text[0].lower() + text[1:]
        text = rng.choice(POLITE).format(first)
    if text[-1] in ".?" and rng.random() < 0.25:
        text = text[:-1]
    roll = rng.random()
    if roll < 0.15:
        return text.lower()
    if roll < 0.3:
        return text[0].lower() + text[1:]
    return text
