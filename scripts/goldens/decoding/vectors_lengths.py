"""Vectors 11 and 12: lengths and stop strings."""

from vectors import PROMPT, Case, Table, chain

LETTERS = tuple("abcdefghijkl")
#: ids 0 to 11; none is the text of another's end by accident
PIECES = ("a", "b", "ab", "xa", "by", "c", "bc", "abc", " ", "cab", "é", "d")


def length_cases():
    table = Table(seed=8)
    limits = {
        "maxLength is one more than the prompt": (1, {"max_length": 4}, None),
        "maxLength is the prompt's length": (1, {"max_length": 3}, None),
        "maxNewTokens wins over maxLength": (5, {"max_length": 4, "max_new_tokens": 5}, None),
        "neither": (20, {}, None),
        "neither, positions for 5 more": (5, {}, 8),
    }
    for label, (new, given, positions) in limits.items():
        given = {"max_new_tokens": None, **given}
        yield Case(
            11, label, {"maxNewTokens": new}, table, transformers=given, max_position_embeddings=positions
        )
    yield Case(11, "maxNewTokens 0", {"maxNewTokens": 0}, table)
    yield Case(11, "greedy search gives one sequence", {"maxNewTokens": 2, "numReturnSequences": 2}, table)


def stop_cases():
    def stop(label, steps, strings, pieces=PIECES, prompt=PROMPT, **parameters):
        given = {"maxNewTokens": 6, "stopStrings": strings, **parameters}
        return Case(12, label, given, Table(rows=chain(steps)), prompt, pieces=pieces)

    walk = {4: 5, 5: 0, 0: 1, 1: 10, 10: 11, 11: 8, 8: 4}
    for strings in (["a"], ["ab"], ["fab"], ["abk"], ["zz", "bk"], ["abkl"], ["hefa"], ["chef"], ["e"]):
        yield stop(f"letters, {strings}", walk, strings, LETTERS)
    yield stop("split over prompt and new", {0: 1, 1: 8, 8: 0}, ["ab"], prompt=(5, 0))
    yield stop("overhang on both sides", {3: 4, 4: 8, 8: 3}, ["ab"], prompt=(5, 3))
    yield stop("both overhangs are new", {5: 3, 3: 4, 4: 8, 8: 5}, ["ab"], prompt=(8, 5))
    yield stop("inside the prompt's last token: no stop", {7: 8, 8: 11, 11: 5, 5: 7}, ["b"], prompt=(8, 7))
    yield stop("inside one token", {8: 7, 7: 8}, ["b"], prompt=(5, 8))
    yield stop("begins in one token, ends at the next one's end", {9: 6, 6: 8, 8: 9}, ["abbc"], prompt=(8, 8))
    yield stop("two bytes", {0: 10, 10: 8, 8: 0}, ["é "], prompt=(5, 0))
    yield stop("the EOS is sooner", {0: 1, 1: 8, 8: 0}, ["b "], prompt=(5, 0), eosTokenId=[1])
    yield stop("EOS and stop string at once", {0: 1, 1: 8, 8: 0}, ["ab"], prompt=(5, 0), eosTokenId=[1])
    yield stop("nothing matches", {0: 11, 11: 5, 5: 0}, ["dd"], prompt=(5, 0))
    for seed in (1, 2, 3, 4, 5, 6):
        for strings in (["ab"], ["bc", "ca"], ["b", "abc"], [" ", "aba"]):
            parameters = {"maxNewTokens": 10, "stopStrings": strings, "eosTokenId": [11]}
            yield Case(12, f"table {seed}, {strings}", parameters, Table(seed=seed), pieces=PIECES)
    for seed in (1, 2, 3, 4):
        for beams in (2, 3):
            parameters = {
                "maxNewTokens": 6,
                "stopStrings": ["ab", "c", "d"],
                "eosTokenId": [1],
                "numBeams": beams,
                "numReturnSequences": beams,
                "earlyStopping": (False, True, "never", False)[seed - 1],
            }
            yield Case(29, f"stop strings, table {seed}, beams {beams}", parameters, Table(seed=seed), pieces=PIECES)


def cases():
    yield from length_cases()
    yield from stop_cases()
