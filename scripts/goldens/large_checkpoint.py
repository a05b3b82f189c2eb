"""Writes a random LLaMA checkpoint of 1.1 billion parameters: F16, sharded, 2.2 GB, with a made-up tokenizer.

Shaped like a 1.1B model with grouped-query attention; only its size matters, so the weights are noise.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from sentencepiece import sentencepiece_model_pb2 as model_pb2

HIDDEN, INNER, LAYERS, HEADS, KV_HEADS, VOCABULARY = 2048, 5632, 22, 32, 4, 32_000
LAYERS_PER_SHARD = 6


def write_large_checkpoint(folder: Path) -> None:
    """Writes the checkpoint's files into a folder that is made if needed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(), indent=2))
    write_tokenizer(folder)
    write_weights(folder)


def config() -> dict[str, object]:
    """config.json as transformers writes it for this shape."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "torch_dtype": "float16",
        "vocab_size": VOCABULARY,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


def write_tokenizer(folder: Path) -> None:
    """A SentencePiece BPE model: control tokens, all bytes, and numbered pieces up to the vocabulary's size."""
    model = model_pb2.ModelProto()
    model.trainer_spec.model_type = model_pb2.TrainerSpec.BPE
    model.trainer_spec.byte_fallback = True
    kinds = model_pb2.ModelProto.SentencePiece
    for text, kind in (("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)):
        model.pieces.add(piece=text, score=0.0, type=kind)
    for byte in range(256):
        model.pieces.add(piece=f"<0x{byte:02X}>", score=0.0, type=kinds.BYTE)
    while len(model.pieces) < VOCABULARY:
        number = len(model.pieces)
        model.pieces.add(piece=f"\u2581w{number}", score=float(-number), type=kinds.NORMAL)
    (folder / "tokenizer.model").write_bytes(model.SerializeToString())


def write_weights(folder: Path) -> None:
    """Shards of a few layers each, and the index that names them."""
    noise = np.random.default_rng(1).standard_normal(1 << 22).astype(np.float16) * np.float16(0.02)
    shards = [{"model.embed_tokens.weight": (VOCABULARY, HIDDEN)}]
    for first in range(0, LAYERS, LAYERS_PER_SHARD):
        shard: dict[str, tuple[int, ...]] = {}
        for layer in range(first, min(first + LAYERS_PER_SHARD, LAYERS)):
            shard.update({f"model.layers.{layer}.{name}.weight": shape for name, shape in layer_shapes().items()})
        shards.append(shard)
    shards.append({"model.norm.weight": (HIDDEN,), "lm_head.weight": (VOCABULARY, HIDDEN)})
    weight_map: dict[str, str] = {}
    for number, shapes in enumerate(shards, 1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        save_file({name: noisy(noise, shape) for name, shape in shapes.items()}, folder / file)
        weight_map.update(dict.fromkeys(shapes, file))
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))


def layer_shapes() -> dict[str, tuple[int, ...]]:
    """Shapes of one layer's tensors by their names in it."""
    kv = HIDDEN // HEADS * KV_HEADS
    return {
        "self_attn.q_proj": (HIDDEN, HIDDEN),
        "self_attn.k_proj": (kv, HIDDEN),
        "self_attn.v_proj": (kv, HIDDEN),
        "self_attn.o_proj": (HIDDEN, HIDDEN),
        "mlp.gate_proj": (INNER, HIDDEN),
        "mlp.up_proj": (INNER, HIDDEN),
        "mlp.down_proj": (HIDDEN, INNER),
        "input_layernorm": (HIDDEN,),
        "post_attention_layernorm": (HIDDEN,),
    }


def noisy(noise: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The noise, repeated as often as the shape needs."""
    return np.resize(noise, shape)
