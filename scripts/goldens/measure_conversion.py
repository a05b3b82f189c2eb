"""Converts a 1.1-billion-parameter checkpoint to Q8_0 with Glossa and with llama.cpp's converter, in turns.

    python measure_conversion.py --llama-cpp DIR --work DIR [--rounds 3]

Prints seconds and peak resident memory of every run and whether both files hold the same tensors. DIR of
llama.cpp is its source tree at the release of our libraries (see README.md here).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from large_checkpoint import write_large_checkpoint

GLOSSA = Path(__file__).resolve().parents[2] / "dist" / "src" / "cli" / "main.js"


def main() -> None:
    """Runs the rounds and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-cpp", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    source = options.work / "large"
    if not (source / "model.safetensors.index.json").exists():
        write_large_checkpoint(source)
    commands = {
        "glossa": ["node", str(GLOSSA), "convert", str(source), "--outtype", "q8_0", "--outfile"],
        "reference": [
            sys.executable,
            str(options.llama_cpp / "convert_hf_to_gguf.py"),
            str(source),
            "--outtype",
            "q8_0",
            "--outfile",
        ],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(options.rounds):
        for name, command in commands.items():
            outfile = options.work / f"large-{name}.gguf"
            outfile.unlink(missing_ok=True)
            taken, peak = run([*command, str(outfile)])
            seconds[name].append(taken)
            print(f"round {number + 1}  {name:9}  {taken:6.1f} s  peak {peak / 1e6:6.0f} MB", flush=True)
    ratio = median(seconds["glossa"]) / median(seconds["reference"])
    print(f"median: glossa {median(seconds['glossa']):.1f} s, reference {median(seconds['reference']):.1f} s, ratio {ratio:.2f}")
    same = same_tensors(options.llama_cpp, *(options.work / f"large-{name}.gguf" for name in commands))
    print("tensors: " + ("bit-identical" if same else "DIFFERENT"))


def run(command: list[str]) -> tuple[float, float]:
    """Runs a command; returns its seconds and its peak resident memory in bytes."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    taken = time.monotonic() - started
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed")
    return taken, usage.ru_maxrss * 1024


def same_tensors(llama_cpp: Path, one: Path, other: Path) -> bool:
    """Whether two GGUF files hold the same tensors, bit for bit."""
    sys.path.insert(0, str(llama_cpp / "gguf-py"))
    from gguf import GGUFReader

    tensors = {tensor.name: tensor for tensor in GGUFReader(other).tensors}
    mine = GGUFReader(one).tensors
    return len(mine) == len(tensors) and all(
        tensor.tensor_type == tensors[tensor.name].tensor_type and (tensor.data == tensors[tensor.name].data).all()
        for tensor in mine
    )


if __name__ == "__main__":
    main()
