"""The shipped models in transformers, in float32, with ggml's rounding where it differs by design."""

import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel
from transformers.utils import logging

REPOSITORY = Path(__file__).resolve().parents[3]
MODELS = ("glossa-tales", "glossa-sprout")


class TableGelu(torch.nn.Module):
    """gelu_new as ggml's CPU backend computes it: through a table of float16 values over float16 arguments.

    The argument is rounded to float16, the tanh formula is evaluated in float32 and its result rounded to
    float16; from -10 down it is 0, from 10 up the argument itself. Rounding it alike leaves the order of
    sums as the only difference between the two programs.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        half = x.half().float()
        inner = 0.79788456080286535587989211986876 * half * (1.0 + 0.044715 * half * half)
        value = (0.5 * half * (1.0 + torch.tanh(inner))).half().float()
        value = torch.where(x <= -10.0, torch.zeros_like(x), value)
        return torch.where(x >= 10.0, x, value)


def load_model(name: str, ggml_gelu: bool = True) -> PreTrainedModel:
    """A shipped checkpoint (float16 on disk) in float32 on the CPU."""
    logging.set_verbosity_error()
    folder = REPOSITORY / "models" / name
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    if ggml_gelu and model.config.model_type == "gpt2":
        for block in model.transformer.h:
            block.mlp.act = TableGelu()
    return model.eval()


def load_tokenizer(name: str) -> Any:
    return AutoTokenizer.from_pretrained(REPOSITORY / "models" / name)


def eos_of(name: str) -> int:
    config = json.loads((REPOSITORY / "models" / name / "generation_config.json").read_text())
    return int(config["eos_token_id"])
