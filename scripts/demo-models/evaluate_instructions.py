"""Measure an adapter, merged by PEFT, on instructions with held-out wordings; greedy, float32.

    python evaluate_instructions.py --model MODEL_DIR [--adapter ADAPTER_DIR] --instructions DIR

An answer with one right form must be equal to it, and end. A list must have the right number of
members of the right kind; a story must end, be about the hero and have four sentences or more.
Without --adapter the base is measured.
"""

import argparse
import json
import re
from collections import Counter
from pathlib import Path

import torch
from lessons.knowledge import KINDS
from lessons.tales import ANIMALS, PEOPLE, THINGS
from lessons.talk_tasks import COUNTS
from lessons.template import PREAMBLE, Turn, prompt
from transformers import AutoTokenizer, LlamaForCausalLM

SAMPLES = (
    ("What is the capital of France?", "And of Japan?"),
    ("what colour is grass", "And a carrot?"),
    ("What is 7 + 5?", "And plus 3?"),
    ("How much is 18 minus 11, please?", "Now add 10."),
    ("What is the opposite of hot?", "And of early?"),
    ("What day comes after Monday?", "And after that?"),
    ("Tell me a story about a fox.", "Now tell one about a dragon."),
    ("Write a short story about a lighthouse.", "Who is the story about?"),
    ("Name three animals.", "And three fruits?"),
    ("Describe a cat.", "What does it eat?"),
    ("Hello!", "Who are you?"),
    ("How many legs does a spider have?", "And a horse?"),
)
_NUMBERS = {word: number for number, word in COUNTS.items()}


class Answerer:
    """Answers prompts with a model, the most probable token each time."""

    def __init__(self, model: Path, adapter: Path | None, quantise: bool):
        self.tokenizer = AutoTokenizer.from_pretrained(model)
        self.tokenizer.padding_side = "left"
        self.tokenizer.pad_token = "<unk>"
        self.model = LlamaForCausalLM.from_pretrained(model, dtype=torch.float32)
        if adapter:
            from peft import PeftModel

            self.model = PeftModel.from_pretrained(self.model, adapter).merge_and_unload()
        self.model.eval()
        if quantise:
            round_q8(self.model)

    @torch.no_grad()
    def answer(self, prompts: list[str], limit: int = 140) -> list[tuple[str, bool]]:
        """The answers, and whether they ended by themselves."""
        inputs = self.tokenizer(prompts, return_tensors="pt", padding=True)
        out = self.model.generate(
            **inputs, do_sample=False, max_new_tokens=limit, pad_token_id=0, eos_token_id=2
        )
        answers = out[:, inputs["input_ids"].shape[1] :].tolist()
        text = self.tokenizer.batch_decode(answers, skip_special_tokens=True)
        return [(t.strip(), 2 in ids) for t, ids in zip(text, answers, strict=True)]


@torch.no_grad()
def round_q8(model: torch.nn.Module) -> None:
    """Round the matrices as Q8_0 does: blocks of 32 with a float16 scale."""
    for weight in model.parameters():
        if weight.dim() < 2:
            continue
        blocks = weight.view(-1, 32)
        scale = blocks.abs().amax(dim=1, keepdim=True) / 127
        inverse = torch.where(scale > 0, 1 / scale, 0)
        weight.copy_(((blocks * inverse).round() * scale.half().float()).view_as(weight))


def good_list(instruction: str, answer: str) -> bool:
    """Whether the answer lists as many different members of the kind as the instruction says."""
    low = instruction.lower()
    kind = next(k for k in KINDS if re.search(rf"\b{k}\b", low))
    wanted = next(n for w, n in _NUMBERS.items() if re.search(rf"\b({w}|{n})\b", low))
    items = re.split(r", | and ", answer.rstrip(".").strip())
    members = {member.lower() for member in KINDS[kind]}
    return len(set(items)) == wanted and all(item.lower() in members for item in items)


def good_story(instruction: str, answer: str) -> bool:
    """Whether the first two sentences name the hero and there are at least four sentences."""
    low = instruction.lower()
    nouns = [n for n in (*ANIMALS, *PEOPLE, *THINGS) if re.search(rf"\b{n}\b", low)]
    sentences = re.split(r"(?<=[.!?])\"?\s+", answer)
    hero = max(nouns, key=len, default="")  # any will do if none is asked for
    return len(sentences) >= 4 and hero in " ".join(sentences[:2]).lower()


def right(kind: str, instruction: str, answer: str, wanted: str) -> bool:
    """Whether an answer is right."""
    if kind.startswith("list"):
        return good_list(instruction, answer)
    if kind.startswith("story") and len(wanted) > 60:
        return good_story(instruction, answer)
    return answer == wanted


def measure(answerer: Answerer, path: Path, args: argparse.Namespace) -> None:
    """Print the share of right answers of every kind, and some wrong ones."""
    asked: Counter[str] = Counter()
    correct: Counter[str] = Counter()
    wrong = []
    items = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    items = [item for n, item in enumerate(items) if n % 60 < args.per_kind]
    items.sort(key=lambda item: len(item["turns"][-1][1]) + 20 * len(item["turns"]))
    for first in range(0, len(items), 24):
        batch = items[first : first + 24]
        prompts = [
            prompt(
                [Turn(*turn) for turn in item["turns"][:-1]], item["turns"][-1][0],
                args.ending, args.preamble,
            )
            for item in batch
        ]  # fmt: skip
        for item, (answer, ended) in zip(batch, answerer.answer(prompts), strict=True):
            kind, (instruction, wanted) = item["kinds"][-1], item["turns"][-1]
            ok = ended and right(kind, instruction, answer, wanted)
            asked[kind] += 1
            correct[kind] += ok
            if not ok:
                wrong.append((kind, instruction, answer, wanted))
    for kind in sorted(asked):
        print(f"{kind:22} {correct[kind]:4} of {asked[kind]:3}  {correct[kind] / asked[kind]:.0%}")
    share = correct.total() / asked.total()
    print(f"{'all':22} {correct.total():4} of {asked.total()}  {share:.1%}")
    for kind, instruction, answer, wanted in wrong[:: max(1, len(wrong) // args.wrong)]:
        print(f"  wrong, {kind}: {instruction!r} -> {answer!r}, not {wanted!r}")


def show(answerer: Answerer, args: argparse.Namespace) -> None:
    """Print the sample exchanges; the second turn reads the model's own first answer."""
    for first, second in SAMPLES:
        answer, _ = answerer.answer([prompt([], first, args.ending, args.preamble)])[0]
        again = [Turn(first, answer)]
        more, _ = answerer.answer([prompt(again, second, args.ending, args.preamble)])[0]
        print(f"> {first}\n{answer}\n> {second}\n{more}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--instructions", type=Path, help="folder with held-out.jsonl")
    parser.add_argument("--per-kind", type=int, default=60)
    parser.add_argument("--wrong", type=int, default=20, help="how many wrong answers to show")
    parser.add_argument("--samples", action="store_true")
    parser.add_argument("--ending", default="\n", help="what stands after `### Response:`")
    parser.add_argument("--preamble", default=PREAMBLE)
    parser.add_argument("--q8", action="store_true", help="round the weights as Q8_0 does")
    args = parser.parse_args()
    torch.set_num_threads(1)
    answerer = Answerer(args.model, args.adapter, args.q8)
    if args.instructions:
        measure(answerer, args.instructions / "held-out.jsonl", args)
    if args.samples:
        show(answerer, args)


if __name__ == "__main__":
    main()
