"""The toy-table vectors of the decoding specification, run through transformers, into vectors.json."""

import json
import sys
from collections import Counter
from itertools import chain

import torch
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

import vectors_beams
import vectors_lengths
import vectors_processors
import vectors_sampling
from make_sweep import FOLDER, PERTURBATION
from running import digits, generate, results_of
from tables import perturbed
from toy_model import ToyModel
from vectors import Batch

#: StopStringCriteria measures tokens behind this text
STATIC_PREFIX = "abcdef"


def tokenizer_of(pieces):
    vocabulary = {piece: token for token, piece in enumerate((*pieces, STATIC_PREFIX))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=STATIC_PREFIX))
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def outcome(case, table):
    """Raises ValueError where transformers refuses."""
    model = ToyModel(table, case.max_position_embeddings)
    more = {"tokenizer": tokenizer_of(case.pieces)} if case.pieces else {}
    parameters = {**case.parameters, **case.transformers}
    if case.transformers:
        parameters.pop("maxNewTokens")
    output = generate(model, [list(case.prompt)], parameters, **more)
    return results_of(output, case.parameters, len(case.prompt)), model


def asked(case):
    result = {"vector": case.vector, "name": case.name, "table": case.table.stored()}
    return result | {"prompt": list(case.prompt), "parameters": case.parameters}


def expected(case, result):
    golden = {"sequences": result.sequences}
    finite = case.vector != 1 or "nothing" not in case.name
    if finite:
        golden["logprobs"] = [[digits(value) for value in row] for row in result.logprobs]
    if result.scores is not None:
        golden["scores"] = [digits(score) for score in result.scores]
    if case.rows:
        steps = result.processed[: len(result.sequences[0])]
        golden["processed"] = [[digits(value) for value in step[0].astype(float)] for step in steps]
    return golden


def golden_of(case):
    golden = asked(case)
    for name in ("pieces", "transformers", "refused"):
        if getattr(case, name):
            golden[name] = getattr(case, name)
    if case.count_only:
        golden["countOnly"] = True
    table = case.table.values()
    try:
        result, model = outcome(case, table)
    except (ValueError, TypeError) as error:
        return golden | {"error": type(error).__name__}
    shaken, _ = outcome(case, perturbed(table, PERTURBATION))
    if not case.tie and shaken.key() != result.key() or model.is_undefined():
        return None
    if case.max_position_embeddings or "max_length" in case.transformers or case.transformers:
        assert len(result.sequences[0]) == case.parameters["maxNewTokens"]
    return golden | expected(case, result)


def batch_of(case):
    """All rows as transformers gives them, padding included."""
    width = max(map(len, case.prompts))
    padded = [[case.pad] * (width - len(prompt)) + list(prompt) for prompt in case.prompts]
    mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in case.prompts]
    parameters = {**case.parameters, "pad_token_id": case.pad}

    undefined = []

    def rows(table):
        model = ToyModel(table)
        output = generate(model, padded, parameters, mask)
        undefined.append(model.is_undefined())
        scores = getattr(output, "sequences_scores", None)
        return [row[width:] for row in output.sequences.tolist()], scores

    table = case.table.values()
    sequences, scores = rows(table)
    if rows(perturbed(table, PERTURBATION))[0] != sequences or undefined[0]:
        return None
    golden = {"vector": case.vector, "name": case.name, "table": case.table.stored(), "pad": case.pad}
    golden |= {"prompts": case.prompts, "parameters": case.parameters, "rows": sequences}
    return golden | ({} if scores is None else {"scores": [digits(score) for score in scores.tolist()]})


def draws():
    """What torch.multinomial itself draws, for vector 17."""
    probabilities = torch.tensor([0.5, 0.25, 0.125, 0.125])
    torch.manual_seed(0)
    one_by_one = [torch.multinomial(probabilities, 1).item() for _ in range(12)]
    torch.manual_seed(0)
    together = torch.multinomial(probabilities, 4).tolist()
    exponentials = [[seed, *exponentials_of(seed)] for seed in DRAW_SEEDS]
    return {"oneByOne": one_by_one, "withoutReplacement": together, "exponentials": exponentials}


#: the generator takes the lower 32 bits
DRAW_SEEDS = (0, 1, 42, 2**31 - 1, 2**32 - 1, 2**32 + 5, 2**53 - 1)
#: numbers of Exp(1) that are drawn, of which the first and the last four are stored
EXPONENTIALS = 5000


def exponentials_of(seed):
    torch.manual_seed(seed)
    values = [digits(value) for value in torch.empty(EXPONENTIALS).exponential_().tolist()]
    return values[:4], values[-4:]


def lines(items):
    return ",\n".join(json.dumps(item, separators=(",", ":"), ensure_ascii=False) for item in items)


def main():
    modules = (vectors_processors, vectors_lengths, vectors_sampling, vectors_beams)
    kept, dropped = Counter(), Counter()
    cases, batches = [], []
    for case in chain.from_iterable(module.cases() for module in modules):
        golden = batch_of(case) if isinstance(case, Batch) else golden_of(case)
        if golden is None:
            dropped[case.vector] += 1
            continue
        kept[case.vector] += 1
        (batches if isinstance(case, Batch) else cases).append(golden)
    text = f'{{"draws":{json.dumps(draws())},\n"cases":[\n{lines(cases)}],\n"batches":[\n{lines(batches)}]}}\n'
    (FOLDER / "vectors.json").write_text(text)
    for vector in sorted(kept | dropped):
        errors = [case["name"] for case in cases if case["vector"] == vector and "error" in case]
        print(f"{vector:2} {kept[vector]:4} kept {dropped[vector]:3} dropped  refused: {errors or '-'}")
    print(f"{len(cases)} cases, {len(batches)} batches")


if __name__ == "__main__":
    sys.exit(main())
