"""Requests to the shipped models, in the form of `src/generation/request.ts`: loops over parameters.

Nothing is chosen by its outcome. `ids` gives the token ids of a piece of text in the model's vocabulary,
so that both models get the same requests.
"""

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

Request = dict[str, Any]
Ids = Callable[[str], list[int]]

PROMPTS = [
    "Once upon a time there was a little dog",
    "The capital of France is",
    "In the morning the farmer went to the market and",
    "My dear friend,\nI am writing to tell you",
    '"Where is the silver key?" asked the old woman.',
    "The cat sat on the wall. The dog sat on the wall. The cat sat",
    "There was a king who lived in a castle near the sea. Every day he walked along the shore and "
    "looked for shells. One day he found a small green bottle. In the bottle there was a letter. The king "
    "opened it and read:",
    "A bee is",
    "Today it rained. We stayed at home and played a game. Then",
    "Café, naïve – 2 + 3 =",
]
LENGTHS = [20, 24, 32, 40]


def greedy_options(ids: Ids, eos: int) -> Iterator[Request]:
    stop, comma = ids(".")[-1], ids(",")[-1]
    ends = {"eosTokenId": [eos, stop]}
    the, and_, was = ids(" the")[-1], ids(" and")[-1], ids(" was")[-1]
    for _ in PROMPTS:
        yield {}
    for penalty in (1.2, 1.7, 0.8):
        yield {"repetitionPenalty": penalty}
    for penalty in (0.6, 1.4):
        yield {"encoderRepetitionPenalty": penalty}
    for size in (1, 2, 3):
        yield {"noRepeatNgramSize": size}
    for size in (1, 2, 3):
        yield {"encoderNoRepeatNgramSize": size}
    yield {"sequenceBias": [[[the], -4.5], [[and_], 2.25]]}
    yield {"sequenceBias": [[ids(" the dog")[-2:], 6.0], [[the], 1.5], [ids(" it was")[-2:], -7.5]]}
    yield {"badWordsIds": [[the], [was], [comma]]}
    yield {"badWordsIds": [ids(" in a")[-2:], ids(" of the")[-2:], [eos]], **ends}
    yield {"minLength": 20, **ends}
    yield {"minNewTokens": 14, **ends}
    yield {"minNewTokens": 6, "minLength": 23, "eosTokenId": [stop, comma, eos]}
    yield {"forcedEosTokenId": [eos]}
    yield {"forcedEosTokenId": [eos, stop], "eosTokenId": [eos, stop]}
    yield {"exponentialDecayLengthPenalty": [4, 1.15], **ends}
    yield {"exponentialDecayLengthPenalty": [0, 1.4], "eosTokenId": [eos]}
    yield {"suppressTokens": [the, stop, and_]}
    yield {"beginSuppressTokens": list(range(200, 1100))}
    yield {"removeInvalidValues": True, "renormalizeLogits": True}
    yield {"eosTokenId": [stop, comma]}
    yield {"eosTokenId": []}
    yield {"stopStrings": [". The", "nd th"]}
    yield {"stopStrings": ["e"]}
    yield {"stopStrings": ["ed", "ing "], "repetitionPenalty": 1.3}
    yield {
        "sequenceBias": [[[the], -2.5], [ids(" was a")[-2:], 3.0]],
        "encoderRepetitionPenalty": 1.2,
        "repetitionPenalty": 1.3,
        "noRepeatNgramSize": 3,
        "encoderNoRepeatNgramSize": 3,
        "badWordsIds": [[comma]],
        "minNewTokens": 8,
        "exponentialDecayLengthPenalty": [10, 1.1],
        "suppressTokens": [was],
        "beginSuppressTokens": [and_],
        "renormalizeLogits": True,
        **ends,
    }


def warpers() -> Iterator[Request]:
    yield {}
    yield {"topK": 0}
    for temperature in (0.3, 0.8, 1.6):
        yield {"temperature": temperature, "topK": 0}
    for k in (1, 5, 200):
        yield {"topK": k}
    for p in (0.3, 0.9, 0.98):
        yield {"topP": p, "topK": 0}
    for p in (0.02, 0.2):
        yield {"minP": p, "topK": 0}
    for p in (0.2, 0.9):
        yield {"typicalP": p, "topK": 0}
    for cutoff in (0.0006, 0.02):
        yield {"epsilonCutoff": cutoff, "topK": 0}
    for cutoff in (0.002, 0.05):
        yield {"etaCutoff": cutoff, "topK": 0}
    for h in (0.3, 0.8):
        yield {"topH": h, "topK": 0}
    yield {"temperature": 1.3, "topK": 40, "topP": 0.95, "minP": 0.01}
    yield {"temperature": 0.7, "topP": 0.9, "typicalP": 0.95, "renormalizeLogits": True}
    yield {"temperature": 2.0, "topK": 100, "epsilonCutoff": 0.001, "etaCutoff": 0.002}
    yield {"temperature": 1.4, "topH": 0.9, "topK": 80, "minP": 0.005}


def sampling_options(ids: Ids, eos: int) -> Iterator[Request]:
    stop, comma, the = ids(".")[-1], ids(",")[-1], ids(" the")[-1]
    for warper in warpers():
        yield warper
    shared = [
        {"repetitionPenalty": 1.25},
        {"noRepeatNgramSize": 2, "temperature": 1.5},
        {"eosTokenId": [eos, stop]},
        {"eosTokenId": [stop, comma, eos], "minNewTokens": 5},
        {"stopStrings": ["the", "s "], "topK": 0},
        {"badWordsIds": [[the], ids(" in a")[-2:]], "temperature": 1.2},
        {"sequenceBias": [[[the], 2.0]], "topP": 0.8},
        {"forcedEosTokenId": [eos]},
        {"exponentialDecayLengthPenalty": [3, 1.2], "eosTokenId": [eos, stop]},
    ]
    for number, options in enumerate(shared):
        yield {**options, "numReturnSequences": 3 if number % 2 == 0 else 1}
    for temperature in (0.6, 1.0, 1.8):
        yield {"numReturnSequences": 3, "temperature": temperature}
    yield {"numReturnSequences": 3, "topK": 0, "eosTokenId": [eos, stop, comma]}


def beam_options(ids: Ids, eos: int) -> Iterator[Request]:
    stop, comma, the = ids(".")[-1], ids(",")[-1], ids(" the")[-1]
    for _ in PROMPTS:
        yield {"numBeams": 4, "numReturnSequences": 2}
    ends = [{"eosTokenId": [eos, stop]}, {"eosTokenId": [stop, comma, eos]}, {}, {"eosTokenId": [stop]}]
    sizes = cycle([2, 3, 4, 5, 8, 10, 16])
    end = cycle(ends)
    for early in (False, True, "never"):
        for penalty in (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0):
            beams = next(sizes)
            yield {"numBeams": beams, "earlyStopping": early, "lengthPenalty": penalty, **next(end)} | (
                {"numReturnSequences": beams} if penalty != 1.0 else {}
            )
        next(end)
    for beams in (2, 3, 4, 5, 6, 7, 9, 11, 12, 13, 14, 15, 16):
        yield {"numBeams": beams, "numReturnSequences": (beams + 1) // 2, **next(end)}
    early_kinds = cycle([False, True, "never"])
    several = {"eosTokenId": [eos, stop]}
    processors = [
        {"repetitionPenalty": 1.2},
        {"repetitionPenalty": 0.85},
        {"encoderRepetitionPenalty": 1.3, **several},
        {"noRepeatNgramSize": 2},
        {"noRepeatNgramSize": 3, **several},
        {"encoderNoRepeatNgramSize": 2},
        {"sequenceBias": [[[the], -3.0], [ids(" it was")[-2:], 2.5]]},
        {"badWordsIds": [[the], ids(" in a")[-2:]]},
        {"minLength": 20, **several},
        {"minNewTokens": 12, **several},
        {"forcedEosTokenId": [eos]},
        {"exponentialDecayLengthPenalty": [5, 1.1], **several},
        {"suppressTokens": [comma]},
        {"beginSuppressTokens": list(range(300, 700))},
        {"renormalizeLogits": True, "suppressTokens": [the], **several},
        {"stopStrings": ["the", ". "]},
        {"stopStrings": ["ed "], **several, "lengthPenalty": -0.5},
        {"eosTokenId": []},
    ]
    for number, options in enumerate(processors):
        beams = 2 + number % 5
        yield {
            "numBeams": beams,
            "numReturnSequences": beams if number % 2 == 0 else 1,
            "earlyStopping": next(early_kinds),
            **options,
        }


def beam_sampling_options(ids: Ids, eos: int) -> Iterator[Request]:
    stop, comma = ids(".")[-1], ids(",")[-1]
    ends = cycle([{"eosTokenId": [eos, stop]}, {}, {"eosTokenId": [stop, comma]}])
    early = cycle([False, True, "never"])
    for beams in (2, 3, 4, 5, 8):
        for temperature in (0.7, 1.0, 1.5):
            yield {
                "numBeams": beams,
                "numReturnSequences": beams,
                "temperature": temperature,
                "earlyStopping": next(early),
                "topK": 0,
                **next(ends),
            }
        next(ends)
    yield {"numBeams": 4, "topK": 0, "repetitionPenalty": 1.2, "lengthPenalty": 2.0, **next(ends)}
    yield {"numBeams": 3, "topK": 0, "noRepeatNgramSize": 2, "minNewTokens": 10, **next(ends)}
    yield {"numBeams": 3, "topK": 60, "temperature": 0.9, "lengthPenalty": 0.0, **next(ends)}


def all_requests(ids: Ids, encode: Ids, eos: int) -> list[Request]:
    """Every case of one model. Prompts and lengths go round; a seed is the case's number.

    Every fifth prompt is given as ids, those that `encode` makes of the text.
    """
    modes: list[tuple[Request, Iterator[Request]]] = [
        ({}, greedy_options(ids, eos)),
        ({"doSample": True}, sampling_options(ids, eos)),
        ({}, beam_options(ids, eos)),
        ({"doSample": True}, beam_sampling_options(ids, eos)),
    ]
    requests: list[Request] = []
    for mode, options in modes:
        for own in options:
            number = len(requests)
            text = PROMPTS[(number + number // len(PROMPTS)) % len(PROMPTS)]
            request = {
                "prompt": encode(text) if number % 5 == 4 else text,
                "maxNewTokens": LENGTHS[number // 3 % len(LENGTHS)],
                **mode,
                **own,
            }
            if "doSample" in mode:
                request |= {"generator": "torch", "seed": number}
            requests.append(request)
    requests.append({"prompt": [ids(" dog")[-1]], "maxNewTokens": 20, "forcedBosTokenId": ids(" was")[-1]})
    requests.append({"prompt": encode(PROMPTS[5]) * 3, "maxNewTokens": 20, "noRepeatNgramSize": 4})
    return requests
