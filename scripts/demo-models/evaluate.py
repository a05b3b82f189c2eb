"""Held-out perplexity and sample texts of an exported model.

python evaluate.py --model MODEL_DIR --text DIR [--samples] [--prompt TEXT ...]
"""

import argparse
import json
import math
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = (
    "The little dog",
    "That man is just another",
    "Once upon a time",
    "My favourite food is",
    "In the morning, she",
    "It was a cold winter night and",
    "The capital of France is",
    '"Where are you going?" asked',
    "I have never",
    "The train to London",
    "Yesterday",
    "If you want to be happy,",
)


@torch.no_grad()
def perplexity(model, tokenizer, path: Path, limit: int) -> str:
    """Perplexity of each document on its own, from its first token, as prompts are read."""
    end = tokenizer.eos_token_id
    loss = 0.0
    tokens = size = count = 0
    with path.open(encoding="utf-8") as file:
        for line in file:
            text = json.loads(line)
            ids = [*tokenizer.encode(text), end][: model.config.max_position_embeddings]
            row = torch.tensor([ids])
            loss += model(row, labels=row).loss.item() * (len(ids) - 1)
            tokens += len(ids) - 1
            size += len(tokenizer.decode(ids[1:], skip_special_tokens=True).encode())
            count += 1
            if count == limit:
                break
    return (
        f"{count} documents, {tokens} predicted tokens, {size} bytes of text: loss {loss / tokens:.4f} per "
        f"token, perplexity {math.exp(loss / tokens):.3f} per token, "
        f"{math.exp(loss / size):.4f} per byte ({loss / size / math.log(2):.4f} bits per byte)"
    )


@torch.no_grad()
def sample(model, tokenizer, prompt: str, seed: int, args: argparse.Namespace) -> str:
    """A continuation of a prompt, up to the end token or `--tokens`."""
    torch.manual_seed(seed)
    ids = torch.tensor([tokenizer.encode(prompt)])
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=True,
        temperature=args.temperature,
        top_p=args.top_p,
        top_k=0,
        max_new_tokens=args.tokens,
        pad_token_id=tokenizer.eos_token_id,
    )
    return tokenizer.decode(out[0], skip_special_tokens=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--text", type=Path, help="folder of the shards, for the held-out text")
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--samples", action="store_true")
    parser.add_argument("--prompt", nargs="*", default=PROMPTS)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--top-p", type=float, default=0.9)
    parser.add_argument("--tokens", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    if args.text:
        print(perplexity(model, tokenizer, args.text / "held-out.jsonl", args.documents))
    if args.samples:
        for prompt in args.prompt:
            print(f"--- {prompt!r}, seed {args.seed}")
            print(sample(model, tokenizer, prompt, args.seed, args))


if __name__ == "__main__":
    main()
