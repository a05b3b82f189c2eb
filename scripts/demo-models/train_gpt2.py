"""Train the GPT-2 model on the generated text. Runs on a CPU; can be stopped and resumed.

    python train_gpt2.py --text DIR --tokenizer MODEL_DIR --work DIR --steps 6000

It runs as one single-threaded process per core that each take a share of every batch and exchange
their gradients once a step, which leaves no core waiting when others have work on the machine. The
first process is the one that is started; stop (SIGSTOP) or end it, and the others follow.

In `--work` it keeps the encoded text, `checkpoint.pt` (written every few minutes and at the end)
and continues from that checkpoint if there is one.
"""

import argparse
import datetime
import json
import math
import os
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing
from gpt2 import GPT2, Config
from tokenizers import Tokenizer


def encode(text_dir: Path, tokenizer_dir: Path, work: Path, name: str) -> np.ndarray:
    """The tokens of all shards that match `name`, documents separated by the end token; cached."""
    cache = work / f"{name.replace('*', '').replace('[0-9]', 'train')}.bin"
    if not cache.exists():
        tokenizer = Tokenizer.from_file(str(tokenizer_dir / "tokenizer.json"))
        end = tokenizer.get_vocab_size() - 1
        with cache.with_suffix(".part").open("wb") as out:
            for path in sorted(text_dir.glob(f"{name}.jsonl")):
                with path.open(encoding="utf-8") as file:
                    texts = [json.loads(line) for line in file]
                for first in range(0, len(texts), 20000):
                    for item in tokenizer.encode_batch_fast(texts[first : first + 20000]):
                        out.write(np.array([*item.ids, end], dtype=np.uint16).tobytes())
        cache.with_suffix(".part").rename(cache)
    return np.memmap(cache, dtype=np.uint16, mode="r")


class Batches:
    """Training windows; half of them start where a document or a sentence starts.

    Windows are of two lengths: most are short, so that many of them begin at position 0 as a prompt
    does, and the rest are as long as the context. They are drawn independently from one another,
    by a generator that depends on the seed and the step only, so that training can be resumed.
    """

    def __init__(self, tokens: np.ndarray, end: int, period: int, seed: int, config: Config):
        self.tokens, self.seed, self.config = tokens, seed, config
        last = len(tokens) - config.positions - 2
        starts = np.flatnonzero(np.asarray(tokens[:last]) == end) + 1
        self.documents = np.concatenate([[0], starts])
        self.sentences = np.flatnonzero(np.asarray(tokens[:last]) == period) + 1
        self.last = last

    def get(self, step: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The batch of a step: `size` tokens in all."""
        rng = np.random.default_rng((self.seed, step))
        length = self.config.positions if step % 4 == 3 else self.config.positions // 2
        count = size // length
        kinds = rng.random(count)
        starts = np.where(
            kinds < 0.4,
            rng.choice(self.documents, count),
            np.where(
                kinds < 0.5, rng.choice(self.sentences, count), rng.integers(0, self.last, count)
            ),
        )
        rows = np.stack([self.tokens[s : s + length + 1] for s in starts]).astype(np.int64)
        rows = torch.from_numpy(rows)
        return rows[:, :-1], rows[:, 1:]


def learning_rate(step: int, steps: int, warmup: int, peak: float) -> float:
    """Linear warmup, then a cosine down to a hundredth of the peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


@torch.no_grad()
def held_out_loss(model: GPT2, tokens: np.ndarray, length: int, limit: int) -> float:
    """Mean loss per token over consecutive windows of the held-out text."""
    total, count = 0.0, 0
    for start in range(0, min(len(tokens) - length - 1, limit), length * 8):
        rows = [
            tokens[s : s + length + 1]
            for s in range(start, start + length * 8, length)
            if s + length + 1 <= len(tokens)
        ]
        rows = torch.from_numpy(np.stack(rows).astype(np.int64))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            total += model(rows[:, :-1], rows[:, 1:]).item() * len(rows)
        count += len(rows)
    return total / count


def average_gradients(model: GPT2, processes: int) -> None:
    """Replace the gradients by their mean over all processes."""
    gradients = [p.grad for p in model.parameters()]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    flat /= processes
    for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def train(rank: int, args: argparse.Namespace) -> None:
    """The process number `rank`; number 0 also logs, saves and measures the held-out loss."""
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{args.work.resolve()}/meeting",
        rank=rank,
        world_size=args.processes,
        timeout=datetime.timedelta(days=1),
    )
    tokenizer = Tokenizer.from_file(str(args.tokenizer / "tokenizer.json"))
    config = Config(
        vocab=tokenizer.get_vocab_size(), layers=args.layers, width=args.width, heads=args.heads
    )
    text = encode(args.text, args.tokenizer, args.work, "[0-9]*")
    held_out = encode(args.text, args.tokenizer, args.work, "held-out")
    batches = Batches(text, config.vocab - 1, tokenizer.token_to_id("."), args.seed, config)

    model = GPT2(config)
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=args.rate, betas=(0.9, 0.95), fused=True)
    first, trained_seconds = 0, 0.0
    checkpoint = args.work / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first, trained_seconds = state["step"], state["seconds"]
    dist.barrier()  # nobody writes a checkpoint before all have read the last one
    run = torch.compile(model, dynamic=False)
    if rank == 0:
        parameters = sum(p.numel() for p in model.parameters())
        print(f"{parameters} parameters, {len(text)} tokens of text, from step {first}", flush=True)

    def save(step: int, seconds: float) -> None:
        state = {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "config": asdict(config),
            "step": step,
            "seconds": seconds,
            "tokens": step * args.batch_tokens,
        }
        torch.save(state, checkpoint.with_suffix(".part"))
        checkpoint.with_suffix(".part").rename(checkpoint)

    started = saved = shown = time.monotonic()
    mean, since = 0.0, first
    for step in range(first, args.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args.steps, args.warmup, args.rate)
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
        if (step + 1) % 50 == 0:
            speed = (step + 1 - since) * args.batch_tokens / (now - shown)
            print(
                f"{step + 1} loss {mean / (step + 1 - since):.4f} {speed:.0f} tokens/s", flush=True
            )
            mean, since, shown = 0.0, step + 1, now
        if now - saved > 60 * args.save_minutes:
            save(step + 1, trained_seconds + now - started)
            loss = held_out_loss(model, held_out, config.positions, 50_000)
            print(f"{step + 1} held-out {loss:.4f}", flush=True)
            saved = time.monotonic()
    if rank == 0:
        seconds = trained_seconds + time.monotonic() - started
        save(args.steps, seconds)
        loss = held_out_loss(model, held_out, config.positions, len(held_out))
        print(f"done: {args.steps} steps, {seconds:.0f} s, held-out {loss:.4f}", flush=True)
    dist.barrier()
    dist.destroy_process_group()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--batch-tokens", type=int, default=8192)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--warmup", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--save-minutes", type=float, default=5)
    parser.add_argument("--layers", type=int, default=Config.layers)
    parser.add_argument("--width", type=int, default=Config.width)
    parser.add_argument("--heads", type=int, default=Config.heads)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    for name in ("[0-9]*", "held-out"):
        encode(args.text, args.tokenizer, args.work, name)
    (args.work / "meeting").unlink(missing_ok=True)
    context = multiprocessing.get_context("spawn")
    for rank in range(1, args.processes):
        context.Process(target=train, args=(rank, args), daemon=True).start()
    train(0, args)


if __name__ == "__main__":
    main()
