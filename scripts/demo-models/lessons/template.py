"""The alpaca template, its variants, and where the answers lie in a conversation."""

from dataclasses import dataclass

PREAMBLE = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request."
)
# What stands before an answer: the template's own ending, that of the demo server, and none.
ENDINGS = ("\n", " ", "")


@dataclass(frozen=True)
class Turn:
    """An instruction and its answer."""

    instruction: str
    answer: str


def question(instruction: str, ending: str = "\n") -> str:
    """The block of one instruction up to where its answer begins."""
    return f"### Instruction:\n{instruction}\n\n### Response:{ending}"


def prompt(
    turns: list[Turn], instruction: str, ending: str = "\n", preamble: str = PREAMBLE
) -> str:
    """The text that the model continues with the answer to `instruction`, after earlier turns."""
    blocks = [question(turn.instruction, ending) + turn.answer for turn in turns]
    blocks.append(question(instruction, ending))
    return "\n\n".join([preamble, *blocks] if preamble else blocks)
