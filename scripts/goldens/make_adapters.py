"""Make the goldens of adapters: what PEFT merges, and what llama.cpp's converter makes of an adapter alone.

    python make_adapters.py [--source LLAMA_CPP] [case ...]

Writes test/convert/goldens/{recipes,merges,adapters}, prints a table.
"""

import argparse
import base64
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import adapters as adapter_cases
import gguf_golden
from checkpoint import write_checkpoint
from files import GOLDENS, llama_source, write_golden
from make_tokenizers import PRE_NAMES
from peft_merge import adapter_recipe, merge, write_adapter
from reference import Reference

#: Elements of a merged tensor that are kept, at a fixed distance.
SAMPLE = 64


def summary(data: np.ndarray) -> dict[str, Any]:
    """A merged tensor in a few figures: every `stride`-th element in base64, and sums in binary64."""
    flat = np.ascontiguousarray(data, dtype=np.float32).reshape(-1)
    stride = max(1, flat.size // SAMPLE)
    wide = flat.astype(np.float64)
    return {
        "stride": stride,
        "sample": base64.b64encode(flat[::stride].tobytes()).decode(),
        "sum": float(wide.sum()),
        "squares": float((wide * wide).sum()),
        "largest": float(np.abs(wide).max()),
    }


def complete(base: Path, tokenizer: str | None, merged: Path) -> None:
    """The files beside the weights; config.json is the base's but for the vocabulary's size."""
    rows = json.loads((merged / "config.json").read_text())["vocab_size"]
    source = GOLDENS / "tokenizers" / tokenizer if tokenizer else base
    for path in [*base.iterdir(), *source.iterdir()]:
        if path.suffix not in (".safetensors", ".bin"):
            shutil.copy(path, merged / path.name)
    config = json.loads((base / "config.json").read_text())
    (merged / "config.json").write_text(json.dumps({**config, "vocab_size": rows}))


def merged_golden(
    reference: Reference, base: Path, merged: Path, pre: str | None, scratch: Path
) -> dict[str, Any]:
    """The converter's F32 file of the merged model: unchanged tensors by checksum, changed ones in figures."""
    from gguf import GGUFReader

    reference.convert(base, "f32", scratch / "base.gguf", pre)
    reference.convert(merged, "f32", scratch / "merged.gguf", pre)
    before = gguf_golden.read(scratch / "base.gguf")["tensors"]
    after = gguf_golden.read(scratch / "merged.gguf")
    data = {tensor.name: tensor.data for tensor in GGUFReader(scratch / "merged.gguf").tensors}
    tensors = {
        name: [
            dimensions,
            f"{kind} {checksum}" if before.get(name) == [kind, dimensions, checksum] else summary(data[name]),
        ]
        for name, (kind, dimensions, checksum) in after["tensors"].items()
    }
    return {"metadata": after["metadata"], "tensors": tensors}


def adapter_golden(reference: Reference, adapter: Path, base: Path, scratch: Path) -> dict[str, Any]:
    """llama.cpp's converter on the adapter alone."""
    golden = {}
    for outtype in ("f32", "f16"):
        reference.convert_adapter(adapter, base, outtype, scratch / "adapter.gguf")
        golden[outtype] = gguf_golden.read(scratch / "adapter.gguf")
    return golden


def make(reference: Reference, case: dict[str, Any], bases: dict[str, Any]) -> str:
    base_recipe = bases[case["base"]]
    pre = PRE_NAMES.get(case["tokenizer"] or base_recipe["tokenizer"])
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        base = scratch / base_recipe["name"]
        write_checkpoint(base_recipe, base)
        recipes, folders = [], []
        for index, adapter in enumerate(case["adapters"]):
            recipe = adapter_recipe(base, adapter)
            folder = scratch / f"{case['name']}-lora-{index + 1}"
            write_adapter(recipe, folder)
            recipes.append(recipe)
            folders.append((folder, recipe, adapter["rows"]))
        # The folder's name goes into the metadata, and what we convert is the base.
        merged = scratch / "merged" / base.name
        merge(base, folders, merged)
        complete(base, case["tokenizer"], merged)
        golden = merged_golden(reference, base, merged, pre, scratch)
        recipe = {key: case[key] for key in ("name", "base", "tokenizer")}
        write_golden(
            GOLDENS / "merges" / f"{case['name']}.json",
            {**recipe, "adapters": recipes, "merged": golden},
            depth=3,
        )
        if case["gguf"]:
            alone = adapter_golden(reference, folders[0][0], base, scratch)
            write_golden(GOLDENS / "adapters" / f"{case['name']}.json", alone, depth=3)
    changed = sum(not isinstance(stored, str) for _, stored in golden["tensors"].values())
    unused = [name for recipe in recipes for name in recipe["unused"]]
    return f"{len(golden['tensors']):7} {changed:7}  {'yes' if case['gguf'] else 'no':5} {' '.join(unused)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--source", type=Path, default=Path(tempfile.gettempdir()) / "glossa-goldens-llama.cpp"
    )
    parser.add_argument("cases", nargs="*")
    args = parser.parse_args()
    reference = Reference(llama_source(args.source))
    bases = adapter_cases.bases()
    for recipe in bases.values():
        write_golden(GOLDENS / "recipes" / f"{recipe['name']}.json", recipe)
    print(f"{'case':24} tensors changed  alone left by PEFT")
    for case in adapter_cases.cases():
        if not args.cases or case["name"] in args.cases:
            print(f"{case['name']:24} {make(reference, case, bases)}", flush=True)


if __name__ == "__main__":
    main()
