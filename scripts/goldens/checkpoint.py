"""Recipes as Hugging Face checkpoint folders, in four ways of storing weights."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

import weights
from files import GOLDENS, write_json

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
#: How a folder may store its weights; the first is the one that goldens are made from.
STORAGES = ("safetensors", "safetensors-sharded", "bin", "bin-sharded")
SHARDS = 3


def tensor(recipe: dict[str, Any], entry: list[Any]) -> torch.Tensor:
    name, shape, *rest = entry
    options = rest[0] if rest else {}
    dtype = options.get("dtype", recipe["dtype"])
    data = weights.values(recipe["seed"], name, shape, dtype, options.get("kind", "matrix"))
    exact = torch.from_numpy(data).to(DTYPES[dtype])
    assert torch.equal(exact.to(torch.float64), torch.from_numpy(data)), name
    return exact


def shard_names(storage: str) -> list[str]:
    stem, suffix = ("model", "safetensors") if storage.startswith("safetensors") else ("pytorch_model", "bin")
    if not storage.endswith("sharded"):
        return [f"{stem}.{suffix}"]
    return [f"{stem}-{index + 1:05}-of-{SHARDS:05}.{suffix}" for index in range(SHARDS)]


def save_weights(folder: Path, tensors: dict[str, torch.Tensor], storage: str) -> None:
    """Tensors go to shards in turn, so that every order of reading differs from the recipe's."""
    names = shard_names(storage)
    shards: list[dict[str, torch.Tensor]] = [{} for _ in names]
    weight_map = {}
    for index, (name, data) in enumerate(tensors.items()):
        shards[index % len(names)][name] = data
        weight_map[name] = names[index % len(names)]
    for file, shard in zip(names, shards, strict=True):
        if storage.startswith("safetensors"):
            save_file(shard, folder / file, metadata={"format": "pt"})
        else:
            torch.save(shard, folder / file)
    if len(names) > 1:
        stem = names[0].split("-")[0]
        suffix = names[0].rsplit(".", 1)[1]
        total = sum(data.numel() * data.element_size() for data in tensors.values())
        write_json(
            folder / f"{stem}.{suffix}.index.json",
            {"metadata": {"total_size": total}, "weight_map": weight_map},
        )


def write_checkpoint(recipe: dict[str, Any], folder: Path, storage: str = STORAGES[0]) -> None:
    """The whole folder: configuration, tokenizer and weights."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(GOLDENS / "tokenizers" / recipe["tokenizer"], folder)
    for name, content in recipe["files"].items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text, encoding="utf-8")
    save_weights(folder, {entry[0]: tensor(recipe, entry) for entry in recipe["tensors"]}, storage)
