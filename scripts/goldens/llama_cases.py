"""Recipes of LLaMA 1, 2 and 3, and of what people made of them: most tokenizers and rope scalings."""

from typing import Any

import architectures
from architectures import Tensor
from configurations import llama_config
from recipes import CARD, SAMPLING, Recipe, recipe


def llama_cases() -> list[Recipe]:
    """LLaMA 1, 2 and 3, and what people made of them."""
    cases = []

    def add(
        name: str,
        tokenizer: str,
        dtype: str,
        *,
        more: list[Tensor] | None = None,
        files: dict[str, Any] | None = None,
        **config: Any,
    ) -> None:
        full = llama_config(**config)
        cases.append(
            recipe(name, tokenizer, dtype, full, architectures.llama(full) + (more or []), **(files or {}))
        )

    frequencies = [
        [f"model.layers.{i}.self_attn.rotary_emb.inv_freq", [8], {"dtype": "F32"}] for i in range(2)
    ]
    add(
        "llama1",
        "llama1",
        "F16",
        more=frequencies,
        num_key_value_heads=None,
        architectures=["LlamaForCausalLM"],
        pad_token_id=0,
    )
    add(
        "Tiny-Llama-2-8k-Chat-v1.1",
        "llama2",
        "F16",
        rope_theta=10000.0,
        pretraining_tp=1,
        files={"generation_config__json": SAMPLING, "README__md": CARD},
    )
    add(
        "llama-linear",
        "llama2",
        "F32",
        rope_scaling={"type": "linear", "factor": 2.0},
        tie_word_embeddings=True,
    )
    add("llama-dynamic", "llama2", "F16", rope_scaling={"type": "dynamic", "factor": 2.0})
    yarn = {
        "rope_type": "yarn",
        "factor": 4.0,
        "original_max_position_embeddings": 16,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "attention_factor": 1.25,
    }
    add("llama-yarn", "llama2", "F16", rope_scaling=yarn, rope_theta=20000.0)
    scaling = {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32,
    }
    add(
        "llama3",
        "llama3",
        "BF16",
        rope_scaling=scaling,
        rope_theta=500000.0,
        tie_word_embeddings=True,
        bos_token_id=400,
        eos_token_id=[401, 404],
        vocab_size=407,
        max_position_embeddings=256,
        mlp_bias=False,
        head_dim=16,
    )
    add(
        "llama3-new-config",
        "llama3",
        "F32",
        rope_parameters={**scaling, "rope_theta": 500000.0, "factor": 32.0},
        bos_token_id=400,
        eos_token_id=404,
        vocab_size=416,
        torch_dtype=None,
        num_hidden_layers=1,
    )
    add(
        "llama-biased",
        "llama2",
        "F32",
        attention_bias=True,
        mlp_bias=True,
        head_dim=32,
        num_hidden_layers=1,
        num_key_value_heads=1,
    )
    add("chinese-alpaca", "alpaca-extended", "F16", vocab_size=680, pad_token_id=0, num_key_value_heads=4)
    add("llama-unigram", "unigram", "F16", vocab_size=500, num_hidden_layers=1)
    add("llama-unigram-plain", "unigram-plain", "F16", vocab_size=304, num_hidden_layers=1)
    add("llama-hf", "llama-hf", "F16", vocab_size=472, num_hidden_layers=1, pad_token_id=470)
    add("llama-padded", "llama2", "F32", vocab_size=512, num_hidden_layers=1)
    add(
        "llama-width-80",
        "llama2",
        "F32",
        hidden_size=80,
        intermediate_size=112,
        num_attention_heads=5,
        num_key_value_heads=1,
        num_hidden_layers=1,
    )
    add("llama-f64", "llama2", "F64", num_hidden_layers=1)
    return cases
