"""The recipes: one tiny checkpoint each. Every architecture, dtype, rope scaling and kind of tokenizer occurs."""

import architectures
from architectures import Tensor
from configurations import gpt2_config, neox_config, relative
from llama_cases import llama_cases
from recipes import SAMPLING, Recipe, recipe


def gpt2_cases() -> list[Recipe]:
    plain = gpt2_config()
    old = gpt2_config(n_embd=48, _name_or_path="example-org/gpt2-old-chat", vocab_size=403)
    untied = [["lm_head.weight", [400, 64]]]
    return [
        recipe("gpt2", "gpt2", "F32", plain, architectures.gpt2(plain), generation_config__json=SAMPLING),
        recipe("gpt2-old", "gpt2-files", "F16", old, architectures.gpt2(old, "")),
        recipe("gpt2-untied", "gpt2", "BF16", plain, architectures.gpt2(plain) + untied),
        recipe("gpt2-f64", "gpt2", "F64", plain, architectures.gpt2(plain)),
    ]


def neox_cases() -> list[Recipe]:
    plain = neox_config()
    sequential = neox_config(use_parallel_residual=False, rotary_pct=1.0, vocab_size=409)
    buffers: list[Tensor] = []
    for layer in range(2):
        at = f"gpt_neox.layers.{layer}.attention"
        buffers += [
            [f"{at}.bias", [1, 1, 8, 8]],
            [f"{at}.masked_bias", []],
            [f"{at}.rotary_emb.inv_freq", [8], {"dtype": "F32"}],
        ]
    return [
        recipe("neox", "neox", "F16", plain, architectures.neox(plain)),
        recipe("neox-sequential", "neox", "BF16", sequential, architectures.neox(sequential) + buffers),
    ]


def mistral_cases() -> list[Recipe]:
    old = relative(
        "MistralForCausalLM", "mistral", sliding_window=16, rope_theta=1000000.0, attention_bias=None
    )
    new = relative(
        "MistralForCausalLM",
        "mistral",
        sliding_window=None,
        head_dim=32,
        attention_bias=None,
        vocab_size=512,
        num_hidden_layers=1,
        rope_parameters={"rope_type": "default", "rope_theta": 100000.0},
    )
    return [
        recipe("mistral", "llama2", "BF16", old, architectures.llama(old)),
        recipe("mistral-head-dim", "llama2", "F16", new, architectures.llama(new)),
    ]


def qwen_cases() -> list[Recipe]:
    common = {
        "attention_bias": None,
        "bos_token_id": 400,
        "eos_token_id": 402,
        "rope_theta": 1000000.0,
        "vocab_size": 448,
        "rms_norm_eps": 1e-06,
        "sliding_window": 32,
        "use_sliding_window": False,
        "max_window_layers": 2,
    }
    qwen2 = relative("Qwen2ForCausalLM", "qwen2", **{**common, "tie_word_embeddings": True})
    yarn = relative(
        "Qwen2ForCausalLM",
        "qwen2",
        **{
            **common,
            "vocab_size": 403,
            "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16},
        },
    )
    qwen3 = relative(
        "Qwen3ForCausalLM",
        "qwen3",
        **{**common, "attention_bias": False, "head_dim": 32, "tie_word_embeddings": True},
    )
    untied = relative(
        "Qwen3ForCausalLM",
        "qwen3",
        **{**common, "attention_bias": False, "head_dim": 16, "num_hidden_layers": 1},
    )
    sampling = {**SAMPLING, "bos_token_id": 400, "eos_token_id": [402, 400]}
    return [
        recipe(
            "Tiny-Qwen2.5-Instruct",
            "qwen2",
            "BF16",
            qwen2,
            architectures.qwen2(qwen2),
            generation_config__json=sampling,
        ),
        recipe("qwen2-yarn", "qwen2", "F32", yarn, architectures.qwen2(yarn)),
        recipe("qwen3", "qwen2", "F16", qwen3, architectures.qwen3(qwen3), generation_config__json=sampling),
        recipe("qwen3-untied", "qwen2", "F32", untied, architectures.qwen3(untied)),
    ]


def phi_cases() -> list[Recipe]:
    common = {
        "attention_bias": False,
        "bos_token_id": 1,
        "eos_token_id": 470,
        "pad_token_id": 470,
        "original_max_position_embeddings": 32,
        "resid_pdrop": 0.0,
        "rope_theta": 10000.0,
        "sliding_window": 24,
        "vocab_size": 480,
        "num_key_value_heads": 4,
    }
    plain = relative("Phi3ForCausalLM", "phi3", **common, rope_scaling=None, max_position_embeddings=32)
    factors = {
        "long_factor": [1.0 + i / 4 for i in range(8)],
        "short_factor": [1.0 + i / 64 for i in range(8)],
    }
    long = relative(
        "Phi3ForCausalLM",
        "phi3",
        **{**common, "num_key_value_heads": 2},
        rope_scaling={"type": "longrope", **factors},
        max_position_embeddings=256,
        num_hidden_layers=1,
    )
    phi4 = relative(
        "Phi3ForCausalLM",
        "phi3",
        **{
            **common,
            "sliding_window": None,
            "bos_token_id": 399,
            "eos_token_id": 399,
            "pad_token_id": 399,
            "vocab_size": 416,
        },
        max_position_embeddings=32,
        num_hidden_layers=1,
    )
    return [
        recipe("phi3", "phi3", "BF16", plain, architectures.phi3(plain)),
        recipe("phi3-longrope", "phi3", "F16", long, architectures.phi3(long)),
        recipe("phi4", "gpt2", "F32", phi4, architectures.phi3(phi4)),
    ]


def gemma_cases() -> list[Recipe]:
    common = {
        "attn_logit_softcapping": 50.0,
        "bos_token_id": 2,
        "eos_token_id": 1,
        "pad_token_id": 0,
        "head_dim": 32,
        "cache_implementation": "hybrid",
        "final_logit_softcapping": 30.0,
        "hidden_act": "gelu_pytorch_tanh",
        "hidden_activation": "gelu_pytorch_tanh",
        "query_pre_attn_scalar": 32,
        "rms_norm_eps": 1e-06,
        "rope_theta": 10000.0,
        "sliding_window": 32,
        "tie_word_embeddings": None,
        "vocab_size": 490,
    }
    plain = relative("Gemma2ForCausalLM", "gemma2", **common)
    head = [["lm_head.weight", [512, 64]]]
    half = relative(
        "Gemma2ForCausalLM",
        "gemma2",
        **{**common, "vocab_size": 512, "num_hidden_layers": 1, "head_dim": 16, "query_pre_attn_scalar": 16},
    )
    return [
        recipe("gemma-2-tiny-it", "gemma", "BF16", plain, architectures.gemma2(plain)),
        recipe("gemma2-f16", "gemma", "F16", half, architectures.gemma2(half) + head),
    ]


def all_recipes() -> list[Recipe]:
    return [
        *gpt2_cases(),
        *neox_cases(),
        *llama_cases(),
        *mistral_cases(),
        *qwen_cases(),
        *phi_cases(),
        *gemma_cases(),
    ]
