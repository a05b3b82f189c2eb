"""Make the goldens of tokenisation: awkward strings through Hugging Face's tokenizers and through llama.cpp.

    python make_tokenization.py [--source LLAMA_CPP] [fixture ...]

Writes test/convert/goldens/tokenization/FIXTURE.json, prints a table.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from cases import all_recipes
from checkpoint import write_checkpoint
from files import GOLDENS, llama_source, write_golden
from llama_probe import Llama
from make_tokenizers import PRE_NAMES
from reference import Reference
from texts import AWKWARD

#: fixture -> the recipe whose checkpoint carries it into llama.cpp
CARRIERS = {
    "gpt2": "gpt2",
    "gpt2-files": "gpt2-old",
    "llama3": "llama3-new-config",
    "qwen2": "qwen3-untied",
    "neox": "neox-sequential",
    "llama1": "llama1",
    "llama2": "llama-padded",
    "alpaca-extended": "chinese-alpaca",
    "unigram": "llama-unigram",
    "unigram-plain": "llama-unigram-plain",
    "gemma": "gemma2-f16",
    "llama-hf": "llama-hf",
    "phi3": "phi3",
}


def hugging_face(folder: Path) -> list[list[int]]:
    """transformers' ids, special tokens added; the slow, SentencePiece's own tokenizer where there is one."""
    from transformers import AutoTokenizer

    slow = (folder / "tokenizer.model").is_file()
    tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=not slow)
    return [tokenizer(text)["input_ids"] for text in AWKWARD]


def make(reference: Reference, llama: Llama, fixture: str, recipe: dict[str, Any]) -> list[list[Any]]:
    """[text, Hugging Face's ids] or, where llama.cpp differs on the reference's file, [text, ids, llama.cpp's ids]."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / recipe["name"]
        write_checkpoint(recipe, folder)
        theirs = hugging_face(folder)
        outfile = Path(scratch) / "reference.gguf"
        reference.convert(folder, "f16", outfile, PRE_NAMES.get(fixture))
        answer = llama.ask(outfile, AWKWARD)
    # Without bytes to fall back on, llama.cpp's BPE ends the process: the reference's file cannot be used then.
    if "error" in answer:
        print(f"{fixture}: {answer['error']}")
    native = answer.get("ids", theirs)
    rows = zip(AWKWARD, theirs, native, strict=True)
    return [[text, ids] if ids == other else [text, ids, other] for text, ids, other in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--source", type=Path, default=Path(tempfile.gettempdir()) / "glossa-goldens-llama.cpp"
    )
    parser.add_argument("fixtures", nargs="*")
    args = parser.parse_args()
    reference = Reference(llama_source(args.source))
    recipes = {recipe["name"]: recipe for recipe in all_recipes()}
    print(f"{'fixture':16} strings  llama.cpp differs")
    with Llama() as llama:
        for fixture in args.fixtures or CARRIERS:
            rows = make(reference, llama, fixture, recipes[CARRIERS[fixture]])
            golden = {"recipe": CARRIERS[fixture], "strings": rows}
            write_golden(GOLDENS / "tokenization" / f"{fixture}.json", golden)
            differing = [row[0] for row in rows if len(row) > 2]
            print(f"{fixture:16} {len(rows):7}  {len(differing):3}  {differing[:6]!r}", flush=True)


if __name__ == "__main__":
    main()
