"""Goldens of embeddings with the shipped models: test/engine/embeddings.json.

    python make_embeddings.py
"""

import math
import sys
from typing import Any

import torch
from model_reference import MODELS, REPOSITORY, load_model, load_tokenizer

sys.path.insert(0, str(REPOSITORY / "scripts" / "goldens"))
from files import write_golden  # noqa: E402

TEXTS = [
    "The little dog",
    "One morning the old woman went to the market and bought three apples, a loaf of bread and a red hat.",
    "Why?",
    "a trailing space and\ttabs ",
    "It was raining.\n\nNobody was in the garden but the cat, who did not mind.",
    "Ünïcödé, 猫と犬, 🐈‍⬛ and\tTabs",
]
CONTEXT = 512
# As many tokens as the context holds, and one more than half of a batch: ids that every model has.
LENGTHS = [CONTEXT, 257]
FIRST = 8
PROBES = 4


def inputs_of(tokenizer: Any) -> list[tuple[str | list[int], list[int]]]:
    """What the engine is given, and its ids."""
    texts: list[tuple[str | list[int], list[int]]] = [(text, tokenizer(text)["input_ids"]) for text in TEXTS]
    rows = [[300 + 7 * place % 1500 for place in range(length)] for length in LENGTHS]
    return texts + [(row, row) for row in rows]


def golden_of(model: torch.nn.Module, given: str | list[int], ids: list[int]) -> dict[str, Any]:
    with torch.no_grad():
        states = model.base_model(torch.tensor([ids])).last_hidden_state[0].double()
    vector = torch.nn.functional.normalize(states.mean(dim=0), dim=0)
    probes = [
        sum(math.sin((probe + 1) * (place + 1)) * value for place, value in enumerate(vector.tolist()))
        for probe in range(PROBES)
    ]
    # Rows of ids are told by their length.
    return {
        "input": given if isinstance(given, str) else len(given),
        "tokens": len(ids),
        "width": len(vector),
        "first": [round(value, 7) for value in vector.tolist()[:FIRST]],
        "probes": [round(value, 7) for value in probes],
    }


def main() -> None:
    goldens: dict[str, list[dict[str, Any]]] = {}
    for name in MODELS:
        model, tokenizer = load_model(name), load_tokenizer(name)
        goldens[name] = [golden_of(model, *pair) for pair in inputs_of(tokenizer)]
        print(f"{name}: {len(goldens[name])} inputs, width {goldens[name][0]['width']}")
    write_golden(REPOSITORY / "test" / "engine" / "embeddings.json", goldens)


main()
