"""Random combinations of processors. Every choice comes from one random.Random, so a seed gives the same ones."""

#: each processor with the values it is tried with; `r` is the random.Random, `size` the vocabulary's size
PROCESSORS = {
    "sequenceBias": lambda r, size: [
        [[r.randrange(size) for _ in range(r.choice((1, 1, 2, 3)))], r.choice((-4.0, -1.5, 0.75, 2.5))]
        for _ in range(r.randint(1, 4))
    ],
    "encoderRepetitionPenalty": lambda r, size: r.choice((0.6, 0.9, 1.3, 2.0)),
    "repetitionPenalty": lambda r, size: r.choice((0.5, 0.8, 1.05, 1.2, 1.5, 2.0)),
    "noRepeatNgramSize": lambda r, size: r.choice((1, 2, 2, 3, 4)),
    "encoderNoRepeatNgramSize": lambda r, size: r.choice((1, 2, 2, 3)),
    "badWordsIds": lambda r, size: [
        [r.randrange(size) for _ in range(r.choice((1, 2, 2, 3, 4)))] for _ in range(r.randint(1, 5))
    ],
    "minLength": lambda r, size: r.randint(1, 10),
    "minNewTokens": lambda r, size: r.randint(1, 6),
    "forcedBosTokenId": lambda r, size: r.randrange(size),
    "forcedEosTokenId": lambda r, size: r.choice(([1], [5], [1, 5])),
    "removeInvalidValues": lambda r, size: True,
    "exponentialDecayLengthPenalty": lambda r, size: [r.randint(0, 4), r.choice((1.05, 1.5, 2.0))],
    "suppressTokens": lambda r, size: sorted(r.sample(range(size), r.randint(1, 3))),
    "beginSuppressTokens": lambda r, size: sorted(r.sample(range(size), r.randint(1, 3))),
    "renormalizeLogits": lambda r, size: True,
}
#: those that transformers applies only when sampling
WARPERS = {
    "temperature": lambda r, size: r.choice((0.3, 0.7, 0.9, 1.4, 2.5)),
    "topH": lambda r, size: r.choice((0.2, 0.4, 0.6, 0.85, 0.97)),
    "topK": lambda r, size: r.choice((1, 3, 5, 8, 12, 50)),
    "topP": lambda r, size: r.choice((0.1, 0.5, 0.8, 0.9, 0.95, 0.99)),
    "minP": lambda r, size: r.choice((0.0, 0.02, 0.05, 0.1, 0.3)),
    "typicalP": lambda r, size: r.choice((0.2, 0.5, 0.8, 0.95)),
    "epsilonCutoff": lambda r, size: r.choice((0.0003, 0.01, 0.05, 0.2)),
    "etaCutoff": lambda r, size: r.choice((0.0003, 0.01, 0.05, 0.3)),
}
NEEDS_EOS = ("minLength", "minNewTokens", "exponentialDecayLengthPenalty")


def combination(r, size, parameters, few=(0, 4), few_warpers=(0, 4)):
    """Adds a few processors, and warpers if sampling, to `parameters`."""
    names = r.sample(list(PROCESSORS), r.randint(*few))
    if parameters.get("doSample"):
        names += r.sample(list(WARPERS), r.randint(*few_warpers))
    for name in names:
        if name in NEEDS_EOS and not parameters.get("eosTokenId"):
            continue
        parameters[name] = {**PROCESSORS, **WARPERS}[name](r, size)
    return parameters
