"""Train LLaMA's kind of tokenizer (SentencePiece BPE) on a sample of the generated text.

    python train_sentencepiece.py --text DIR --vocab 2048 --out MODEL_DIR

Writes tokenizer.model, tokenizer_config.json and special_tokens_map.json. The settings are those of
LLaMA: <unk>, <s> and </s> are pieces 0 to 2, then the 256 bytes; digits are separate pieces; a
space is put in front of the text; nothing is normalised. Line ends are kept out of the sample, so
that they are byte pieces, as LLaMA has them.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import sentencepiece
from lessons.template import PREAMBLE
from train_tokenizer import sample


def lines(folder: Path, size: int) -> Iterator[str]:
    """The lines of a sample of the text, with the words of the template now and then."""
    for number, text in enumerate(sample(folder, size)):
        yield from (line for line in text.split("\n") if line)
        if number % 8 == 0:
            yield from (PREAMBLE, "### Instruction:", "### Response:", "Hello! please")


def train(folder: Path, size: int, vocab_size: int, out: Path) -> None:
    """Write tokenizer.model."""
    with (out / "tokenizer.model").open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=lines(folder, size),
            model_writer=file,
            model_type="bpe",
            vocab_size=vocab_size,
            character_coverage=1.0,
            byte_fallback=True,
            split_digits=True,
            allow_whitespace_only_pieces=True,
            add_dummy_prefix=True,
            remove_extra_whitespaces=False,
            normalization_rule_name="identity",
            unk_id=0,
            bos_id=1,
            eos_id=2,
            pad_id=-1,
            unk_surface=" \u2047 ",
            num_threads=1,
            minloglevel=1,
        )


def save_settings(out: Path, positions: int) -> None:
    """Write the files that tell transformers how the tokenizer is used."""
    roles = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    settings = {
        "add_bos_token": True,
        "add_eos_token": False,
        **roles,
        "pad_token": None,
        "clean_up_tokenization_spaces": False,
        "legacy": True,
        "model_max_length": positions,
        "sp_model_kwargs": {},
        "spaces_between_special_tokens": False,
        "tokenizer_class": "LlamaTokenizer",
    }
    for name, value in (("tokenizer_config", settings), ("special_tokens_map", roles)):
        (out / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--vocab", type=int, default=2048)
    parser.add_argument("--positions", type=int, default=512)
    parser.add_argument("--sample-mb", type=float, default=8)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    train(args.text, int(args.sample_mb * 1e6), args.vocab, args.out)
    save_settings(args.out, args.positions)
    model = sentencepiece.SentencePieceProcessor(model_file=str(args.out / "tokenizer.model"))
    assert model.vocab_size() == args.vocab
    print(f"{model.vocab_size()} pieces in {args.out}")


if __name__ == "__main__":
    main()
