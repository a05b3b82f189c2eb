"""Train the adapter of the LLaMA model on instructions. Runs on a CPU; can be stopped and resumed.

    python train_lora.py --model MODEL_DIR --instructions DIR --work DIR --steps 900

MODEL_DIR is the exported base; its float16 weights stay as they are. Several conversations share a
row and do not see each other. Only the answers are learned; long ones count less for each token.
"""

import argparse
import os
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from export_llama import config_of
from lessons.batches import rows
from llama import Llama
from lora import adapt, trained
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F
from train_gpt2 import average_gradients
from train_llama import Checkpoint, learning_rate, meet, optimizer_of, start, tokenizer_of


class Lesson(nn.Module):
    """The loss of a batch of rows."""

    def __init__(self, model: Llama):
        super().__init__()
        self.model = model

    def forward(self, tokens, targets, weights, owner) -> torch.Tensor:
        """The weighted mean over what is learned; a conversation sees itself only."""
        length = tokens.shape[1]
        before = torch.ones(length, length, dtype=torch.bool).tril()
        mask = (owner[:, None, :] == owner[:, :, None]) & before
        logits = self.model.logits(tokens, mask[:, None])
        loss = F.cross_entropy(
            logits.flatten(0, 1).float(), targets.flatten(), reduction="none"
        )
        return (loss * weights.flatten()).sum() / weights.sum()


def batch_of(source, size: int) -> list[torch.Tensor]:
    """The next rows, as tensors."""
    columns = zip(*(next(source) for _ in range(size)), strict=True)
    return [torch.from_numpy(np.stack(column)) for column in columns]


def train(rank: int, args: argparse.Namespace) -> None:
    """The process number `rank`; number 0 also logs and saves."""
    meet(rank, args)
    tokenizer = tokenizer_of(args.model)
    config = config_of(args.model)
    model = Llama(config)
    weights = load_file(args.model / "model.safetensors")
    model.load_state_dict({n.removeprefix("model."): w.float() for n, w in weights.items()})
    adapt(model, args.rank, args.alpha)
    adapters = trained(model)
    optimizer = optimizer_of(adapters, args.rate)
    checkpoint = Checkpoint(args.work / "checkpoint.pt")
    first, seconds = checkpoint.load(adapters, optimizer)
    dist.barrier()  # nobody writes a checkpoint before all have read the last one
    source = rows(
        args.instructions / "train.jsonl", tokenizer, args.length, args.seed * 1000 + first + rank
    )
    run = torch.compile(Lesson(model), dynamic=False)
    settings = asdict(config) | {"rank": args.rank, "alpha": args.alpha}
    if rank == 0:
        count = sum(p.numel() for p in adapters.parameters())
        print(f"{count} parameters in the adapter, from step {first}", flush=True)
    started = saved = shown = time.monotonic()
    mean, since = 0.0, first
    for step in range(first, args.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = run(*batch_of(source, args.rows // args.processes))
        loss.backward()
        average_gradients(adapters, args.processes)
        torch.nn.utils.clip_grad_norm_(adapters.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if rank > 0:
            continue
        mean += loss.item()
        now = time.monotonic()
        if (step + 1) % 20 == 0:
            speed = (step + 1 - since) * args.rows * args.length / (now - shown)
            loss = mean / (step + 1 - since)
            print(f"{step + 1} loss {loss:.4f} {speed:.0f} tokens/s", flush=True)
            mean, since, shown = 0.0, step + 1, now
        if now - saved > 60 * args.save_minutes:
            checkpoint.save(adapters, optimizer, settings, step + 1, seconds + now - started)
            saved = time.monotonic()
    if rank == 0:
        seconds += time.monotonic() - started
        checkpoint.save(adapters, optimizer, settings, args.steps, seconds)
        print(f"done: {args.steps} steps, {seconds:.0f} s", flush=True)
    dist.barrier()
    dist.destroy_process_group()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--instructions", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--rows", type=int, default=24, help="of a batch, all processes together")
    parser.add_argument("--length", type=int, default=320)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--warmup", type=int, default=40)
    parser.add_argument("--fall", type=float, default=0.5, help="share of the steps in the fall")
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--alpha", type=float, default=64)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--save-minutes", type=float, default=3)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    start(train, args)


if __name__ == "__main__":
    main()
