"""Low-rank adapters (LoRA) on the linear layers of a model, with PEFT's names and arithmetic."""

import math

import torch
from torch import nn
from torch.nn import functional as F

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Adapted(nn.Module):
    """A frozen linear layer W with W x + scale B A x."""

    def __init__(self, layer: nn.Linear, rank: int, scale: float):
        super().__init__()
        self.layer, self.scale = layer, scale
        self.lora_A = nn.Linear(layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, layer.out_features, bias=False)
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.layer.weight) + self.scale * self.lora_B(self.lora_A(x))


def adapt(model: nn.Module, rank: int, alpha: float) -> None:
    """Freeze the model and put an adapter on every layer named in TARGETS."""
    model.requires_grad_(False)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if name in TARGETS:
                setattr(parent, name, Adapted(child, rank, alpha / rank))


def trained(model: nn.Module) -> nn.ParameterDict:
    """The weights of the adapters, by their names with `/` for `.`."""
    named = ((n, p) for n, p in model.named_parameters() if p.requires_grad)
    return nn.ParameterDict({name.replace(".", "/"): value for name, value in named})


def peft_weights(adapters: nn.ParameterDict) -> dict[str, torch.Tensor]:
    """The weights of the adapters with the names that PEFT gives them in a LlamaForCausalLM."""
    return {
        f"base_model.model.model.{name.replace('/', '.')}": value.detach()
        for name, value in adapters.items()
    }
