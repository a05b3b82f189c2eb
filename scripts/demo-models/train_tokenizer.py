"""Train GPT-2's kind of tokenizer (byte-level BPE) on a sample of the generated text.

    python train_tokenizer.py --text DIR --vocab 2816 --out MODEL_DIR

Writes tokenizer.json, vocab.json, merges.txt, tokenizer_config.json and special_tokens_map.json.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

END = "<|endoftext|>"


def sample(folder: Path, size: int) -> Iterator[str]:
    """Documents of the training shards, `size` bytes in all."""
    taken = 0
    for path in sorted(folder.glob("[0-9]*.jsonl")):
        with path.open(encoding="utf-8") as file:
            for line in file:
                text = json.loads(line)
                taken += len(text)
                if taken > size:
                    return
                yield text


def train(texts: Iterator[str], vocab_size: int) -> Tokenizer:
    """A byte-level BPE tokenizer; the special token has the last id, as in GPT-2."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - 1,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([END])
    assert tokenizer.get_vocab_size() == vocab_size
    assert tokenizer.token_to_id(END) == vocab_size - 1
    return tokenizer


def save(tokenizer: Tokenizer, out: Path, positions: int) -> None:
    """Write the tokenizer in the fast (tokenizer.json) and the slow form, and its settings."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    model = json.loads(tokenizer.to_str())["model"]
    vocab = dict(sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]))
    assert list(vocab.values()) == list(range(len(vocab)))
    pairs = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    (out / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    (out / "merges.txt").write_text("#version: 0.2\n" + "\n".join(pairs) + "\n", encoding="utf-8")
    roles = {"bos_token": END, "eos_token": END, "unk_token": END}
    settings = {
        "add_prefix_space": False,
        **roles,
        "clean_up_tokenization_spaces": False,
        "model_max_length": positions,
        "tokenizer_class": "GPT2Tokenizer",
    }
    for name, value in (("tokenizer_config", settings), ("special_tokens_map", roles)):
        (out / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--vocab", type=int, default=2816)
    parser.add_argument("--positions", type=int, default=512)
    parser.add_argument("--sample-mb", type=float, default=20)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    tokenizer = train(sample(args.text, int(args.sample_mb * 1e6)), args.vocab)
    save(tokenizer, args.out, args.positions)
    print(f"{tokenizer.get_vocab_size()} tokens in {args.out}")


if __name__ == "__main__":
    main()
