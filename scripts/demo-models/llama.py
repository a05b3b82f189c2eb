"""A compact LLaMA in torch, with Hugging Face's names and layouts, made for training on a CPU."""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass
class Config:
    """The sizes of the model."""

    vocab: int = 2048
    positions: int = 512
    width: int = 256
    heads: int = 8
    kv_heads: int = 4
    layers: int = 5
    hidden: int = 768
    epsilon: float = 1e-5
    theta: float = 10000.0

    @property
    def head_dim(self) -> int:
        """Width of a head."""
        return self.width // self.heads


def linear(inputs: int, outputs: int, std: float) -> nn.Linear:
    """A linear layer without bias, its weights drawn with a standard deviation."""
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, std=std)
    return layer


def rotary(config: Config) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines, [positions, head_dim], both halves alike as Hugging Face has them."""
    half = config.head_dim // 2
    frequencies = config.theta ** (-torch.arange(half, dtype=torch.float32) / half)
    angles = torch.outer(torch.arange(config.positions, dtype=torch.float32), frequencies)
    angles = torch.cat([angles, angles], dim=1)
    return angles.cos(), angles.sin()


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Turn the queries or keys [batch, heads, length, head_dim] by their positions."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin


class Attention(nn.Module):
    """Causal self-attention; several query heads share a key and value head."""

    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        shared = config.kv_heads * config.head_dim
        self.q_proj = linear(config.width, config.width, 0.02)
        self.k_proj = linear(config.width, shared, 0.02)
        self.v_proj = linear(config.width, shared, 0.02)
        self.o_proj = linear(config.width, config.width, 0.02 / math.sqrt(2 * config.layers))

    def forward(self, x: torch.Tensor, cos, sin, mask: torch.Tensor | None) -> torch.Tensor:
        batch, length, width = x.shape
        shape = (batch, length, -1, self.config.head_dim)
        q, k, v = (
            layer(x).view(shape).transpose(1, 2)
            for layer in (self.q_proj, self.k_proj, self.v_proj)
        )
        groups = self.config.heads // self.config.kv_heads
        q, k = rotate(q, cos, sin), rotate(k, cos, sin).repeat_interleave(groups, dim=1)
        v = v.repeat_interleave(groups, dim=1)
        y = F.scaled_dot_product_attention(
            q.to(v.dtype), k.to(v.dtype), v, attn_mask=mask, is_causal=mask is None
        )
        return self.o_proj(y.transpose(1, 2).reshape(batch, length, width))


class MLP(nn.Module):
    """The feed-forward part, SwiGLU."""

    def __init__(self, config: Config):
        super().__init__()
        self.gate_proj = linear(config.width, config.hidden, 0.02)
        self.up_proj = linear(config.width, config.hidden, 0.02)
        self.down_proj = linear(config.hidden, config.width, 0.02 / math.sqrt(2 * config.layers))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    """One layer."""

    def __init__(self, config: Config):
        super().__init__()
        self.input_layernorm = nn.RMSNorm(config.width, eps=config.epsilon)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = nn.RMSNorm(config.width, eps=config.epsilon)
        self.mlp = MLP(config)

    def forward(self, x: torch.Tensor, cos, sin, mask: torch.Tensor | None) -> torch.Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """The language model; the output weights are the token embeddings."""

    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab, config.width)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.width, eps=config.epsilon)
        nn.init.normal_(self.embed_tokens.weight, std=0.02)
        cos, sin = rotary(config)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def logits(self, tokens: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """The logits [batch, length, vocab]; `mask` says what sees what, by default all before."""
        x = self.embed_tokens(tokens)
        cos, sin = self.cos[: tokens.shape[1]], self.sin[: tokens.shape[1]]
        for block in self.layers:
            x = block(x, cos, sin, mask)
        return F.linear(self.norm(x), self.embed_tokens.weight)

    def forward(self, tokens: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The mean loss."""
        return F.cross_entropy(self.logits(tokens).flatten(0, 1).float(), targets.flatten())
