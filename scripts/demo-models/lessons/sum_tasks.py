"""Instructions to add and subtract, and to go on from the result."""

import random

from text.inflect import number_word

from .knowledge import RESULT, STEP, SUM
from .template import Turn
from .wording import wordings

PLUS = wordings(
    """
    What is {a} + {b}?
    What is {a} + {b}?
    What is {a} plus {b}?
    What is {a} plus {b}?
    What's {a} + {b}?
    How much is {a} plus {b}?
    How much is {a} + {b}?
    Add {a} and {b}.
    Add {b} to {a}.
    {a} + {b}
    {a} + {b} = ?
    {a}+{b}
    {a} plus {b}?
    What is the sum of {a} and {b}?
    Calculate {a} + {b}.
    Calculate {a} plus {b}.
    What do {a} and {b} make?
    Work out {a} + {b}.
    Solve: {a} + {b}
    Compute {a} plus {b}.
    Add the numbers {a} and {b}.
    What do you get if you add {a} and {b}?
    """,
    """
    Can you add {a} and {b}?
    Please compute {a} + {b}.
    Tell me what {a} plus {b} is.
    Find the sum of {a} and {b}.
    How many are {a} and {b}?
    {a} + {b} =
    """,
)
MINUS = wordings(
    """
    What is {a} - {b}?
    What is {a} - {b}?
    What is {a} minus {b}?
    What is {a} minus {b}?
    How much is {a} minus {b}?
    How much is {a} - {b}?
    Subtract {b} from {a}.
    Take {b} away from {a}.
    {a} - {b}
    {a}-{b}
    {a} - {b} = ?
    {a} minus {b}?
    Calculate {a} - {b}.
    Calculate {a} minus {b}.
    Solve: {a} - {b}
    Compute {a} minus {b}.
    What is left if you take {b} from {a}?
    """,
    """
    Can you subtract {b} from {a}?
    Please compute {a} - {b}.
    Tell me what {a} minus {b} is.
    {a} - {b} =
    """,
)
PLUS_MORE = wordings(
    """
    And plus {b}?
    And plus {b}?
    Plus {b}?
    Now add {b}.
    Add {b} to that.
    Add {b} to the result.
    And {b} more?
    And if you add {b}?
    Add {b} to it.
    And what if you add {b} more?
    """,
    """
    And now plus {b}?
    Now add {b} to it.
    Please add {b} more.
    """,
)
MINUS_MORE = wordings(
    """
    And minus {b}?
    And minus {b}?
    Minus {b}?
    Now take away {b}.
    Subtract {b} from that.
    Take {b} away from the result.
    And {b} less?
    Subtract {b} from it.
    Take {b} from it.
    """,
    """
    And now minus {b}?
    Now subtract {b} from it.
    """,
)


def spoken(rng: random.Random, a: int, b: int) -> dict[str, str]:
    """The numbers in digits, or sometimes in words."""
    write = number_word if rng.random() < 0.1 else str
    return {"a": write(a), "b": write(b)}


class Sum:
    """Additions or subtractions of numbers up to 20."""

    def __init__(self, sign: str):
        self.sign = sign

    def _turn(self, asked: str, a: int, b: int, sign: str) -> tuple[Turn, int]:
        result = a + b if sign == "+" else a - b
        return Turn(asked, f"{a} {sign} {b} = {result}."), result

    def first(self, rng: random.Random, held_out: bool) -> tuple[Turn, int]:
        """A sum, and its result."""
        a, b = rng.randint(0, SUM), rng.randint(0, SUM)
        if self.sign == "-" and a < b:
            a, b = b, a
        asked = (PLUS if self.sign == "+" else MINUS).pick(rng, held_out, **spoken(rng, a, b))
        return self._turn(asked, a, b, self.sign)

    def follow(self, rng: random.Random, held_out: bool, last: int) -> tuple[Turn, int]:
        """Go on from the result, or the like with other numbers."""
        if rng.random() < 0.15:
            turn, result = self.first(rng, held_out)
            text = turn.instruction[0].lower() + turn.instruction[1:]
            return Turn(f"{rng.choice(('And ', 'Now: '))}{text}", turn.answer), result
        b = rng.randint(0, STEP)
        plus = last < b or (last <= RESULT and rng.random() < 0.65)
        asked = (PLUS_MORE if plus else MINUS_MORE).pick(rng, held_out, **spoken(rng, last, b))
        return self._turn(asked, last, b, "+" if plus else "-")


TASKS = {"addition": Sum("+"), "subtraction": Sum("-")}
