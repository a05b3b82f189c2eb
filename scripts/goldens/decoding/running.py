"""Requests in Glossa's names, run by generate()."""

import os
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from transformers import logging  # noqa: E402

from toy_model import ToyModel  # noqa: E402

warnings.filterwarnings("ignore")
logging.set_verbosity_error()
torch.set_num_threads(1)

#: GenerationRequest's names in transformers, and the values that mean "not given" there
NAMES = {
    "maxNewTokens": "max_new_tokens",
    "minLength": "min_length",
    "minNewTokens": "min_new_tokens",
    "doSample": "do_sample",
    "numBeams": "num_beams",
    "earlyStopping": "early_stopping",
    "lengthPenalty": "length_penalty",
    "encoderRepetitionPenalty": "encoder_repetition_penalty",
    "repetitionPenalty": "repetition_penalty",
    "noRepeatNgramSize": "no_repeat_ngram_size",
    "encoderNoRepeatNgramSize": "encoder_no_repeat_ngram_size",
    "badWordsIds": "bad_words_ids",
    "forcedBosTokenId": "forced_bos_token_id",
    "forcedEosTokenId": "forced_eos_token_id",
    "removeInvalidValues": "remove_invalid_values",
    "exponentialDecayLengthPenalty": "exponential_decay_length_penalty",
    "suppressTokens": "suppress_tokens",
    "beginSuppressTokens": "begin_suppress_tokens",
    "temperature": "temperature",
    "topH": "top_h",
    "topK": "top_k",
    "topP": "top_p",
    "minP": "min_p",
    "typicalP": "typical_p",
    "epsilonCutoff": "epsilon_cutoff",
    "etaCutoff": "eta_cutoff",
    "renormalizeLogits": "renormalize_logits",
    "numReturnSequences": "num_return_sequences",
    "eosTokenId": "eos_token_id",
    "sequenceBias": "sequence_bias",
    "stopStrings": "stop_strings",
}
#: what the decoding goldens leave out of `parameters`; everything else has transformers' own default
DEFAULTS = {"topK": 0, "pad_token_id": 3}
#: transformers insists on floats and takes whole numbers for mistakes
FLOATS = {"temperature", "repetitionPenalty", "encoderRepetitionPenalty", "lengthPenalty", "topP", "typicalP"}


def keywords(parameters):
    """generate()'s arguments for parameters in Glossa's names."""
    given = {}
    for name, value in {**DEFAULTS, **parameters}.items():
        if name in ("generator", "seed"):
            continue
        if name in FLOATS:
            value = float(value)
        if name == "sequenceBias":
            value = {tuple(ids): float(bias) for ids, bias in value}
        if value == [] and name != "eosTokenId":
            value = None
        given[NAMES.get(name, name)] = value
    # An empty list and None differ in transformers only where no EOS id is meant.
    if not given.get("eos_token_id"):
        given["eos_token_id"] = None
    return given


def generate(model, prompts, parameters, attention_mask=None, **more):
    """One call of generate() after torch.manual_seed(parameters["seed"])."""
    ids = torch.tensor(prompts)
    mask = torch.ones_like(ids) if attention_mask is None else torch.tensor(attention_mask)
    model.lowest_candidate = model.smallest_gap = float("inf")
    torch.manual_seed(parameters.get("seed", 0))
    with torch.no_grad():
        return model.generate(
            ids,
            attention_mask=mask,
            return_dict_in_generate=True,
            output_scores=True,
            output_logits=True,
            use_cache=False,
            **keywords(parameters),
            **more,
        )


def cut(ids, eos):
    """A generated sequence up to its EOS."""
    for i, token in enumerate(ids):
        if token in eos:
            return ids[: i + 1]
    return ids


class Result:
    """What Glossa has to give for one prompt: sequences without padding, log-probabilities, scores of beams."""

    def __init__(self, sequences, logprobs, scores, processed):
        self.sequences = sequences
        self.logprobs = logprobs
        self.scores = scores
        self.processed = processed

    def key(self):
        return self.sequences


def results_of(output, parameters, width):
    """Of a call with one prompt of `width` ids."""
    rows = [row[width:] for row in output.sequences.tolist()]
    eos = parameters.get("eosTokenId", [])
    eos = [eos] if isinstance(eos, int) else eos
    if parameters.get("numBeams", 1) > 1:
        return beam_results(output, rows)
    sequences = [cut(row, eos) for row in rows]
    processed = [step.numpy() for step in output.scores]
    logprobs = [
        [
            torch.log_softmax(torch.from_numpy(processed[g][r]).double(), -1)[token].item()
            for g, token in enumerate(sequence)
        ]
        for r, sequence in enumerate(sequences)
    ]
    return Result(sequences, logprobs, None, processed)


def beam_results(output, rows):
    sequences, logprobs = [], []
    for row, parents in zip(rows, output.beam_indices.tolist()):
        length = sum(parent >= 0 for parent in parents)
        sequences.append(row[:length])
        logprobs.append(
            [output.scores[g][parents[g], token].item() for g, token in enumerate(row[:length])]
        )
    return Result(sequences, logprobs, output.sequences_scores.tolist(), None)


def run(table, prompt, parameters, **more):
    """One prompt on a table. Raises what generate() raises."""
    return run_on(ToyModel(table), prompt, parameters, **more)


def run_on(model, prompt, parameters, **more):
    return results_of(generate(model, [prompt], parameters, **more), parameters, len(prompt))


def digits(value, count=7):
    """As short as it is with so many digits; None where JSON has no number (-inf)."""
    if not np.isfinite(value):
        assert value == -np.inf, value
        return None
    short = float(f"{value:.{count}g}")
    return int(short) if short == int(short) and abs(short) < 1e15 else short
