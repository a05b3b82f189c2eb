"""Vectors 1 to 10: greedy decoding and the processors."""

import math

from vectors import PROMPT, Batch, Case, Table, chain, likeliest

INF = math.inf
#: positive, negative, zero and -inf for ids of the prompt and for others
SIGNS = [2.5, -1.5, 0.75, -INF, 0.0, -0.25, 3.0, -2.0, 1.25, -3.5, 0.5, -0.75]
EOS_FIRST = Table(seed=3, bias=(1,), amount=20.0)
ENDING = Table(seed=2, bias=(1, 5))
#: 2, 7, 4, 2, 7, 4 and so on
LOOP = Table(seed=3, rows=chain({2: 7, 7: 4, 4: 2}))


def greedy_cases():
    tied = Table(rows={4: [0, 1, 3, 0.5, -1, 3, 2, -2, 1.5, 0.25, 3, -3]})
    yield Case(1, "equal maxima: the lowest id", {"maxNewTokens": 1}, tied, rows=True, tie=True)
    yield Case(
        1, "nothing left: id 0", {"maxNewTokens": 2, "suppressTokens": list(range(12))}, rows=True, tie=True
    )
    for eos in (1, [1], [1, 5], [5, 1], []):
        for seed in (1, 2, 3, 4):
            table = Table(seed=seed, bias=(1, 5))
            yield Case(2, f"EOS {eos}, table {seed}", {"maxNewTokens": 9, "eosTokenId": eos}, table)
    for pad in (3, 0):
        for seed in (2, 4, 5):
            parameters = {"maxNewTokens": 8, "eosTokenId": [1]}
            prompts = (PROMPT, (0, 9), (6,))
            yield Batch(3, f"pad {pad}, table {seed}", parameters, prompts, pad, Table(seed=seed, bias=(1,)))


def penalty_cases():
    table = Table(seed=2, rows={4: SIGNS})
    for name in ("repetitionPenalty", "encoderRepetitionPenalty"):
        for value in (2.0, 0.5, 1.3):
            for prompt in (PROMPT, (4,), (9, 9, 3, 4), (0, 1, 2, 3, 5, 4), (3, 4, 4)):
                parameters = {"maxNewTokens": 3, name: value}
                yield Case(4, f"{name} {value} after {list(prompt)}", parameters, table, prompt, rows=True)
    for pad in (1, 3):
        parameters = {"maxNewTokens": 5, "eosTokenId": [1], "repetitionPenalty": 1.7}
        yield Batch(4, f"left pads {pad}", parameters, (PROMPT, (4,)), pad, Table(seed=5, bias=(1,)))


def ngram_cases():
    for name in ("noRepeatNgramSize", "encoderNoRepeatNgramSize"):
        for size in (1, 2, 3, 4):
            for prompt in ((4,), (7, 4), (2, 7, 4), (2, 7, 4, 2), (7, 4, 2, 7, 4), (4, 4, 4)):
                for table, kind in ((LOOP, "loop"), (Table(seed=6), "table 6")):
                    label = f"{name} {size} after {list(prompt)}, {kind}"
                    yield Case(5, label, {"maxNewTokens": 6, name: size}, table, prompt, rows=table is LOOP)
    ending = {"maxNewTokens": 8, "eosTokenId": [1], "noRepeatNgramSize": 2}
    yield Case(5, "EOS can be banned", ending, Table(rows=chain({4: 1})), (4, 1, 4), rows=True)


def word_cases():
    table = Table(seed=3)
    first = likeliest(table, 4)
    second = likeliest(table, first)
    lists = {
        "one id": [[first]],
        "the EOS alone is ignored": [[1]],
        "two ids": [[4, first]],
        "three ids": [[7, 4, first]],
        "the whole row and one more": [[2, 7, 4, first]],
        "longer than the row": [[9, 2, 7, 4, first]],
        "generated ids": [[first, second]],
        "prompt and generated": [[4, first, second]],
        "several": [[first], [7, 4, second], [4, second], [1]],
    }
    for label, words in lists.items():
        parameters = {"maxNewTokens": 4, "eosTokenId": [1], "badWordsIds": words}
        yield Case(6, label, parameters, table, rows=True)
    for label, words in (("one prompt id, two ids", [[4, first]]), ("one prompt id, one id", [[first]])):
        yield Case(6, label, {"maxNewTokens": 3, "badWordsIds": words}, table, (4,), rows=True)
    outside = {"maxNewTokens": 3, "badWordsIds": [[12]]}
    yield Case(6, "words outside the vocabulary", outside, table)
    empty = {"maxNewTokens": 3, "badWordsIds": [[]]}
    yield Case(6, "an empty word", empty, table, refused="transformers takes it and does nothing")


def length_cases():
    for length in (2, 3, 4, 5):
        yield Case(7, f"minLength {length}", ended(minLength=length), EOS_FIRST, rows=True)
    for new in (1, 2, 6, 7):
        yield Case(7, f"minNewTokens {new}", ended(minNewTokens=new), EOS_FIRST, rows=True)
    for length, new in ((8, 1), (4, 3)):
        both = ended(minLength=length, minNewTokens=new)
        yield Case(7, f"minLength {length}, minNewTokens {new}", both, EOS_FIRST, rows=True)
    yield Case(7, "no EOS", {"maxNewTokens": 3, "minNewTokens": 3, "minLength": 9}, EOS_FIRST, rows=True)


def ended(**parameters):
    return {"maxNewTokens": 6, "eosTokenId": [1], **parameters}


def forced_cases():
    table = Table(seed=4)
    for forced in ([1], [5], [1, 5]):
        for new in (1, 3):
            parameters = {"maxNewTokens": new, "eosTokenId": [1], "forcedEosTokenId": forced}
            yield Case(8, f"forced {forced} after {new}", parameters, table, rows=True)
    least = {"maxNewTokens": 3, "eosTokenId": [1], "forcedEosTokenId": [1], "minNewTokens": 3}
    yield Case(8, "forced in spite of minNewTokens", least, table, rows=True)
    words = {**least, "badWordsIds": [[5]], "forcedEosTokenId": [5]}
    yield Case(8, "forced in spite of bad words", words, table, rows=True)
    yield Case(8, "forced and suppressed", {**least, "suppressTokens": [1]}, table)
    some = {**least, "forcedEosTokenId": [1, 5], "suppressTokens": [1]}
    yield Case(8, "one of two forced suppressed", some, table, rows=True)
    for prompt in ((4,), (7, 4)):
        parameters = {"maxNewTokens": 3, "forcedBosTokenId": 6}
        yield Case(8, f"forced BOS after {len(prompt)}", parameters, table, prompt, rows=True)
        begin = {**parameters, "beginSuppressTokens": [6, likeliest(table, 6), likeliest(table, 4)]}
        yield Case(8, f"forced BOS after {len(prompt)}, others suppressed", begin, table, prompt, rows=True)
    yield Case(8, "forced BOS and suppressed", {**parameters, "suppressTokens": [6]}, table, (4,))


def decay_cases():
    for label, value in (("positive", 1.25), ("negative", -1.25), ("zero", 0.0)):
        rows = {token: [value if i == 1 else 3.0 + ((5 * i + token) % 12) / 8 for i in range(12)] for token in range(12)}
        for start, factor in ((2, 1.5), (0, 1.2), (3, 0.5)):
            parameters = ended(maxNewTokens=7, exponentialDecayLengthPenalty=[start, factor])
            yield Case(9, f"{label}, [{start}, {factor}]", parameters, Table(rows=rows), rows=True)
    banned = ended(exponentialDecayLengthPenalty=[1, 1.5], minNewTokens=4)
    yield Case(9, "EOS is banned meanwhile", banned, Table(seed=7, bias=(1,)), rows=True)


def order_cases():
    row = [0.5, -2.0, -1.0, 0.25, 0.75, -0.5, 0.0, -0.25, -1.5, -0.75, -1.25, 0.375]
    table = Table(seed=2, rows={4: row})
    for value in (3.0, -3.0):
        parameters = {"maxNewTokens": 3, "sequenceBias": [[[2], value]], "repetitionPenalty": 2.0}
        yield Case(10, f"bias {value} before the penalty", parameters, table, rows=True)
        longer = {**parameters, "sequenceBias": [[[2], value], [[7, 4, 2], 1.5], [[4, 2], 0.25], [[3, 2], 9.0]]}
        yield Case(10, f"bias {value} and of several ids", longer, table, rows=True)
    double = {"maxNewTokens": 1, "sequenceBias": [[[2], 3.0], [[2], 1.0]]}
    yield Case(10, "the same key twice: the last counts", double, table, rows=True)
    whole = {"maxNewTokens": 2, "sequenceBias": [[[2, 7, 4, 5], 4.0], [[0, 2, 7, 4, 5], 4.0], [[0], -1.0]]}
    yield Case(10, "bias of the whole row and one more", whole, table, rows=True)
    invalid = {"maxNewTokens": 2, "removeInvalidValues": True, "suppressTokens": [0], "badWordsIds": [[4, 11], [3]]}
    yield Case(10, "removeInvalidValues comes before suppressTokens", invalid, table, rows=True)
    normal = {"maxNewTokens": 2, "renormalizeLogits": True, "suppressTokens": [0]}
    yield Case(10, "renormalised in greedy search", normal, table, rows=True)
    unused = {"maxNewTokens": 3, "temperature": 0.5, "topK": 2, "topP": 0.3, "minP": 0.5, "typicalP": 0.3}
    yield Case(10, "warpers without sampling do nothing", unused, table, rows=True)


def cases():
    for group in (
        greedy_cases,
        penalty_cases,
        ngram_cases,
        word_cases,
        length_cases,
        forced_cases,
        decay_cases,
        order_cases,
    ):
        yield from group()
