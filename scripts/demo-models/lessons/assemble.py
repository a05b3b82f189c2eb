"""Write the base text of the second model to shards.

    python -m lessons.assemble --mixture reading --seed 2 --shards 8 --mb-per-shard 9 --out DIR

A document is one of the first model's (`text.assemble`), a lesson, a text with headings, a short
tale or a text of sums. Sums take the longest to learn and come from the second mixture on. Shard n
of a seed is always the same text. A line of a shard is one document as a JSON string.
"""

import argparse
import json
import os
import random
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path

from text.assemble import HELD_OUT
from text.assemble import document as plain

from .prose import counting, lesson, notebook
from .tales import announced

# Shares of the documents; those of `plain` and the tales are longer than the others.
MAKERS = (plain, lesson, notebook, announced, counting)
MIXTURES = {"reading": (28, 52, 6, 14, 0), "counting": (20, 35, 3, 12, 30)}


def documents(mixture: str, seed: int, shard: int | str, size: int) -> Iterator[str]:
    """The documents of a shard: at least `size` bytes of text."""
    rng = random.Random(f"lessons/{seed}/{shard}")
    written = 0
    while written < size:
        text = rng.choices(MAKERS, MIXTURES[mixture])[0](rng)
        written += len(text.encode()) + 1
        yield text


def write_shard(job: tuple[str, int, int | str, int, str]) -> str:
    """Write a shard; used by the processes of `main`."""
    mixture, seed, shard, size, out = job
    path = Path(out) / f"{shard}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for text in documents(mixture, seed, shard, size):
            file.write(json.dumps(text, ensure_ascii=False) + "\n")
    return str(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mixture", choices=MIXTURES, default="reading")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--shards", type=int, default=6)
    parser.add_argument("--mb-per-shard", type=float, default=10)
    parser.add_argument("--held-out-mb", type=float, default=0.5)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    size = int(args.mb_per_shard * 1e6)
    jobs = [(args.mixture, args.seed, HELD_OUT, int(args.held_out_mb * 1e6), str(args.out))]
    jobs += [(args.mixture, args.seed, n, size, str(args.out)) for n in range(args.shards)]
    with Pool(args.processes) as pool:
        for path in pool.imap(write_shard, jobs):
            print(path, flush=True)


if __name__ == "__main__":
    main()
