"""One row through the processors of a request, in the list that generate() builds of them."""

import numpy as np
import torch

from running import generate
from toy_model import ToyModel

_models = {}


class _Built(Exception):
    """Thrown once generate() has built its processors: nothing need be generated."""


class _ListOnly(ToyModel):
    def _get_logits_processor(self, *args, **kwargs):
        super()._get_logits_processor(*args, **kwargs)
        raise _Built


def processors_of(size, prompt, parameters):
    model = _models.setdefault(size, _ListOnly(np.zeros((size, 1), np.float32)))
    model.config.vocab_size = size
    given = {name: value for name, value in parameters.items() if name not in OPENAI}
    try:
        generate(model, [prompt], given)
    except _Built:
        return list(model.processors)
    raise AssertionError("generate() built no processors")


#: OpenAI's penalties are not transformers': what is generated loses `presence` once and `frequency` as often as it came
OPENAI = ("presencePenalty", "frequencyPenalty")
#: processors that come before them: Glossa's place is right behind the repetition penalty
BEFORE_OPENAI = ("SequenceBias", "EncoderRepetitionPenalty", "RepetitionPenalty")


class OpenAiPenalties:
    def __init__(self, presence, frequency, prompt_size):
        self.presence, self.frequency, self.prompt_size = presence, frequency, prompt_size

    def __call__(self, ids, scores):
        counts = torch.bincount(ids[0, self.prompt_size :], minlength=scores.shape[1]).float()
        return scores - self.frequency * counts - self.presence * (counts > 0)


def with_openai(processors, parameters, prompt_size):
    presence, frequency = (parameters.get(name, 0.0) for name in OPENAI)
    if presence == 0 and frequency == 0:
        return processors
    place = sum(type(processor).__name__.startswith(BEFORE_OPENAI) for processor in processors)
    return [*processors[:place], OpenAiPenalties(presence, frequency, prompt_size), *processors[place:]]


class Tied(Exception):
    """Which of equal entries survives is the sort's own affair, and torch's is not stable."""


def check_tie(processor, before, after):
    """Raises Tied if a warper kept one entry of a row and dropped its equal."""
    kept, dropped = before[after > -np.inf], before[(after == -np.inf) & (before > -np.inf)]
    if np.isin(kept, dropped).any():
        raise Tied
    if type(processor).__name__ == "MinPLogitsWarper" and dropped.size > 0:
        # It spares the likeliest few by probability, and of those whose probability rounds to 0 some or others.
        probabilities = np.sort(torch.softmax(torch.from_numpy(before), -1).numpy())[::-1]
        spared = processor.min_tokens_to_keep
        if spared < probabilities.size and probabilities[spared - 1] == probabilities[spared]:
            raise Tied


def processed_row(logits, history, prompt_size, parameters):
    """Scores of the next token after `history`, whose first `prompt_size` ids are the prompt.

    :raises Tied: if they hang on the order of equal entries
    """
    processors = processors_of(logits.size, history[:prompt_size], parameters)
    rows = parameters.get("numBeams", 1) * parameters.get("numReturnSequences", 1)
    ids = torch.tensor([history] * rows)
    scores = torch.from_numpy(logits)[None, :].repeat(rows, 1)
    if parameters.get("numBeams", 1) > 1:
        scores = torch.log_softmax(scores, -1)
    for processor in with_openai(processors, parameters, prompt_size):
        before, scores = scores, processor(ids, scores)
        if type(processor).__name__.endswith("Warper") and "Temperature" not in type(processor).__name__:
            check_tie(processor, before[0].numpy(), scores[0].numpy())
    return scores[0].numpy()
