"""Write a checkpoint of train_lora.py as a PEFT adapter in float16, and verify it with PEFT.

    python export_lora.py --model MODEL_DIR --work DIR --out ADAPTER_DIR --base-name glossa-sprout

The adapter is loaded with PEFT, merged into the base, and its logits are compared with those of the
training model; the chat template is compared with the template that was trained.
"""

import argparse
import shutil
from pathlib import Path

import torch
from export_llama import TEXT, config_of
from lessons.template import Turn, prompt
from llama import Llama
from lora import TARGETS, adapt, peft_weights, trained
from safetensors.torch import load_file, save_file

TEMPLATE = Path(__file__).parent / "alpaca.jinja"


def export(state: dict, base_name: str, out: Path) -> None:
    """Write the adapter folder."""
    from peft import LoraConfig

    out.mkdir(parents=True, exist_ok=True)
    weights = {
        name: tensor.to(torch.float16).contiguous()
        for name, tensor in peft_weights(state["model"]).items()
    }
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())
    save_file(weights, out / "adapter_model.safetensors", metadata={"format": "pt"})
    (out / "adapter_model.safetensors").chmod(0o644)
    settings = LoraConfig(
        base_model_name_or_path=base_name,
        task_type="CAUSAL_LM",
        r=state["config"]["rank"],
        lora_alpha=state["config"]["alpha"],
        lora_dropout=0.0,
        bias="none",
        target_modules=list(TARGETS),
        inference_mode=True,
    )
    settings.target_modules = list(TARGETS)  # not a set, so that the file is always the same
    settings.save_pretrained(out)
    shutil.copyfile(TEMPLATE, out / "chat_template.jinja")


@torch.no_grad()
def verify(base: Path, out: Path, state: dict) -> str:
    """Compare the merged model and the chat template with what was trained."""
    from peft import PeftModel
    from transformers import AutoTokenizer, LlamaForCausalLM

    model = Llama(config_of(base))
    weights = load_file(base / "model.safetensors")
    model.load_state_dict({n.removeprefix("model."): w.float() for n, w in weights.items()})
    adapt(model, state["config"]["rank"], state["config"]["alpha"])
    adapters = trained(model)
    adapters.load_state_dict(state["model"])
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokens = torch.tensor([tokenizer.encode(TEXT)])
    loaded = LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    merged = PeftModel.from_pretrained(loaded, out).merge_and_unload().eval()
    difference = (model.logits(tokens) - merged(tokens).logits).abs().max().item()
    assert difference < 0.05, difference

    turns = [Turn("What colour is snow?", "Snow is white.")]
    messages = [
        {"role": "user", "content": turns[0].instruction},
        {"role": "assistant", "content": turns[0].answer},
        {"role": "user", "content": "And grass?"},
    ]
    rendered = tokenizer.apply_chat_template(
        messages,
        chat_template=(out / "chat_template.jinja").read_text(encoding="utf-8"),
        add_generation_prompt=True,
        tokenize=False,
    )
    assert rendered == "<s>" + prompt(turns, "And grass?"), rendered
    return f"largest difference of a logit after PEFT's merge: {difference:.1e} (float16 rounding)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--base-name", required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(args.work / "checkpoint.pt", weights_only=True)
    export(state, args.base_name, args.out)
    print(f"step {state['step']}, {state['seconds']:.0f} s of training")
    print(verify(args.model, args.out, state))


if __name__ == "__main__":
    main()
