"""The shipped models in transformers, in float32."""

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


def load_model(name: str) -> PreTrainedModel:
    """A shipped checkpoint (float16 on disk) in float32 on the CPU."""
    logging.set_verbosity_error()
    folder = REPOSITORY / "models" / name
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval()


def load_tokenizer(name: str) -> Any:
    return AutoTokenizer.from_pretrained(REPOSITORY / "models" / name)


def eos_of(name: str) -> int:
    config = json.loads((REPOSITORY / "models" / name / "generation_config.json").read_text())
    return int(config["eos_token_id"])
