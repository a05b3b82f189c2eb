"""Vectors 13 to 18: the warpers, and draws."""

import numpy as np

from vectors import PROMPT, Case, Table

#: probabilities whose running sums the cuts are put around
HALVES = np.log(np.float32([0.5, 0.25, 0.15, 0.1]))
QUARTERS = np.zeros(4, np.float32)
EIGHTHS = np.log(np.float32([0.5, 0.25, 0.125, 0.125]))


def row_table(row):
    """Every row is this one."""
    return Table(size=len(row), rows={token: row for token in range(len(row))})


def one_draw(**parameters):
    return {"doSample": True, "generator": "torch", "seed": 7, "maxNewTokens": 1, **parameters}


def cut_cases():
    tied = row_table([1, 5, 3, 3, -1, 3, 0, -2, 2, -3, 0.5, -4])
    for k in (1, 2, 3, 4, 5, 12, 17, 0):
        yield Case(13, f"topK {k}, ties at ranks 2 to 4", one_draw(topK=k), tied, rows=True, tie=True)
    hundred = Table(seed=1, size=100)
    yield Case(13, "topK's default keeps 50 of 100", one_draw(topK=50), hundred, rows=True)
    for p in (0.0, 0.01, 0.49, 0.51, 0.74, 0.76, 0.89, 0.91, 0.999):
        yield Case(14, f"topP {p}", one_draw(topP=p), row_table(HALVES), (2, 3), rows=True)
        after = one_draw(topP=p, topK=3)
        yield Case(14, f"topP {p} after topK", after, row_table(HALVES), (2, 3), rows=True)
    for p in (0.25, 0.5, 0.51):
        equal = row_table(QUARTERS)
        yield Case(14, f"topP {p} of equals", one_draw(topP=p), equal, (2, 3), rows=True, tie=True, count_only=True)
    for p in (0.0, 0.19, 0.21, 0.31, 0.51, 1.0):
        yield Case(15, f"minP {p}", one_draw(minP=p), row_table(HALVES), (2, 3), rows=True)
    for name, value in (
        ("typicalP", 0.2),
        ("typicalP", 0.5),
        ("typicalP", 0.95),
        ("epsilonCutoff", 0.12),
        ("epsilonCutoff", 0.2),
        ("etaCutoff", 0.3),
        ("topH", 0.4),
        ("topH", 0.95),
    ):
        yield Case(15, f"{name} {value}", one_draw(**{name: value}), row_table(HALVES), (2, 3), rows=True)
    for name, value in (("minP", 1.0), ("epsilonCutoff", 0.25)):
        equal = row_table(QUARTERS)
        yield Case(15, f"{name} {value} of equals", one_draw(**{name: value}), equal, (2, 3), rows=True, tie=True)


def together_cases():
    for temperature in (0.5, 2.0):
        for normal in (False, True):
            for seed in (1, 2, 3):
                parameters = one_draw(temperature=temperature, topK=5, topP=0.8, minP=0.1, renormalizeLogits=normal)
                label = f"all, temperature {temperature}, renormalised {normal}, table {seed}"
                yield Case(16, label, {**parameters, "maxNewTokens": 4}, Table(seed=seed), rows=True)
                beams = {"numBeams": 3, "numReturnSequences": 3, "eosTokenId": [1, 5], "maxNewTokens": 3}
                yield Case(16, f"{label}, 3 beams", {**parameters, **beams}, Table(seed=seed))


def draw_cases():
    for new in (1, 2, 12):
        parameters = one_draw(seed=0, maxNewTokens=new)
        yield Case(17, f"{new} draws", parameters, row_table(EIGHTHS), (2, 3), rows=new == 1)
    for seed in (0, 1, 2, 3, 4, 5, 2**31 - 1, 2**32 + 5, 2**53 - 1):
        # Beams draw without replacement: 4 of 4 ids in the first step.
        beams = one_draw(seed=seed, maxNewTokens=3, numBeams=2, numReturnSequences=2)
        for table in (4, 5, 6):
            yield Case(17, f"without replacement, seed {seed}, table {table}", beams, Table(table, 4), (2, 3))
        yield Case(17, f"12 draws, seed {seed}", one_draw(seed=seed, maxNewTokens=12), Table(seed=4))
    for seed in range(12):
        table = Table(seed=1 + seed % 4, bias=(1,))
        for count in (1, 2, 3, 5):
            parameters = one_draw(seed=seed, maxNewTokens=5, numReturnSequences=count, eosTokenId=[1])
            yield Case(18, f"{count} sequences, seed {seed}", parameters, table, PROMPT)


def cases():
    yield from cut_cases()
    yield from together_cases()
    yield from draw_cases()
