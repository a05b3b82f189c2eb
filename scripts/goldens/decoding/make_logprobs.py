"""Goldens of log-probabilities with the shipped models: test/decoding/logprobs/*.json.

    python make_logprobs.py [glossa-tales] [glossa-sprout]
"""

import sys
import time
from pathlib import Path
from typing import Any

import torch
import transformers
from logprob_texts import CONTINUED, TEXTS, repeated
from model_reference import MODELS, REPOSITORY, eos_of, load_model, load_tokenizer

sys.path.insert(0, str(REPOSITORY / "scripts" / "goldens"))
from files import write_golden  # noqa: E402

CONTEXT = 512
OWN_TEXTS = 14
# New ids of the models' own texts; the last ones fill the context with their prompt.
OWN_LENGTHS = [12, 24, 40, 60, 90]
NEW_TOKENS = 12
TOP = 5
FOLDER = Path("test") / "decoding" / "logprobs"


def rounded(values: torch.Tensor) -> list[float]:
    return [round(value, 5) for value in values.tolist()]


def log_softmax(model: torch.nn.Module, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), dim=-1)


def own_texts(model: torch.nn.Module, start: list[list[int]], eos: int) -> list[list[int]]:
    """What the model says by itself, drawn as it is: rows of ids of many lengths, two as long as the context."""
    rows = []
    for number in range(OWN_TEXTS):
        prompt = start[number % len(start)]
        new = OWN_LENGTHS[number % len(OWN_LENGTHS)] if number + 2 < OWN_TEXTS else CONTEXT - len(prompt)
        torch.manual_seed(number)
        with torch.no_grad():
            [row] = model.generate(
                torch.tensor([prompt]),
                attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                generation_config=transformers.GenerationConfig(
                    do_sample=True,
                    top_k=0,
                    min_new_tokens=new,
                    max_new_tokens=new,
                    eos_token_id=eos,
                    pad_token_id=eos,
                ),
            ).tolist()
        rows.append(row)
    return rows


def continuation(model: torch.nn.Module, ids: list[int], eos: int) -> dict[str, Any]:
    """Greedy, with the likeliest tokens of every place."""
    row, tokens, logprobs, top = list(ids), [], [], []
    while len(tokens) < NEW_TOKENS and eos not in tokens:
        last = log_softmax(model, row)[-1]
        best = torch.topk(last, TOP)
        tokens.append(int(best.indices[0]))
        logprobs.append(round(float(best.values[0]), 5))
        top.append(rounded(best.values))
        row.append(tokens[-1])
    return {"tokens": tokens, "logprobs": logprobs, "top": top}


def golden_of(model: torch.nn.Module, ids: list[int]) -> dict[str, Any]:
    """A row of ids with the log-probability of each but the first."""
    places = log_softmax(model, ids)[:-1]
    return {"prompt": ids, "logprobs": rounded(places[range(len(ids) - 1), ids[1:]])}


def make(name: str) -> None:
    started = time.monotonic()
    model, tokenizer, eos = load_model(name), load_tokenizer(name), eos_of(name)
    model.generation_config = transformers.GenerationConfig()
    texts = [tokenizer(text).input_ids for text in [*TEXTS, repeated(tokenizer, CONTEXT)]]
    rows = texts + own_texts(model, [ids for ids in texts if 1 < len(ids) < OWN_LENGTHS[0]], eos)
    cases = [golden_of(model, row) for row in rows]
    for case in cases[:CONTINUED]:
        case["continuation"] = continuation(model, case["prompt"], eos)
    made_with = {"transformers": transformers.__version__, "torch": torch.__version__}
    write_golden(REPOSITORY / FOLDER / f"{name}.json", {"model": name, "madeWith": made_with, "cases": cases})
    counts = [len(row) for row in rows]
    print(f"{name}: {len(cases)} texts of {min(counts)} to {max(counts)} tokens, {sum(counts)} in all", end=" ")
    print(f"({time.monotonic() - started:.0f} s)")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for each in sys.argv[1:] or MODELS:
        make(each)
