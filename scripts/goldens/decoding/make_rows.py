"""Scores after every processor, alone and in combinations, as transformers computes them, into rows.txt."""

import base64
import json
import random
import sys
import zlib
from collections import Counter

import numpy as np

from combinations import NEEDS_EOS, PROCESSORS, WARPERS, combination
from make_sweep import FOLDER
from processed import Tied, processed_row
from running import digits
from tables import perturbed, row_logits

LARGE = 50257
#: rows of more survivors keep sums, a checksum of the mask and the first values
LISTED = 16
HEADER = """\
# Processed scores of transformers 5.23.0 (torch 2.15.0, CPU): scripts/goldens/decoding/make_rows.py
# [entries, seed of the logits, history, ids of it that are the prompt, parameters, survivors, mask, values]
# mask: base64 of the bits, least significant first, or CRC-32 of those bytes; null if nothing is dropped
# values: of the survivors in order of id, of the first ones if there are many; then sum and sum of squares of all
"""


def perturbation(size):
    """Rows of many entries have neighbours that are close everywhere; a cut must stand what float32 sums lose."""
    return 1e-4 if size < 1000 else 1e-5


def history_of(r, size, prompt_size=None):
    """Prompt and generated ids, from few enough for runs to come again."""
    prompt_size = prompt_size or r.choice((1, 2, 3, 5, 8, 20))
    pool = [r.randrange(size) for _ in range(r.choice((2, 3, 6, 12)))]
    new = r.choice((0, 0, 1, 2, 3, 4, 6, 12))
    return [r.choice(pool) for _ in range(prompt_size + new)], prompt_size


def setting(r, size, doing):
    """Parameters that every row has: mode, lengths, EOS ids."""
    parameters = {"maxNewTokens": r.choice((1, 4, 7, 13)), "eosTokenId": r.choice(([], [1], [1, 5], [0, 1, 5, 9]))}
    if doing in WARPERS or doing is None and r.random() < 0.7:
        parameters["doSample"] = True
    if r.random() < 0.35:
        parameters["numBeams"] = r.randint(2, 4)
    return parameters


def alone(r, name, size):
    parameters = setting(r, size, name)
    if name in NEEDS_EOS:
        parameters["eosTokenId"] = r.choice(([1], [1, 5]))
    parameters[name] = {**PROCESSORS, **WARPERS, **PENALTIES}[name](r, size)
    history, prompt_size = history_of(r, size, 1 if name == "forcedBosTokenId" else None)
    if name == "forcedBosTokenId":
        history = history[: r.choice((1, 1, 2))]
    if name == "forcedEosTokenId":
        parameters["maxNewTokens"] = len(history) - prompt_size + r.choice((1, 1, 2))
    if name == "beginSuppressTokens":
        history = history[: prompt_size + r.choice((0, 0, 1))]
    return history, prompt_size, parameters


PENALTIES = {
    "presencePenalty": lambda r, size: r.choice((-1.5, 0.4, 2.0)),
    "frequencyPenalty": lambda r, size: r.choice((-0.7, 0.3, 1.25)),
}


def mixed(r, size):
    history, prompt_size = history_of(r, size)
    parameters = combination(r, size, setting(r, size, None), (0, 6), (1, 6))
    for name, choose in PENALTIES.items():
        if r.random() < 0.15:
            parameters[name] = choose(r, size)
    return history, prompt_size, parameters


def requests():
    """Entries, random.Random, and the rest of a row's setting."""
    for name in (*PROCESSORS, *WARPERS, *PENALTIES):
        for i in range(20):
            r = random.Random(f"{name} {i}")
            size = r.choice((12, 12, 12, 40, 100, 151, 600))
            yield name, size, r, alone(r, name, size)
        r = random.Random(f"{name} large")
        yield name, LARGE, r, alone(r, name, LARGE)
    for i in range(700):
        r = random.Random(f"mixed {i}")
        size = r.choice((12, 12, 12, 12, 33, 64, 100, 257, 600))
        yield "mixed", size, r, mixed(r, size)
    for i in range(40):
        r = random.Random(f"mixed large {i}")
        yield "mixed", LARGE, r, mixed(r, LARGE)


def row_of(size, seed, history, prompt_size, parameters):
    """None if a perturbation changes the mask, or if NaN, infinity or nothing comes out."""
    logits = row_logits(size, seed)
    try:
        scores = processed_row(logits, history, prompt_size, parameters)
    except (Tied, ValueError):  # or a combination that transformers refuses
        return None
    survivors = scores > -np.inf
    for shake in (1, 2):
        shaken = perturbed(logits, perturbation(size), shake)
        try:
            other = processed_row(shaken, history, prompt_size, parameters)
        except Tied:
            return None
        if ((other > -np.inf) != survivors).any():
            return None
    if not survivors.any() or np.isnan(scores).any() or (scores == np.inf).any():
        return None
    return scores


def stored(scores):
    survivors = scores > -np.inf
    bits = np.packbits(survivors, bitorder="little").tobytes()
    mask = None if survivors.all() else base64.b64encode(bits).decode() if scores.size < 1000 else zlib.crc32(bits)
    values = scores[survivors].astype(np.float64)
    # Scores that stand for infinity would drown the others.
    finite = values[np.abs(values) < 1e30]
    sums = [] if values.size <= LISTED else [digits(finite.sum(), 9), digits((finite**2).sum(), 9)]
    return [int(survivors.sum()), mask, [digits(value) for value in values[:LISTED]] + sums]


def main():
    lines, kept, dropped = [], Counter(), Counter()
    for name, size, r, (history, prompt_size, parameters) in requests():
        seed = r.randrange(10**6)
        scores = row_of(size, seed, history, prompt_size, parameters)
        if scores is None:
            dropped[name] += 1
            continue
        kept[name] += 1
        content = [size, seed, history, prompt_size, parameters, *stored(scores)]
        lines.append(json.dumps(content, separators=(",", ":")))
    (FOLDER / "rows.txt").write_text(HEADER + "\n".join(lines) + "\n")
    for name in kept | dropped:
        print(f"{name:30} {kept[name]:4} kept {dropped[name]:4} dropped")


if __name__ == "__main__":
    sys.exit(main())
