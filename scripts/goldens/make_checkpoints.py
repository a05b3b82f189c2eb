"""Make the goldens of checkpoint conversion: run llama.cpp's converter on every recipe, llama.cpp on the files.

    python make_checkpoints.py [--source LLAMA_CPP] [case ...]

Writes test/convert/goldens/recipes/CASE.json and test/convert/goldens/checkpoints/CASE.json, prints a table.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import gguf_golden
from cases import all_recipes
from checkpoint import STORAGES, write_checkpoint
from files import GOLDENS, llama_source, write_golden
from llama_probe import PROMPTS, Llama
from make_tokenizers import PRE_NAMES
from reference import Reference

OUTTYPES = ("f32", "f16", "bf16", "q8_0")
FILE_TYPE = "general.file_type"


def without_file_type(metadata: list[list[Any]]) -> list[list[Any]]:
    return [entry for entry in metadata if entry[0] != FILE_TYPE]


def merged(files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One golden of a case's four files, which may differ in the tensors' types and data only.

    Tensors: name -> [dimensions, "TYPE checksum" or that per outtype where they differ].
    """
    first = files[OUTTYPES[0]]
    names = list(first["tensors"])
    for content in files.values():
        assert without_file_type(content["metadata"]) == without_file_type(first["metadata"])
        assert list(content["tensors"]) == names
    types = {outtype: [e for e in files[outtype]["metadata"] if e[0] == FILE_TYPE] for outtype in OUTTYPES}
    tensors = {}
    for name in names:
        dimensions = first["tensors"][name][1]
        assert all(files[outtype]["tensors"][name][1] == dimensions for outtype in OUTTYPES)
        stored = {outtype: " ".join(files[outtype]["tensors"][name][::2]) for outtype in OUTTYPES}
        tensors[name] = [dimensions, stored if len(set(stored.values())) > 1 else stored["f32"]]
    return {
        "metadata": first["metadata"],
        "fileTypes": {k: v[0][2] if v else None for k, v in types.items()},
        "tensors": tensors,
    }


def other_orders(
    reference: Reference, recipe: dict[str, Any], scratch: Path, pre: str | None, first: dict[str, Any]
) -> dict[str, list[int]]:
    """How the other ways of storing the weights order the tensors of the F32 file; nothing else may differ."""
    names = list(first["tensors"])
    orders = {}
    for storage in STORAGES[1:]:
        folder = scratch / storage / recipe["name"]
        write_checkpoint(recipe, folder, storage)
        reference.convert(folder, "f32", scratch / "other.gguf", pre)
        content = gguf_golden.read(scratch / "other.gguf")
        assert content["metadata"] == first["metadata"], storage
        assert dict(sorted(content["tensors"].items())) == dict(sorted(first["tensors"].items())), storage
        orders[storage] = [names.index(name) for name in content["tensors"]]
    return orders


def make(reference: Reference, llama: Llama, recipe: dict[str, Any]) -> dict[str, Any]:
    pre = PRE_NAMES.get(recipe["tokenizer"])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / recipe["name"]
        write_checkpoint(recipe, folder)
        files, continuations = {}, {}
        for outtype in OUTTYPES:
            outfile = Path(scratch) / f"{outtype}.gguf"
            reference.convert(folder, outtype, outfile, pre)
            files[outtype] = gguf_golden.read(outfile)
            continuations[outtype] = llama.continuations(outfile)
        golden = {**merged(files), "prompts": PROMPTS, "continuations": continuations}
        golden["orders"] = other_orders(reference, recipe, Path(scratch), pre, files["f32"])
    return golden


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--source", type=Path, default=Path(tempfile.gettempdir()) / "glossa-goldens-llama.cpp"
    )
    parser.add_argument("cases", nargs="*")
    args = parser.parse_args()
    reference = Reference(llama_source(args.source))
    print(f"{'case':28} {'tokenizer':16} {'dtype':5} tensors  keys")
    with Llama() as llama:
        for recipe in all_recipes():
            if args.cases and recipe["name"] not in args.cases:
                continue
            golden = make(reference, llama, recipe)
            write_golden(GOLDENS / "recipes" / f"{recipe['name']}.json", recipe)
            write_golden(GOLDENS / "checkpoints" / f"{recipe['name']}.json", golden)
            row = f"{recipe['name']:28} {recipe['tokenizer']:16} {recipe['dtype']:5}"
            print(f"{row} {len(golden['tensors']):7} {len(golden['metadata']):5}", flush=True)


if __name__ == "__main__":
    main()
