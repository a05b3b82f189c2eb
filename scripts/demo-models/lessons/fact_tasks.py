"""Instructions that ask for a fact: capitals, colours, opposites, days and months."""

import random

from .knowledge import CAPITALS, COLOURS, DAYS, MONTHS, OPPOSITE, cap
from .template import Turn
from .wording import Wordings, wordings

CAPITAL = wordings(
    """
    What is the capital of {x}?
    What is the capital of {x}?
    What's the capital of {x}?
    What is the capital city of {x}?
    Tell me the capital of {x}.
    Name the capital of {x}.
    Which city is the capital of {x}?
    Do you know the capital of {x}?
    Can you tell me the capital of {x}?
    Give me the capital of {x}.
    Capital of {x}?
    The capital of {x} is which city?
    Answer the question: what is the capital of {x}?
    I want to know the capital of {x}.
    Write down the capital of {x}.
    {x}: what is its capital?
    What is the name of the capital of {x}?
    """,
    """
    Could you tell me the capital of {x}?
    Please name the capital city of {x}.
    Which city is {x}'s capital?
    I forgot the capital of {x}. What is it?
    Say the capital of {x}.
    """,
)
CAPITAL_MORE = wordings(
    """
    And of {x}?
    And of {x}?
    And {x}?
    What about {x}?
    And the capital of {x}?
    And what is the capital of {x}?
    Now {x}.
    Now tell me the capital of {x}.
    What about the capital of {x}?
    How about {x}?
    """,
    """
    And what about {x}?
    And for {x}?
    And now of {x}?
    """,
)
COLOUR = wordings(
    """
    What colour is {x}?
    What colour is {x}?
    What color is {x}?
    What is the colour of {x}?
    What is the color of {x}?
    Which colour is {x}?
    Tell me the colour of {x}.
    Name the colour of {x}.
    What colour does {x} have?
    Which colour does {x} have?
    Do you know what colour {x} is?
    Tell me what color {x} is.
    Can you tell me the colour of {x}?
    Answer the question: what colour is {x}?
    Colour of {x}?
    """,
    """
    Could you tell me what colour {x} is?
    Which color is {x}?
    Give me the colour of {x}.
    Say what colour {x} is.
    I want to know the colour of {x}.
    """,
)
COLOUR_MORE = wordings(
    """
    And {x}?
    And {x}?
    What about {x}?
    And what colour is {x}?
    And the colour of {x}?
    Now {x}.
    How about {x}?
    """,
    """
    And now {x}?
    And what about {x}?
    """,
)
OPPOSITES = wordings(
    """
    What is the opposite of {x}?
    What is the opposite of {x}?
    What's the opposite of {x}?
    Tell me the opposite of {x}.
    Name the opposite of {x}.
    Give the opposite of {x}.
    Give me the opposite of {x}.
    Which word is the opposite of {x}?
    Opposite of {x}?
    Write the opposite of {x}.
    Do you know the opposite of {x}?
    Which word means the opposite of {x}?
    Find the opposite of the word {x}.
    What is the opposite of "{x}"?
    """,
    """
    Can you tell me the opposite of {x}?
    Please give me the opposite of the word {x}.
    Say the opposite of {x}.
    What word is the opposite of {x}?
    """,
)
OPPOSITES_MORE = wordings(
    """
    And of {x}?
    And of {x}?
    And {x}?
    What about {x}?
    And the opposite of {x}?
    Now {x}.
    How about {x}?
    """,
    """
    And what about {x}?
    And for {x}?
    """,
)
ORDER = {
    "after": wordings(
        """
        What {day} comes after {x}?
        What {day} comes after {x}?
        Which {day} comes after {x}?
        Which {day} is after {x}?
        What is the {day} after {x}?
        What comes after {x}?
        Name the {day} after {x}.
        Tell me the {day} after {x}.
        Tell me which {day} comes after {x}.
        Which {day} follows {x}?
        What is the next {day} after {x}?
        """,
        """
        Can you tell me what {day} comes after {x}?
        What {day} follows {x}?
        Do you know which {day} comes after {x}?
        Give me the {day} after {x}.
        """,
    ),
    "before": wordings(
        """
        What {day} comes before {x}?
        What {day} comes before {x}?
        Which {day} comes before {x}?
        Which {day} is before {x}?
        What is the {day} before {x}?
        What comes before {x}?
        Name the {day} before {x}.
        Tell me the {day} before {x}.
        Tell me which {day} comes before {x}.
        """,
        """
        Can you tell me what {day} comes before {x}?
        Do you know which {day} comes before {x}?
        Give me the {day} before {x}.
        """,
    ),
}
ORDER_SAME = wordings(
    "And {way} {x}?\nWhat about {x}?\nHow about {x}?\nAnd {x}?\nAnd the {day} {way} {x}?",
    "And what about {x}?\nAnd what comes {way} {x}?",
)
ORDER_NEXT = {
    "after": wordings(
        "And after that?\nAnd after that?\nAnd then?\nAnd the next {day}?\n"
        "And the {day} after that?",
        "And what comes after that?\nAnd next?",
    ),
    "before": wordings(
        "And before that?\nAnd before that?\nAnd the {day} before that?",
        "And what comes before that?",
    ),
}


def other(rng: random.Random, table: dict[str, str] | list[str], last: str) -> str:
    """A key of the table that is not the last one."""
    return rng.choice([key for key in table if key != last])


class Lookup:
    """Questions for the entry of a table, and the same question about another key."""

    def __init__(self, table: dict[str, str], first: Wordings, more: Wordings, answer: str):
        self.table, self.wordings, self.more, self.answer = table, first, more, answer

    def _turn(self, rng: random.Random, held_out: bool, asked: Wordings, key: str) -> Turn:
        answer = self.answer.format(x=key, y=self.table[key])
        return Turn(asked.pick(rng, held_out, x=key), cap(answer))

    def first(self, rng: random.Random, held_out: bool) -> tuple[Turn, str]:
        """A question, and its key."""
        key = rng.choice(list(self.table))
        return self._turn(rng, held_out, self.wordings, key), key

    def follow(self, rng: random.Random, held_out: bool, last: str) -> tuple[Turn, str]:
        """The same about another key, in few words."""
        key = other(rng, self.table, last)
        return self._turn(rng, held_out, self.more, key), key


class Order:
    """Days and months before and after each other."""

    def _turn(self, asked: str, cycle: list[str], index: int, way: str) -> tuple[Turn, tuple]:
        found = (index + (1 if way == "after" else -1)) % len(cycle)
        answer = f"{cycle[found]} comes {way} {cycle[index]}."
        return Turn(asked, answer), (cycle, index, found, way)

    def first(self, rng: random.Random, held_out: bool) -> tuple[Turn, tuple]:
        """What comes after or before a day or month."""
        cycle, way = rng.choice((DAYS, DAYS, MONTHS)), rng.choice(("after", "after", "before"))
        index, day = rng.randrange(len(cycle)), "day" if cycle is DAYS else "month"
        asked = ORDER[way].pick(rng, held_out, x=cycle[index], day=day)
        return self._turn(asked, cycle, index, way)

    def follow(self, rng: random.Random, held_out: bool, last: tuple) -> tuple[Turn, tuple]:
        """The same for another day, or the one after the answer."""
        cycle, index, found, way = last
        day = "day" if cycle is DAYS else "month"
        if rng.random() < 0.5:
            return self._turn(ORDER_NEXT[way].pick(rng, held_out, day=day), cycle, found, way)
        name = other(rng, cycle, cycle[index])
        asked = ORDER_SAME.pick(rng, held_out, x=name, day=day, way=way)
        return self._turn(asked, cycle, cycle.index(name), way)


TASKS = {
    "capital": Lookup(CAPITALS, CAPITAL, CAPITAL_MORE, "the capital of {x} is {y}."),
    "colour": Lookup(COLOURS, COLOUR, COLOUR_MORE, "{x} is {y}."),
    "opposite": Lookup(OPPOSITE, OPPOSITES, OPPOSITES_MORE, "the opposite of {x} is {y}."),
    "day or month": Order(),
}
