"""Weights that need no storing: every value follows from (seed, tensor name, index) by integer arithmetic.

test/convert/goldens/weights.ts holds the same arithmetic. All values are exact in the tensor's own type, so
neither side rounds while making them.
"""

import numpy as np

FNV_OFFSET, FNV_PRIME = 2_166_136_261, 16_777_619
GOLDEN = 0x9E3779B9

#: Bits of an integer that a dtype holds exactly; F64 gets more than F32 has, so that conversion must round.
BITS = {"F64": 32, "F32": 24, "F16": 11, "BF16": 8}


def hash_name(text: str) -> int:
    """FNV-1a, 32 bits, of the UTF-8 bytes."""
    state = FNV_OFFSET
    for byte in text.encode():
        state = ((state ^ byte) * FNV_PRIME) & 0xFFFFFFFF
    return state


def mix(values: np.ndarray) -> np.ndarray:
    """MurmurHash3's finaliser on uint32."""
    x = values.astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x


def values(seed: int, name: str, shape: list[int], dtype: str, kind: str = "matrix") -> np.ndarray:
    """float64 values of one tensor, exact in `dtype`.

    kind "matrix": uniform in [-1/4, 1/4); "wide": in [-1, 1);
    "small": in [-1/64, 1/64); "norm": 1 + k/128 in [1, 2).
    """
    count = int(np.prod(shape, dtype=np.int64))
    with np.errstate(over="ignore"):
        # Wraps around, as 32-bit integers do.
        index = np.arange(count, dtype=np.uint32) * np.uint32(GOLDEN)
        hashed = mix(index + np.uint32(hash_name(f"{seed}/{name}"))).astype(np.float64)
    if kind == "norm":
        return (1 + np.floor(hashed / 2**25) / 128).reshape(shape)
    bits = BITS[dtype]
    signed = np.floor(hashed / 2 ** (32 - bits)) - 2 ** (bits - 1)
    return (signed / 2 ** (bits - 1) / {"matrix": 4, "wide": 1, "small": 64}[kind]).reshape(shape)
