"""Goldens of decoding with the shipped models: test/decoding/models/*.json.

    python make_model_goldens.py [glossa-tales] [glossa-sprout]
"""

import sys
import time
from typing import Any

import torch
import transformers
from model_cases import Request, all_requests
from model_generate import Model, Outcome, disturbed, run
from model_reference import MODELS, REPOSITORY, eos_of, load_model, load_tokenizer

sys.path.insert(0, str(REPOSITORY / "scripts" / "goldens"))
from files import write_golden  # noqa: E402

COPIES = 16
NEAR_TIE = 1e-4


class Disturbances:
    """What noise does to one generation."""

    def __init__(self, model: Model, request: Request, outcome: Outcome, seed: int) -> None:
        self.model, self.request, self.outcome, self.seed = model, request, outcome, seed

    def flip(self, amplitude: float) -> bool:
        """Whether noise of this size gives other tokens, in any of some copies."""
        tokens, _ = self.outcome
        with disturbed(self.model, amplitude, self.seed):
            copies = run(self.model, self.request, COPIES)
        return any(copy != tokens for copy, _ in copies)

    def margin(self) -> float | None:
        """The least noise on the logits, of a few sizes, that changes the tokens; None: more than 1e-3."""
        if self.flip(NEAR_TIE):
            return next((size for size in (1e-5, 3e-5) if self.flip(size)), NEAR_TIE)
        return next((size for size in (3e-4, 1e-3) if self.flip(size)), None)


def golden_of(model: Model, request: Request, number: int) -> dict[str, Any]:
    [outcome] = run(model, request)
    tokens, scores = outcome
    check_copies(model, request, tokens)
    disturbances = Disturbances(model, request, outcome, 1000 * number)
    golden: dict[str, Any] = {"request": request, "tokens": tokens, "margin": disturbances.margin()}
    if scores:
        golden["scores"] = [float(f"{score:.7g}") for score in scores]
    return golden


def check_copies(model: Model, request: Request, tokens: list[list[int]]) -> None:
    """Runs in a batch, of which the margins are made, are the same as alone. Warns, since sums may differ."""
    copies: list[Outcome] = run(model, request, 2)
    if any(copy != tokens for copy, _ in copies):
        print("in a batch it differs:", request, flush=True)


def make(name: str) -> None:
    started = time.monotonic()
    tokenizer = load_tokenizer(name)
    model = Model(load_model(name), tokenizer, eos_of(name))
    requests = all_requests(
        lambda text: tokenizer(text, add_special_tokens=False).input_ids,
        lambda text: tokenizer(text).input_ids,
        model.eos,
    )
    cases = [golden_of(model, request, number) for number, request in enumerate(requests)]
    made_with = {"transformers": transformers.__version__, "torch": torch.__version__}
    golden = {"model": name, "madeWith": made_with, "cases": cases}
    write_golden(REPOSITORY / "test" / "decoding" / "models" / f"{name}.json", golden)
    near = [case["margin"] for case in cases if case["margin"] is not None and case["margin"] < NEAR_TIE]
    print(f"{name}: {len(cases)} cases, {len(near)} with a margin below {NEAR_TIE}: {near}", end=" ")
    print(f"({time.monotonic() - started:.0f} s)")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for each in sys.argv[1:] or MODELS:
        make(each)
