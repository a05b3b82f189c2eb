"""Numbers that both sides compute: bigram tables and rows of logits, exact in float32. test/native/table-engine.ts and
test/decoding/goldens/logits.ts hold the same few lines."""

import numpy as np


def mixed(values):
    """The hash of the decoding specification, on uint32."""
    x = np.asarray(values, dtype=np.uint64) & 0xFFFFFFFF
    x ^= x >> 15
    x = x * 2246822519 & 0xFFFFFFFF
    x ^= x >> 13
    x = x * 3266489917 & 0xFFFFFFFF
    return x ^ (x >> 16)


def hash_table(size, seed):
    """logits[next] after each token: multiples of 1/512 in [-4, 4)."""
    a = np.arange(size, dtype=np.uint64)[:, None] * 2654435761
    b = np.arange(size, dtype=np.uint64)[None, :] * 40503
    entries = mixed(a + b + np.uint64(seed * 668265263 + 12345)) % 4096
    return ((entries.astype(np.float64) - 2048) / 512).astype(np.float32)


def biased(table, ids, bias=2.0):
    """The table with `bias` added to the columns of `ids`."""
    table = table.copy()
    table[:, list(ids)] += np.float32(bias)
    return table


def row_logits(size, seed):
    """A row shaped like a model's: sums of three uniform numbers, multiples of 2^-19 in [-6, 6), few ties."""
    i = np.arange(size, dtype=np.uint64) * 2654435761
    parts = [mixed(i + np.uint64((3 * seed + k) * 668265263 + 12345)) >> 11 for k in range(3)]
    total = sum(part.astype(np.int64) for part in parts)
    return ((total - 3 * 2**20) / 2.0**19).astype(np.float32)


def perturbed(values, amount, seed=0):
    """Every value moved up or down by `amount`: what a golden must survive to be kept (no tie is that close)."""
    signs = mixed(np.arange(values.size, dtype=np.uint64) * 40503 + np.uint64(seed * 668265263 + 777)) & 1
    return values + (np.float32(amount) * (signs.astype(np.float32) * 2 - 1)).reshape(values.shape)
