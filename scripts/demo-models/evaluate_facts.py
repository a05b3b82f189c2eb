"""How many facts of the lessons a base continues rightly, the most probable token each time.

    python evaluate_facts.py --model MODEL_DIR

A fact counts if every token of its end is the most probable one after the right ones before it.
"""

import argparse
import random
from pathlib import Path

import torch
from lessons.knowledge import CAPITALS, COLOURS, DAYS, MONTHS, OPPOSITE, SUM, cap
from transformers import AutoModelForCausalLM, AutoTokenizer


def facts(rng: random.Random, sums: int) -> dict[str, list[tuple[str, str]]]:
    """Beginnings and ends of facts, by kind; the full stop belongs to the end."""
    pairs = [(rng.randint(0, SUM), rng.randint(0, SUM)) for _ in range(sums)]
    cycles = [(cycle, n) for cycle in (DAYS, MONTHS) for n in range(len(cycle))]
    return {
        "capital": [(f"The capital of {x} is", f" {y}.") for x, y in CAPITALS.items()],
        "colour": [(f"{cap(x)} is", f" {y}.") for x, y in COLOURS.items()],
        "opposite": [(f"The opposite of {x} is", f" {y}.") for x, y in OPPOSITE.items()],
        "day or month": [(f"After {c[n - 1]} comes", f" {c[n]}.") for c, n in cycles],
        "addition": [(f"{a} plus {b} is", f" {a + b}.") for a, b in pairs],
        "subtraction": [(f"{a + b} minus {b} is", f" {a}.") for a, b in pairs if a + b <= SUM],
    }


@torch.no_grad()
def known(model, tokenizer, start: str, end: str) -> bool:
    """Whether the model continues `start` with `end`."""
    ids = tokenizer.encode(start + end)
    first = len(tokenizer.encode(start))
    best = model(torch.tensor([ids])).logits[0].argmax(dim=-1).tolist()
    return best[first - 1 : -1] == ids[first:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--sums", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    for kind, pairs in facts(random.Random(args.seed), args.sums).items():
        right = sum(known(model, tokenizer, start, end) for start, end in pairs)
        print(f"{kind:14} {right:3} of {len(pairs)}")


if __name__ == "__main__":
    main()
