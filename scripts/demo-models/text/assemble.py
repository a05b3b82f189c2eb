"""Put documents together and write them to shards.

    python -m text.assemble --seed 1 --shards 8 --mb-per-shard 15 --out DIR

A document is one text of one of the generators; a tenth of them are two texts in a row. Shard n of
a seed is always the same text, whatever the number of processes. A line of a shard is one document
as a JSON string.
"""

import argparse
import json
import os
import random
import re
from multiprocessing import Pool
from pathlib import Path

from . import descriptions, dialogue, everyday, facts, lexicon, phrases, sentences, stories

assert phrases  # imported for the rules it defines

MODULES = (stories, everyday, sentences, dialogue, facts, descriptions)
MAKERS = [maker for module in MODULES for maker, _ in module.MAKERS]
WEIGHTS = [weight for module in MODULES for _, weight in module.MAKERS]
HELD_OUT = "held-out"

_WORD = re.compile(r"[A-Za-z]+")


def _american(text: str) -> str:
    def change(match: re.Match) -> str:
        word = match.group(0)
        other = lexicon.AMERICAN.get(word.lower())
        if other is None:
            return word
        return other[0].upper() + other[1:] if word[0].isupper() else other

    return _WORD.sub(change, text)


def document(rng: random.Random) -> str:
    """One document."""
    text = rng.choices(MAKERS, WEIGHTS)[0](rng)
    if rng.random() < 0.1:
        text += "\n\n" + rng.choices(MAKERS, WEIGHTS)[0](rng)
    return _american(text) if rng.random() < 0.3 else text


def documents(seed: int, shard: int | str, size: int):
    """The documents of a shard: at least `size` bytes of text."""
    rng = random.Random(f"{seed}/{shard}")
    written = 0
    while written < size:
        text = document(rng)
        written += len(text.encode()) + 1
        yield text


def write_shard(job: tuple[int, int | str, int, str]) -> str:
    """Write a shard; used by the processes of `main`."""
    seed, shard, size, out = job
    path = Path(out) / f"{shard}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for text in documents(seed, shard, size):
            file.write(json.dumps(text, ensure_ascii=False) + "\n")
    return str(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--mb-per-shard", type=float, default=15)
    parser.add_argument("--held-out-mb", type=float, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    size = int(args.mb_per_shard * 1e6)
    jobs = [(args.seed, HELD_OUT, int(args.held_out_mb * 1e6), str(args.out))]
    jobs += [(args.seed, shard, size, str(args.out)) for shard in range(args.shards)]
    with Pool(args.processes) as pool:
        for path in pool.imap(write_shard, jobs):
            print(path, flush=True)


if __name__ == "__main__":
    main()
