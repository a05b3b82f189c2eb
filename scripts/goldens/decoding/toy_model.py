"""A bigram language model that is a real Hugging Face model: generate() runs on it as on any other."""

import numpy as np
import torch
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

#: totals below are of continuations that do not exist: -1e9 or -inf
FILLER = -1e8
#: totals no further apart count as equal
CLOSE = 1e-5


class ToyConfig(PretrainedConfig):
    model_type = "glossa-toy"

    def __init__(self, vocab_size=12, **kwargs):
        super().__init__(**kwargs)
        self.vocab_size = vocab_size


class ToyModel(PreTrainedModel, GenerationMixin):
    """logits = table[last id]. It also notes what generate() made on the way and does not give back."""

    config_class = ToyConfig

    def __init__(self, table, max_position_embeddings=None):
        config = ToyConfig(vocab_size=table.shape[0])
        if max_position_embeddings is not None:
            config.max_position_embeddings = max_position_embeddings
        super().__init__(config)
        self.rows = torch.nn.Embedding.from_pretrained(torch.from_numpy(np.ascontiguousarray(table)))
        #: the processors of the last generate()
        self.processors = None
        #: lowest total that ranked among the first num_beams candidates in any step of the last generate()
        self.lowest_candidate = float("inf")
        #: least distance between two totals that were candidates in the same step of the last generate()
        self.smallest_gap = float("inf")
        self.eval()

    def forward(self, input_ids=None, attention_mask=None, position_ids=None, **kwargs):
        return CausalLMOutput(logits=self.rows(input_ids))

    def _get_logits_processor(self, *args, **kwargs):
        self.processors = super()._get_logits_processor(*args, **kwargs)
        return self.processors

    def _get_top_k_continuations(self, *args, **kwargs):
        result = super()._get_top_k_continuations(*args, **kwargs)
        lowest = result[0][:, : kwargs["num_beams"]].min().item()
        self.lowest_candidate = min(self.lowest_candidate, lowest)
        # One more than there are candidates: the best that is left out must not be as good as one of them.
        more = min(result[0].shape[1] + 1, kwargs["accumulated_log_probs"].shape[1])
        totals = result[0] if kwargs["do_sample"] else kwargs["accumulated_log_probs"].topk(more)[0]
        for row in totals.sort(descending=True)[0].tolist():
            self._note_gaps([total for total in row if total > FILLER])
        return result

    def _note_gaps(self, totals):
        for better, worse in zip(totals, totals[1:]):
            self.smallest_gap = min(self.smallest_gap, better - worse)

    def is_undefined(self):
        """Whether the last beam search hung on what transformers leaves open: fillers for continuations that do not
        exist, or the order of equal totals. Equal ones abound on a bigram table, where all paths over the same
        pairs of ids have the same total, and no perturbation parts them."""
        return self.lowest_candidate < FILLER or self.smallest_gap < CLOSE
