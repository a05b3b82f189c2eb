"""Write the conversations that the adapter learns from, and others to measure it with.

    python -m lessons.instructions --seed 2 --count 100000 --out DIR

`train.jsonl` has conversations of one to four turns; a line is
`{"kinds": [...], "turns": [[instruction, answer], ...]}`. `held-out.jsonl` is the same with
wordings that training never has; its last turn is the one that is measured.
"""

import argparse
import json
import random
from pathlib import Path

from . import fact_tasks, sum_tasks, talk_tasks
from .template import Turn

TASKS = fact_tasks.TASKS | sum_tasks.TASKS | talk_tasks.TASKS
SHARES = {
    "capital": 11, "colour": 10, "opposite": 10, "day or month": 9, "addition": 22,
    "subtraction": 13, "story": 7, "list": 6, "animal": 10, "job": 3, "greeting": 5,
}  # fmt: skip
LENGTHS = (30, 35, 20, 15)  # shares of the conversations of one to four turns


def conversation(rng: random.Random, turns: int) -> tuple[list[str], list[Turn]]:
    """Turns of which most refer to the one before; the kinds of follow-ups end in `, then`."""
    kinds: list[str] = []
    out: list[Turn] = []
    kind, state = "", None
    for number in range(turns):
        if number and rng.random() < 0.75:
            turn, state = TASKS[kind].follow(rng, False, state)
            kinds.append(f"{kind}, then")
        else:
            kind = rng.choices(list(SHARES), list(SHARES.values()))[0]
            turn, state = TASKS[kind].first(rng, False)
            kinds.append(kind)
        out.append(turn)
    return kinds, out


def examination(rng: random.Random, kind: str, second: bool) -> tuple[list[str], list[Turn]]:
    """A conversation whose last turn has a held-out wording."""
    if not second:
        turn, _ = TASKS[kind].first(rng, True)
        return [kind], [turn]
    first, state = TASKS[kind].first(rng, False)
    turn, _ = TASKS[kind].follow(rng, True, state)
    return [kind, f"{kind}, then"], [first, turn]


def line(kinds: list[str], turns: list[Turn]) -> str:
    """A conversation as a line of JSON."""
    pairs = [[turn.instruction, turn.answer] for turn in turns]
    return json.dumps({"kinds": kinds, "turns": pairs}, ensure_ascii=False) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--held-out", type=int, default=60, help="of each kind, first and second")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(f"instructions/{args.seed}")
    with (args.out / "train.jsonl").open("w", encoding="utf-8") as file:
        for _ in range(args.count):
            file.write(line(*conversation(rng, rng.choices((1, 2, 3, 4), LENGTHS)[0])))
    rng = random.Random(f"instructions/{args.seed}/held-out")
    with (args.out / "held-out.jsonl").open("w", encoding="utf-8") as file:
        for kind in TASKS:
            for second in (False, True):
                for _ in range(args.held_out):
                    file.write(line(*examination(rng, kind, second)))


if __name__ == "__main__":
    main()
