"""Write a checkpoint of train_llama.py as a Hugging Face LLaMA model in float16, and verify it.

    python export_llama.py --work DIR --tokenizer DIR --out MODEL_DIR

The result is loaded with transformers and its logits are compared with those of the training
model, and the tokenizer's pieces with SentencePiece's own.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from export import TEXT, write_json
from llama import Config, Llama
from safetensors.torch import load_file, save_file

TOKENIZER_FILES = ("tokenizer.model", "tokenizer_config.json", "special_tokens_map.json")
TEXTS = (TEXT, "It is cold.\n\n17 + 5 = 22. \u00e9\U0001f600", "### Instruction:\nHello!\n\n")


def hugging_face_config(config: Config) -> dict:
    """config.json."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "head_dim": config.head_dim,
        "hidden_act": "silu",
        "hidden_size": config.width,
        "initializer_range": 0.02,
        "intermediate_size": config.hidden,
        "max_position_embeddings": config.positions,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": config.heads,
        "num_hidden_layers": config.layers,
        "num_key_value_heads": config.kv_heads,
        "pretraining_tp": 1,
        "rms_norm_eps": config.epsilon,
        "rope_scaling": None,
        "rope_theta": config.theta,
        "tie_word_embeddings": True,
        "torch_dtype": "float16",
        "use_cache": True,
        "vocab_size": config.vocab,
    }


def config_of(folder: Path) -> Config:
    """The sizes of an exported model."""
    values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return Config(
        vocab=values["vocab_size"],
        positions=values["max_position_embeddings"],
        width=values["hidden_size"],
        heads=values["num_attention_heads"],
        kv_heads=values["num_key_value_heads"],
        layers=values["num_hidden_layers"],
        hidden=values["intermediate_size"],
        epsilon=values["rms_norm_eps"],
        theta=values["rope_theta"],
    )


def export(state: dict, tokenizer: Path, out: Path) -> None:
    """Write the model folder."""
    out.mkdir(parents=True, exist_ok=True)
    weights = {
        f"model.{name}": tensor.to(torch.float16).contiguous()
        for name, tensor in state["model"].items()
    }
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    (out / "model.safetensors").chmod(0o644)
    write_json(out / "config.json", hugging_face_config(Config(**state["config"])))
    write_json(out / "generation_config.json", {"bos_token_id": 1, "eos_token_id": 2})
    for name in TOKENIZER_FILES:
        if tokenizer.resolve() != out.resolve():
            shutil.copyfile(tokenizer / name, out / name)


@torch.no_grad()
def verify(out: Path, state: dict) -> str:
    """Compare the folder, as transformers reads it, with the training model."""
    import sentencepiece
    from transformers import AutoTokenizer, LlamaForCausalLM

    pieces = sentencepiece.SentencePieceProcessor(model_file=str(out / "tokenizer.model"))
    tokenizer = AutoTokenizer.from_pretrained(out)
    for text in TEXTS:
        assert tokenizer.encode(text) == pieces.encode(text, add_bos=True), text
        assert tokenizer.decode(tokenizer.encode(text), skip_special_tokens=True) == text, text
    model = Llama(config_of(out)).eval()
    weights = load_file(out / "model.safetensors")
    model.load_state_dict({n.removeprefix("model."): w.float() for n, w in weights.items()})
    loaded = LlamaForCausalLM.from_pretrained(out, dtype=torch.float32).eval()
    tokens = torch.tensor([tokenizer.encode(TEXT)])
    theirs = loaded(tokens).logits
    difference = (model.logits(tokens) - theirs).abs().max().item()
    model.load_state_dict(state["model"])
    rounding = (model.logits(tokens) - theirs).abs().max().item()
    assert difference < 1e-3, difference
    parameters = sum(p.numel() for p in model.parameters())
    return (
        f"{parameters} parameters; largest difference of a logit: {difference:.1e} to\n"
        f"transformers with the same weights, {rounding:.1e} because of the float16 rounding"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(args.work / "checkpoint.pt", weights_only=True)
    export(state, args.tokenizer, args.out)
    print(f"step {state['step']}, {state['seconds']:.0f} s of training")
    print(verify(args.out, state))


if __name__ == "__main__":
    main()
