"""The form of a vector of the toy table: what is asked. What transformers gives is added by make_toy.py."""

from dataclasses import dataclass, field

import numpy as np

from tables import hash_table

PROMPT = (2, 7, 4)


@dataclass(frozen=True)
class Table:
    """The hash table of a seed with a bias on some columns and some rows written by hand."""

    seed: int = 1
    size: int = 12
    bias: tuple = ()
    amount: float = 2.0
    rows: dict = field(default_factory=dict)

    def values(self):
        table = hash_table(self.size, self.seed)
        table[:, list(self.bias)] += np.float32(self.amount)
        for token, row in self.rows.items():
            table[token] = np.asarray(row, dtype=np.float32)
        return table

    def stored(self):
        """Only what is not the default; -inf as null, since JSON has none."""
        result = {"seed": self.seed, "size": self.size}
        if self.bias:
            result["bias"] = [list(self.bias), self.amount]
        if self.rows:
            result["rows"] = {token: stored_row(row) for token, row in self.rows.items()}
        return result


def stored_row(row):
    """Exactly the float32 values."""
    values = np.asarray(row, dtype=np.float32).astype(float)
    return [None if value == -np.inf else value for value in values]


@dataclass(frozen=True)
class Case:
    vector: int
    name: str
    parameters: dict
    table: Table = Table()
    prompt: tuple = PROMPT
    #: whether the processed rows of sequence 0 are part of the golden
    rows: bool = False
    #: a deliberate tie: not dropped if a perturbation changes it
    tie: bool = False
    #: only how many entries survive is defined, not which
    count_only: bool = False
    #: text of each id, for stop strings
    pieces: tuple = ()
    #: for generate() only: what a request to Glossa has no word for
    transformers: dict = field(default_factory=dict)
    max_position_embeddings: int | None = None
    #: why Glossa refuses what transformers takes
    refused: str = ""


@dataclass(frozen=True)
class Batch:
    """Prompts that transformers runs left-padded in one call. Glossa runs each on its own; both must agree."""

    vector: int
    name: str
    parameters: dict
    prompts: tuple
    pad: int
    table: Table = Table()


def chain(steps, size=12):
    """Rows after which one id is by far the likeliest, and the others come in order of their ids."""
    return {
        after: [9.0 if token == then else -token / 4 for token in range(size)] for after, then in steps.items()
    }


def likeliest(table, token):
    return int(table.values()[token].argmax())
