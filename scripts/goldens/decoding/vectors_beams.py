"""Vectors 19 to 26 and 28 to 30: beams. 27 is make_sweep.py's."""

from vectors import PROMPT, Batch, Case, Table

OTHER_PROMPTS = ((4,), (0, 3, 6, 9, 8, 2, 7, 4))


def beams(count, **parameters):
    return {"numBeams": count, "numReturnSequences": count, "eosTokenId": [1], "lengthPenalty": 1.0, **parameters}


def named():
    """The searches that the specification names: vector, parameters, table."""
    yield 19, beams(3, lengthPenalty=2.0, maxNewTokens=6), Table(seed=2, bias=(1,))
    both = beams(2, eosTokenId=[1, 5], earlyStopping="never", lengthPenalty=2.0, maxNewTokens=6)
    yield 20, both, Table(seed=2, bias=(1, 5))
    yield 21, beams(2, earlyStopping=True, lengthPenalty=2.0, maxNewTokens=6), Table(seed=2, bias=(1,))
    yield 22, beams(2, earlyStopping=True, maxNewTokens=3), Table(seed=4, bias=(1,))
    yield 23, beams(2, maxNewTokens=8), Table(seed=5, bias=(1,))
    yield 24, beams(3, eosTokenId=[], maxNewTokens=5), Table(seed=2)
    yield 25, beams(3, repetitionPenalty=1.5, maxNewTokens=6), Table(seed=4, bias=(1,))


def batch_cases():
    for early in (False, True, "never"):
        for seed in range(1, 9):
            for pad in (3, 0):
                parameters = beams(3, earlyStopping=early, lengthPenalty=2.0, maxNewTokens=6)
                label = f"earlyStopping {early}, pad {pad}, table {seed}"
                yield Batch(28, label, parameters, (PROMPT, (6,)), pad, Table(seed=seed, bias=(1,)))


def forced_cases():
    for seed in (1, 2, 3, 4):
        table = Table(seed=seed, bias=(1,))
        for label, more in {
            "forced EOS": {"forcedEosTokenId": [1]},
            "one of two forced": {"forcedEosTokenId": [1, 5], "eosTokenId": [1, 5]},
            "minNewTokens": {"minNewTokens": 2},
            "forced EOS, minNewTokens": {"forcedEosTokenId": [1], "minNewTokens": 4},
            "minLength": {"minLength": 5},
            "decay": {"exponentialDecayLengthPenalty": [1, 1.6]},
            "no repeated pair": {"noRepeatNgramSize": 2},
            "bad words": {"badWordsIds": [[1], [5, 10], [6, 3, 0]]},
            "renormalised": {"suppressTokens": [5, 6], "renormalizeLogits": True},
        }.items():
            yield Case(29, f"{label}, table {seed}", beams(3, maxNewTokens=4, **more), table)


def sampled_cases():
    for seed in range(40):
        parameters = {"doSample": True, "generator": "torch", "seed": seed, "maxNewTokens": 5, "temperature": 0.7}
        table = Table(seed=1 + seed % 5, bias=(1,))
        yield Case(30, f"seed {seed}", beams(2, **parameters), table)
        more = {"eosTokenId": [1, 5], "earlyStopping": seed % 2 == 0, "temperature": 1.5}
        yield Case(30, f"4 beams, seed {seed}", beams(4, **{**parameters, **more}), table)


def cases():
    for vector, parameters, table in named():
        yield Case(vector, "as the specification has it", parameters, table)
        for count in range(1, parameters["numBeams"]):
            yield Case(vector, f"the best {count}", {**parameters, "numReturnSequences": count}, table)
        if vector <= 23:
            for prompt in OTHER_PROMPTS:
                yield Case(26, f"vector {vector} after {len(prompt)} ids", parameters, table, prompt)
    yield Case(19, "more sequences than beams", {**beams(2, maxNewTokens=2), "numReturnSequences": 3})
    yield from batch_cases()
    yield from forced_cases()
    yield from sampled_cases()
