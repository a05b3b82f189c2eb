"""The adapters: small PEFT configurations on small bases, and how each is put on its base."""

from typing import Any

import architectures
from configurations import gpt2_config, llama_config, neox_config, relative
from recipes import Recipe, recipe

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
MLP = ["gate_proj", "up_proj", "down_proj"]
SMALL = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 2, "num_key_value_heads": 1}


def bases() -> dict[str, Recipe]:
    """Checkpoints that adapters are made for, by name."""
    llama = llama_config(**SMALL)
    biased = llama_config(**SMALL, attention_bias=True, num_hidden_layers=1)
    tied = llama_config(**SMALL, tie_word_embeddings=True, num_hidden_layers=1)
    gpt2 = gpt2_config(n_embd=32, n_head=2)
    neox = neox_config(hidden_size=32, intermediate_size=48, num_attention_heads=2)
    qwen = relative(
        "Qwen2ForCausalLM",
        "qwen2",
        **SMALL,
        attention_bias=None,
        vocab_size=403,
        bos_token_id=400,
        eos_token_id=402,
    )
    phi = relative(
        "Phi3ForCausalLM",
        "phi3",
        **{**SMALL, "num_key_value_heads": 2},
        num_hidden_layers=1,
        vocab_size=475,
        pad_token_id=470,
        original_max_position_embeddings=64,
        sliding_window=24,
        rope_theta=10000.0,
    )
    gemma = relative(
        "Gemma2ForCausalLM",
        "gemma2",
        **SMALL,
        num_hidden_layers=1,
        vocab_size=490,
        head_dim=16,
        attn_logit_softcapping=50.0,
        final_logit_softcapping=30.0,
        query_pre_attn_scalar=16,
        sliding_window=32,
        bos_token_id=2,
        eos_token_id=1,
        pad_token_id=0,
        hidden_activation="gelu_pytorch_tanh",
        tie_word_embeddings=None,
    )
    listed = [
        recipe("base-llama", "llama2", "F32", llama, architectures.llama(llama)),
        recipe("base-llama-f16", "llama2", "F16", llama, architectures.llama(llama)),
        recipe("base-llama-biased", "llama2", "F32", biased, architectures.llama(biased)),
        recipe("base-llama-tied", "llama2", "F32", tied, architectures.llama(tied)),
        recipe("base-gpt2", "gpt2", "F32", gpt2, architectures.gpt2(gpt2)),
        recipe("base-neox", "neox", "F32", neox, architectures.neox(neox)),
        recipe("base-qwen2", "qwen2", "F32", qwen, architectures.qwen2(qwen)),
        recipe("base-phi3", "phi3", "F32", phi, architectures.phi3(phi)),
        recipe("base-gemma2", "gemma", "F32", gemma, architectures.gemma2(gemma)),
    ]
    return {item["name"]: item for item in listed}


def adapter(
    seed: int,
    *,
    rows: int | None = None,
    dtype: str = "F32",
    storage: str = "safetensors",
    scale: float = 1.0,
    embeddings: str | bool = "auto",
    **config: Any,
) -> dict[str, Any]:
    """One adapter; `rows`: the vocabulary is resized to so many before; `scale`: what it counts when merged.

    `embeddings` is save_pretrained's save_embedding_layers. False is how PEFT saved in Chinese-Alpaca's time; since
    then it adds, for a resized vocabulary, copies of the embeddings under the names of its own wrappers.
    """
    settings = {
        "r": 8,
        "lora_alpha": 16,
        "lora_dropout": 0.05,
        "target_modules": ["q_proj", "v_proj"],
        **config,
    }
    return {
        "seed": seed,
        "rows": rows,
        "embeddings": embeddings,
        "dtype": dtype,
        "storage": storage,
        "scale": scale,
        "settings": settings,
    }


def case(
    name: str, base: str, *adapters: dict[str, Any], tokenizer: str | None = None, gguf: bool = False
) -> dict[str, Any]:
    """`tokenizer`: the fixture that replaces the base's; `gguf`: llama.cpp's converter takes the adapter alone too."""
    return {"name": name, "base": base, "tokenizer": tokenizer, "gguf": gguf, "adapters": list(adapters)}


def cases() -> list[dict[str, Any]]:
    everything = ATTENTION + MLP
    patterns = {
        "rank_pattern": {"q_proj": 4, "layers.1.mlp.down_proj": 2, "^model.layers.0.self_attn.o_proj": 16},
        "alpha_pattern": {"v_proj": 32, "layers.1.mlp.down_proj": 3},
    }
    saved = ["embed_tokens", "lm_head"]
    return [
        case("llama-plain", "base-llama", adapter(2, target_modules=everything), gguf=True),
        case(
            "llama-f16-base",
            "base-llama-f16",
            adapter(3, target_modules=ATTENTION, lora_alpha=7, dtype="F16"),
            gguf=True,
        ),
        case("llama-bf16-bin", "base-llama", adapter(4, dtype="BF16", storage="bin"), gguf=True),
        case("llama-rslora", "base-llama", adapter(5, use_rslora=True, r=6, lora_alpha=5), gguf=True),
        case("llama-patterns", "base-llama", adapter(6, target_modules=everything, **patterns), gguf=True),
        case(
            "llama-patterns-rslora",
            "base-llama",
            adapter(7, target_modules=everything, use_rslora=True, **patterns),
            gguf=True,
        ),
        case(
            "llama-embeddings",
            "base-llama",
            adapter(8, target_modules=["q_proj", "embed_tokens", "lm_head"]),
            gguf=True,
        ),
        case("llama-modules-to-save", "base-llama", adapter(9, modules_to_save=saved)),
        case("llama-norms-to-save", "base-llama", adapter(10, modules_to_save=["input_layernorm", "norm"])),
        case("llama-bias-lora-only", "base-llama-biased", adapter(11, bias="lora_only")),
        case("llama-bias-all", "base-llama-biased", adapter(12, bias="all", target_modules=["q_proj"])),
        case(
            "llama-tied", "base-llama-tied", adapter(13, target_modules=["q_proj", "embed_tokens"]), gguf=True
        ),
        case("llama-scaled", "base-llama", adapter(14, scale=0.5, target_modules=ATTENTION), gguf=True),
        case(
            "llama-two",
            "base-llama",
            adapter(15, target_modules=ATTENTION),
            adapter(16, scale=0.25, use_rslora=True, target_modules=everything),
        ),
        case(
            "llama-resized",
            "base-llama",
            adapter(17, rows=680, embeddings=False, modules_to_save=saved, target_modules=everything),
            tokenizer="alpaca-extended",
        ),
        case(
            "llama-resized-copies",
            "base-llama",
            adapter(26, rows=680, modules_to_save=saved),
            tokenizer="alpaca-extended",
        ),
        case(
            "llama-resized-embeddings",
            "base-llama",
            adapter(27, rows=680, target_modules=["q_proj", "embed_tokens", "lm_head"]),
            tokenizer="alpaca-extended",
        ),
        case(
            "alpaca-plus",
            "base-llama",
            adapter(18, rows=679, embeddings=False, modules_to_save=saved, target_modules=everything),
            adapter(19, rows=680, embeddings=False, modules_to_save=saved, target_modules=everything),
            tokenizer="alpaca-extended",
        ),
        case(
            "gpt2-conv1d",
            "base-gpt2",
            adapter(20, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True),
            gguf=True,
        ),
        case(
            "gpt2-embeddings",
            "base-gpt2",
            adapter(21, target_modules=["c_attn", "wte"], fan_in_fan_out=True),
            gguf=True,
        ),
        case(
            "neox",
            "base-neox",
            adapter(22, target_modules=["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"]),
            gguf=True,
        ),
        case("qwen2", "base-qwen2", adapter(23, target_modules=everything), gguf=True),
        case(
            "phi3",
            "base-phi3",
            adapter(24, target_modules=["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]),
            gguf=True,
        ),
        case("gemma2", "base-gemma2", adapter(25, target_modules=everything), gguf=True),
    ]
