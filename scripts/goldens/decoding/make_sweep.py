"""Vector 27 of the decoding specification: beam search over a grid, as transformers does it, into sweep.txt."""

import itertools
import sys
from pathlib import Path

from running import run_on
from tables import biased, hash_table, perturbed
from toy_model import ToyModel

FOLDER = Path(__file__).resolve().parents[3] / "test/decoding/goldens"
SEEDS = range(1, 21)
EOS = ([], [1], [1, 5])
GRID = list(itertools.product((2, 3, 4), (False, True, "never"), (-1, 0, 1, 2), (1, 2, 6)))
PROMPT = [2, 7, 4]
PERTURBATION = 1e-3
HEADER = """\
# Beam search of transformers 5.23.0 (torch 2.15.0, CPU) on the toy table of 12 ids: scripts/goldens/decoding/make_sweep.py
# seed of the table, EOS ids (2.0 is added to their columns), numBeams, earlyStopping, lengthPenalty, maxNewTokens |
# hypotheses, best first, an id a character (base 36) | sequences_scores
"""


def parameters_of(eos, beams, early, penalty, new_tokens):
    return {
        "eosTokenId": eos,
        "numBeams": beams,
        "numReturnSequences": beams,
        "earlyStopping": early,
        "lengthPenalty": penalty,
        "maxNewTokens": new_tokens,
    }


def base36(ids):
    return "".join("0123456789abcdefghijklmnopqrstuvwxyz"[token] for token in ids)


def best_alone(model, parameters):
    return run_on(model, PROMPT, {**parameters, "numReturnSequences": 1})


def line(seed, eos, model, shaken, point):
    """The golden of one point, or None if it hangs on less than the perturbation or on what is undefined."""
    parameters = parameters_of(eos, *point)
    result = run_on(model, PROMPT, parameters)
    undefined = model.is_undefined()
    best = best_alone(model, parameters)
    assert (best.sequences[0], best.scores[0]) == (result.sequences[0], result.scores[0])
    if undefined or run_on(shaken, PROMPT, parameters).key() != result.key():
        return None
    beams, early, penalty, new_tokens = point
    setting = f"{seed} {','.join(map(str, eos)) or '-'} {beams} {str(early).lower()} {penalty} {new_tokens}"
    scores = " ".join(f"{score:.7g}" for score in result.scores)
    return f"{setting}|{' '.join(map(base36, result.sequences))}|{scores}"


def main():
    lines = []
    for seed, eos in itertools.product(SEEDS, EOS):
        table = biased(hash_table(12, seed), eos)
        model, shaken = ToyModel(table), ToyModel(perturbed(table, PERTURBATION))
        lines += filter(None, (line(seed, eos, model, shaken, point) for point in GRID))
    (FOLDER / "sweep.txt").write_text(HEADER + "\n".join(lines) + "\n")
    total = len(SEEDS) * len(EOS) * len(GRID)
    print(f"sweep  {len(lines)} of {total} points kept")


if __name__ == "__main__":
    sys.exit(main())
