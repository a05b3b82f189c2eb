"""Adapters made, put on and merged by PEFT itself."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora.layer import LoraLayer
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

import weights
from checkpoint import DTYPES

SHORT = {dtype: name for name, dtype in DTYPES.items()}


def load_base(folder: Path) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32)


def resized(model: torch.nn.Module, rows: int | None) -> torch.nn.Module:
    if rows is not None:
        model.resize_token_embeddings(rows, mean_resizing=False)
    return model


def entries(folder: Path) -> list[list[Any]]:
    """Names and shapes of an adapter's tensors as PEFT saves them, in the file's order."""
    saved = load_file(folder / "adapter_model.safetensors")
    return [[name, list(data.shape)] for name, data in saved.items()]


def adapter_recipe(base: Path, adapter: dict[str, Any]) -> dict[str, Any]:
    """PEFT makes a fresh adapter; its files are kept as a recipe."""
    with tempfile.TemporaryDirectory() as scratch:
        torch.manual_seed(0)
        config = LoraConfig(task_type="CAUSAL_LM", **adapter["settings"])
        model = get_peft_model(resized(load_base(base), adapter["rows"]), config)
        model.save_pretrained(scratch, save_embedding_layers=adapter["embeddings"])
        settings = json.loads((Path(scratch) / "adapter_config.json").read_text())
        # A set, whose order changes from run to run, and a path of this machine.
        settings["target_modules"] = sorted(settings["target_modules"])
        settings["base_model_name_or_path"] = base.name
        tensors = entries(Path(scratch))
    kept = {key: adapter[key] for key in ("seed", "dtype", "storage", "scale")}
    return {**kept, "config": settings, "tensors": tensors}


def write_adapter(recipe: dict[str, Any], folder: Path) -> None:
    """The adapter's folder out of its recipe, with the recipe's values in place of PEFT's fresh ones."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps(recipe["config"]))
    dtype = recipe["dtype"]
    tensors = {
        name: torch.from_numpy(weights.values(recipe["seed"], name, shape, dtype)).to(DTYPES[dtype])
        for name, shape in recipe["tensors"]
    }
    if recipe["storage"] == "bin":
        torch.save(tensors, folder / "adapter_model.bin")
    else:
        save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def put_on(model: torch.nn.Module, folder: Path, recipe: dict[str, Any]) -> torch.nn.Module:
    """One adapter merged into a model. `recipe` learns PEFT's factor of every module and which tensors it left lying."""
    wrapped = PeftModel.from_pretrained(model, folder)
    for module in wrapped.modules():
        if isinstance(module, LoraLayer):
            module.set_scale("default", recipe["scale"])
    recipe["scalings"] = {
        name.removeprefix("base_model.model."): module.scaling["default"]
        for name, module in wrapped.named_modules()
        if isinstance(module, LoraLayer)
    }
    loaded = [value.float() for value in wrapped.state_dict().values()]

    def unused(name: str, shape: list[int]) -> bool:
        given = torch.from_numpy(weights.values(recipe["seed"], name, shape, recipe["dtype"])).float()
        return not any(value.shape == given.shape and torch.equal(value, given) for value in loaded)

    recipe["unused"] = [name for name, shape in recipe["tensors"] if unused(name, shape)]
    return wrapped.merge_and_unload()


def merge(base: Path, adapters: list[tuple[Path, dict[str, Any], int | None]], out: Path) -> None:
    """A checkpoint folder of the base with all adapters merged in order, in F32."""
    model = load_base(base)
    for folder, recipe, rows in adapters:
        model = put_on(resized(model, rows), folder, recipe)
    model.save_pretrained(out)
