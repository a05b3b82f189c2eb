"""The form of a recipe, and what several have in common."""

from typing import Any

from architectures import Tensor

Recipe = dict[str, Any]

CARD = """\
---
language:
- en
- no
- zh
license: apache-2.0
license_link: https://example.com/licence
tags: [text-generation, tiny]
pipeline_tag: text-generation
base_model:
- example-org/Base-7B-v1.5
- https://huggingface.co/other-org/Other-Model
datasets:
- example-org/tiny-stories
- name: Written by hand
  author: Somebody
model_creator: A. Person
model-index:
- name: unused
  results: []
---
# Tiny

Text.
"""

SAMPLING = {
    "_from_model_config": True,
    "bos_token_id": 1,
    "do_sample": True,
    "eos_token_id": [2, 7],
    "max_length": 64,
    "repetition_penalty": 1.1,
    "temperature": 0.6,
    "top_k": 20,
    "top_p": 0.9,
    "transformers_version": "5.0.0",
}


def recipe(
    name: str, tokenizer: str, dtype: str, config: dict[str, Any], tensors: list[Tensor], **files: Any
) -> Recipe:
    """`files` are further files by name with "__" for ".": JSON values or text."""
    extra = {key.replace("__", "."): value for key, value in files.items()}
    return {
        "name": name,
        "tokenizer": tokenizer,
        "seed": 1,
        "dtype": dtype,
        "files": {"config.json": config, **extra},
        "tensors": tensors,
    }
