"""Names and shapes of the tensors that transformers saves for each architecture."""

from typing import Any

#: [name, shape] or [name, shape, {"dtype": ..., "kind": ...}]
Tensor = list[Any]

NORM = {"kind": "norm"}


def gpt2(config: dict[str, Any], prefix: str = "transformer.") -> list[Tensor]:
    width, inner = config["n_embd"], config.get("n_inner") or 4 * config["n_embd"]
    tensors: list[Tensor] = [
        ["wte.weight", [config["vocab_size"], width]],
        ["wpe.weight", [config["n_positions"], width]],
    ]
    for layer in range(config["n_layer"]):
        rows = [
            ["ln_1.weight", [width], NORM],
            ["ln_1.bias", [width]],
            ["attn.c_attn.weight", [width, 3 * width]],
            ["attn.c_attn.bias", [3 * width]],
            ["attn.c_proj.weight", [width, width]],
            ["attn.c_proj.bias", [width]],
            ["ln_2.weight", [width], NORM],
            ["ln_2.bias", [width]],
            ["mlp.c_fc.weight", [width, inner]],
            ["mlp.c_fc.bias", [inner]],
            ["mlp.c_proj.weight", [inner, width]],
            ["mlp.c_proj.bias", [width]],
        ]
        tensors += [[f"h.{layer}.{name}", *rest] for name, *rest in rows]
    tensors += [["ln_f.weight", [width], NORM], ["ln_f.bias", [width]]]
    return [[prefix + name, *rest] for name, *rest in tensors]


def neox(config: dict[str, Any]) -> list[Tensor]:
    width, inner = config["hidden_size"], config["intermediate_size"]
    tensors: list[Tensor] = [["gpt_neox.embed_in.weight", [config["vocab_size"], width]]]
    for layer in range(config["num_hidden_layers"]):
        rows = [
            ["input_layernorm.weight", [width], NORM],
            ["input_layernorm.bias", [width]],
            ["post_attention_layernorm.weight", [width], NORM],
            ["post_attention_layernorm.bias", [width]],
            ["attention.query_key_value.weight", [3 * width, width]],
            ["attention.query_key_value.bias", [3 * width]],
            ["attention.dense.weight", [width, width]],
            ["attention.dense.bias", [width]],
            ["mlp.dense_h_to_4h.weight", [inner, width]],
            ["mlp.dense_h_to_4h.bias", [inner]],
            ["mlp.dense_4h_to_h.weight", [width, inner]],
            ["mlp.dense_4h_to_h.bias", [width]],
        ]
        tensors += [[f"gpt_neox.layers.{layer}.{name}", *rest] for name, *rest in rows]
    tensors += [
        ["gpt_neox.final_layer_norm.weight", [width], NORM],
        ["gpt_neox.final_layer_norm.bias", [width]],
    ]
    if not config.get("tie_word_embeddings", False):
        tensors.append(["embed_out.weight", [config["vocab_size"], width]])
    return tensors


def attention(config: dict[str, Any], *, bias: tuple[str, ...], qk_norm: bool) -> list[Tensor]:
    """Separate projections; `bias` lists those that have one."""
    width, heads = config["hidden_size"], config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads") or heads
    head = config.get("head_dim") or width // heads
    rows: list[Tensor] = []
    for name, out, into in (
        ("q", heads * head, width),
        ("k", kv_heads * head, width),
        ("v", kv_heads * head, width),
        ("o", width, heads * head),
    ):
        rows.append([f"self_attn.{name}_proj.weight", [out, into]])
        if name in bias:
            rows.append([f"self_attn.{name}_proj.bias", [out]])
    if qk_norm:
        rows += [[f"self_attn.{name}_norm.weight", [head], NORM] for name in "qk"]
    return rows


def mlp(config: dict[str, Any], *, bias: bool = False) -> list[Tensor]:
    width, inner = config["hidden_size"], config["intermediate_size"]
    rows: list[Tensor] = []
    for name, out, into in (("gate", inner, width), ("up", inner, width), ("down", width, inner)):
        rows.append([f"mlp.{name}_proj.weight", [out, into]])
        if bias:
            rows.append([f"mlp.{name}_proj.bias", [out]])
    return rows


def decoder(
    config: dict[str, Any], layer_rows: list[Tensor], norms: list[str], norm: dict[str, Any] = NORM
) -> list[Tensor]:
    """model.embed_tokens, the layers, model.norm and, if untied, lm_head."""
    width = config["hidden_size"]
    tensors: list[Tensor] = [["model.embed_tokens.weight", [config["vocab_size"], width]]]
    rows = [*layer_rows, *[[f"{name}.weight", [width], norm] for name in norms]]
    for layer in range(config["num_hidden_layers"]):
        tensors += [[f"model.layers.{layer}.{name}", *rest] for name, *rest in rows]
    tensors.append(["model.norm.weight", [width], norm])
    if not config.get("tie_word_embeddings", False):
        tensors.append(["lm_head.weight", [config["vocab_size"], width]])
    return tensors


TWO_NORMS = ["input_layernorm", "post_attention_layernorm"]
FOUR_NORMS = [*TWO_NORMS, "pre_feedforward_layernorm", "post_feedforward_layernorm"]


def llama(config: dict[str, Any]) -> list[Tensor]:
    bias = ("q", "k", "v", "o") if config.get("attention_bias") else ()
    rows = attention(config, bias=bias, qk_norm=False) + mlp(config, bias=bool(config.get("mlp_bias")))
    return decoder(config, rows, TWO_NORMS)


def qwen2(config: dict[str, Any]) -> list[Tensor]:
    return decoder(config, attention(config, bias=("q", "k", "v"), qk_norm=False) + mlp(config), TWO_NORMS)


def qwen3(config: dict[str, Any]) -> list[Tensor]:
    return decoder(config, attention(config, bias=(), qk_norm=True) + mlp(config), TWO_NORMS)


def phi3(config: dict[str, Any]) -> list[Tensor]:
    width, inner = config["hidden_size"], config["intermediate_size"]
    head = width // config["num_attention_heads"]
    out = (config["num_attention_heads"] + 2 * config["num_key_value_heads"]) * head
    rows = [
        ["self_attn.o_proj.weight", [width, width]],
        ["self_attn.qkv_proj.weight", [out, width]],
        ["mlp.gate_up_proj.weight", [2 * inner, width]],
        ["mlp.down_proj.weight", [width, inner]],
    ]
    return decoder(config, rows, TWO_NORMS)


def gemma2(config: dict[str, Any]) -> list[Tensor]:
    """Norms hold what is added to one, so their values are like the matrices'."""
    rows = attention(config, bias=(), qk_norm=False) + mlp(config)
    tensors = decoder({**config, "tie_word_embeddings": True}, rows, FOUR_NORMS, {"kind": "matrix"})
    # Tied and scaled, embeddings of the usual size would make every model repeat its last token.
    return [[*tensors[0], {"kind": "small"}], *tensors[1:]]
