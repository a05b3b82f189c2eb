"""Greedy search, sampling, beam search and beam sampling with random processors, as transformers runs them, into
mixed.txt. Draws are torch's on the CPU."""

import json
import random
import sys
from collections import Counter

import numpy as np

from combinations import combination
from make_sweep import FOLDER, PERTURBATION, base36
from running import digits, run_on
from tables import hash_table, perturbed
from toy_model import ToyModel

SIZE = 12
TABLES = range(101, 109)
CASES = 3000
HEADER = """\
# transformers 5.23.0 (torch 2.15.0, CPU) on the toy table of 12 ids: scripts/goldens/decoding/make_mixed.py
# generator is torch in all; [seed of the table, prompt, parameters, sequences (an id a character, base 36),
#  log-probabilities of the first one, scores of beams]
"""


def mode(r):
    kind = r.choice(("greedy", "sample", "beams", "beam sample"))
    parameters = {"maxNewTokens": r.randint(5, 8), "eosTokenId": r.choice(([], [1], [1], [1, 5], [1, 5, 9]))}
    if kind in ("sample", "beam sample"):
        parameters |= {"doSample": True, "seed": r.randrange(10**4)}
    if kind == "sample":
        parameters["numReturnSequences"] = r.randint(1, 3)
    if kind.startswith("beam"):
        beams = r.randint(2, 4)
        parameters |= {"numBeams": beams, "numReturnSequences": r.randint(1, beams)}
        parameters |= {"earlyStopping": r.choice((False, True, "never"))}
        parameters |= {"lengthPenalty": r.choice((-1.0, 0.0, 0.5, 1.0, 2.0))}
    return kind, parameters


def attempt(model, prompt, parameters):
    try:
        result = run_on(model, prompt, parameters)
    except (RuntimeError, ValueError):  # nothing left to draw from; a combination that is refused
        return None
    values = [value for row in result.logprobs for value in row] + (result.scores or [])
    if not np.isfinite(values).all() or model.is_undefined():
        return None
    return result


def line(seed, prompt, parameters, result):
    logprobs = [[digits(value, 6) for value in row] for row in result.logprobs[:1]]
    scores = None if result.scores is None else [digits(score) for score in result.scores]
    content = [seed, prompt, parameters, " ".join(map(base36, result.sequences)), logprobs, scores]
    return json.dumps(content, separators=(",", ":"))


def main():
    tables = {seed: hash_table(SIZE, seed) for seed in TABLES}
    models = {seed: ToyModel(table) for seed, table in tables.items()}
    shaken = {seed: ToyModel(perturbed(table, PERTURBATION)) for seed, table in tables.items()}
    lines, kept, dropped = [], Counter(), Counter()
    for case in range(CASES):
        r = random.Random(case)
        kind, parameters = mode(r)
        seed = r.choice(TABLES)
        prompt = [r.randrange(SIZE) for _ in range(r.choice((1, 1, 2, 3, 4, 6)))]
        combination(r, SIZE, parameters, (0, 5), (0, 4))
        result = attempt(models[seed], prompt, parameters)
        other = result and attempt(shaken[seed], prompt, parameters)
        if other is None or other.key() != result.key():
            dropped[kind] += 1
            continue
        kept[kind] += 1
        lines.append(line(seed, prompt, parameters, result))
    (FOLDER / "mixed.txt").write_text(HEADER + "\n".join(lines) + "\n")
    for kind in kept:
        print(f"{kind:12} {kept[kind]:5} kept {dropped[kind]:5} dropped")


if __name__ == "__main__":
    sys.exit(main())
