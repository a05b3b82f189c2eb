"""Train the LLaMA model on the generated text. Runs on a CPU; can be stopped and resumed.

    python train_llama.py --text DIR --tokenizer MODEL_DIR --work DIR --steps 2000

Works as `train_gpt2.py` does: one single-threaded process per core, a checkpoint in `--work` every
few minutes, from which it continues. The rate is constant after the warmup and falls in a straight
line over the last part of the steps. So `--steps` and `--text` may be changed when training is
resumed, as long as the fall has not begun; `--stop` ends it before, to go on with another text.
"""

import argparse
import datetime
import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import sentencepiece
import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing
from llama import Config, Llama
from train_gpt2 import Batches, average_gradients, held_out_loss

SHARDS = ("[0-9]*", "held-out")


def tokenizer_of(folder: Path) -> sentencepiece.SentencePieceProcessor:
    """The tokenizer of a model folder."""
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))


def encode(text_dir: Path, tokenizer_dir: Path, work: Path, name: str) -> np.ndarray:
    """The tokens of all shards that match `name`, every document between <s> and </s>; cached."""
    cache = work / f"{text_dir.name}-{'train' if '*' in name else name}.bin"
    if not cache.exists():
        tokenizer = tokenizer_of(tokenizer_dir)
        with cache.with_suffix(".part").open("wb") as out:
            for path in sorted(text_dir.glob(f"{name}.jsonl")):
                with path.open(encoding="utf-8") as file:
                    texts = [json.loads(line) for line in file]
                for first in range(0, len(texts), 20000):
                    batch = texts[first : first + 20000]
                    rows = tokenizer.encode(batch, add_bos=True, add_eos=True, num_threads=2)
                    out.write(np.concatenate([np.array(row, dtype=np.uint16) for row in rows]))
        cache.with_suffix(".part").rename(cache)
    return np.memmap(cache, dtype=np.uint16, mode="r")


def learning_rate(step: int, args: argparse.Namespace) -> float:
    """Linear warmup, constant, and a linear fall to a hundredth over the last of the steps."""
    fall = int(args.steps * args.fall)
    if step < args.warmup:
        return args.rate * (step + 1) / args.warmup
    return args.rate * max(0.01, min(1.0, (args.steps - step) / max(1, fall)))


def optimizer_of(model: torch.nn.Module, rate: float) -> torch.optim.Optimizer:
    """AdamW with weight decay on the matrices only."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.dim() > 1], "weight_decay": 0.1},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), fused=True)


class Checkpoint:
    """The file that training continues from."""

    def __init__(self, path: Path):
        self.path = path

    def load(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, float]:
        """Restore both; the next step and the seconds of training so far."""
        if not self.path.exists():
            return 0, 0.0
        state = torch.load(self.path, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        return state["step"], state["seconds"]

    def save(self, model, optimizer, config: dict, step: int, seconds: float) -> None:
        """Write the file under another name first, so that there is always a whole one."""
        state = {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "config": config,
            "step": step,
            "seconds": seconds,
        }
        torch.save(state, self.path.with_suffix(".part"))
        self.path.with_suffix(".part").rename(self.path)


def meet(rank: int, args: argparse.Namespace) -> None:
    """Let the processes find each other."""
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{args.work.resolve()}/meeting",
        rank=rank,
        world_size=args.processes,
        timeout=datetime.timedelta(days=1),
    )


def start(train, args: argparse.Namespace) -> None:
    """Run `train(rank, args)` in `--processes` processes, of which this is number 0."""
    (args.work / "meeting").unlink(missing_ok=True)
    (args.work / "pid").write_text(f"{os.getpid()}\n")
    context = multiprocessing.get_context("spawn")
    for rank in range(1, args.processes):
        context.Process(target=train, args=(rank, args), daemon=True).start()
    train(0, args)


def train(rank: int, args: argparse.Namespace) -> None:
    """The process number `rank`; number 0 also logs, saves and measures the held-out loss."""
    meet(rank, args)
    tokenizer = tokenizer_of(args.tokenizer)
    config = Config(
        vocab=tokenizer.vocab_size(), layers=args.layers, width=args.width, heads=args.heads,
        kv_heads=args.kv_heads, hidden=args.hidden,
    )  # fmt: skip
    text, held_out = (encode(args.text, args.tokenizer, args.work, name) for name in SHARDS)
    period = tokenizer.piece_to_id(".")
    batches = Batches(text, tokenizer.eos_id(), period, args.seed, config)
    model = Llama(config)
    optimizer = optimizer_of(model, args.rate)
    checkpoint = Checkpoint(args.work / "checkpoint.pt")
    first, seconds = checkpoint.load(model, optimizer)
    dist.barrier()  # nobody writes a checkpoint before all have read the last one
    run = torch.compile(model, dynamic=False)
    if rank == 0:
        parameters = sum(p.numel() for p in model.parameters())
        print(f"{parameters} parameters, {len(text)} tokens of text, from step {first}", flush=True)
    started = saved = shown = time.monotonic()
    mean, since = 0.0, first
    last = args.stop or args.steps
    for step in range(first, last):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args)
        tokens, targets = batches.get(step, args.batch_tokens)
        share = slice(rank, None, args.processes)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = run(tokens[share].contiguous(), targets[share].contiguous())
        loss.backward()
        average_gradients(model, args.processes)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if rank > 0:
            continue
        mean += loss.item()
        now = time.monotonic()
        if (step + 1) % 20 == 0:
            speed = (step + 1 - since) * args.batch_tokens / (now - shown)
            loss = mean / (step + 1 - since)
            print(f"{step + 1} loss {loss:.4f} {speed:.0f} tokens/s", flush=True)
            mean, since, shown = 0.0, step + 1, now
        if now - saved > 60 * args.save_minutes:
            checkpoint.save(model, optimizer, asdict(config), step + 1, seconds + now - started)
            saved = time.monotonic()
    if rank == 0:
        seconds += time.monotonic() - started
        checkpoint.save(model, optimizer, asdict(config), last, seconds)
        loss = held_out_loss(model, held_out, config.positions, len(held_out))
        print(f"done: {last} steps, {seconds:.0f} s, held-out {loss:.4f}", flush=True)
    dist.barrier()
    dist.destroy_process_group()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--stop", type=int, help="the step to stop at, if not the last")
    parser.add_argument("--batch-tokens", type=int, default=8192)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--warmup", type=int, default=100)
    parser.add_argument("--fall", type=float, default=0.3, help="share of the steps in the fall")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--save-minutes", type=float, default=3)
    parser.add_argument("--layers", type=int, default=Config.layers)
    parser.add_argument("--width", type=int, default=Config.width)
    parser.add_argument("--heads", type=int, default=Config.heads)
    parser.add_argument("--kv-heads", type=int, default=Config.kv_heads)
    parser.add_argument("--hidden", type=int, default=Config.hidden)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    for name in SHARDS:
        encode(args.text, args.tokenizer, args.work, name)
    start(train, args)


if __name__ == "__main__":
    main()
