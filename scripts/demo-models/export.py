"""Write a checkpoint of train_gpt2.py as a Hugging Face GPT-2 model in float16, and verify it.

    python export.py --work DIR --out MODEL_DIR

MODEL_DIR must hold the tokenizer. The result is loaded with transformers and its logits are
compared with those of the training model, both in float32 and with the float16-rounded weights.
"""

import argparse
import json
from pathlib import Path

import torch
from gpt2 import GPT2, Config
from safetensors.torch import save_file
from transformers import AutoTokenizer, GPT2LMHeadModel

TEXT = "The little dog ran through the grass. It was tired and wanted to sleep under a tree."


def hugging_face_config(config: Config) -> dict:
    """config.json."""
    end = config.vocab - 1
    return {
        "activation_function": "gelu_new",
        "architectures": ["GPT2LMHeadModel"],
        "attn_pdrop": 0.0,
        "bos_token_id": end,
        "embd_pdrop": 0.0,
        "eos_token_id": end,
        "initializer_range": 0.02,
        "layer_norm_epsilon": config.epsilon,
        "model_type": "gpt2",
        "n_ctx": config.positions,
        "n_embd": config.width,
        "n_head": config.heads,
        "n_inner": None,
        "n_layer": config.layers,
        "n_positions": config.positions,
        "reorder_and_upcast_attn": False,
        "resid_pdrop": 0.0,
        "scale_attn_by_inverse_layer_idx": False,
        "scale_attn_weights": True,
        "tie_word_embeddings": True,
        "torch_dtype": "float16",
        "use_cache": True,
        "vocab_size": config.vocab,
    }


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)

    state = torch.load(args.work / "checkpoint.pt", weights_only=True)
    config = Config(**state["config"])
    weights = {
        f"transformer.{name}": tensor.to(torch.float16).contiguous()
        for name, tensor in state["model"].items()
    }
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())
    save_file(weights, args.out / "model.safetensors", metadata={"format": "pt"})
    (args.out / "model.safetensors").chmod(0o644)
    write_json(args.out / "config.json", hugging_face_config(config))
    end = config.vocab - 1
    write_json(args.out / "generation_config.json", {"bos_token_id": end, "eos_token_id": end})

    model = GPT2(config).eval()
    model.load_state_dict(
        {name.removeprefix("transformer."): tensor.float() for name, tensor in weights.items()}
    )
    loaded = GPT2LMHeadModel.from_pretrained(args.out, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(args.out)
    tokens = torch.tensor([tokenizer.encode(TEXT)])
    with torch.no_grad():
        ours, theirs = model(tokens), loaded(tokens).logits
        difference = (ours - theirs).abs().max().item()
        model.load_state_dict(state["model"])
        rounding = (model(tokens) - theirs).abs().max().item()
    assert difference < 1e-3, difference
    assert tokenizer.decode(tokens[0]) == TEXT
    parameters = sum(p.numel() for p in model.parameters())
    print(f"step {state['step']}, {state['tokens']} tokens, {state['seconds']:.0f} s of training")
    print(f"{parameters} parameters; largest difference of a logit: {difference:.1e} to")
    print(f"transformers with the same weights, {rounding:.1e} because of the float16 rounding")


if __name__ == "__main__":
    main()
