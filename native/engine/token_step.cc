#include "engine/token_step.h"

#include <algorithm>

namespace glossa {

namespace {

std::optional<FinishReason> finishReason(const Sequence& sequence, std::int32_t token) {
  const DecodingParameters& decoding = sequence.request.spec.decoding;
  const auto& eos = decoding.eosTokenIds;
  if (std::find(eos.begin(), eos.end(), token) != eos.end()) return FinishReason::eos;
  if (sequence.text.stopped()) return FinishReason::stop;
  const RowConstraint* grammar = sequence.history.constraint();
  if (grammar != nullptr && grammar->isComplete()) return FinishReason::stop;
  if (sequence.generated() >= decoding.maxNewTokens) return FinishReason::length;
  return std::nullopt;
}

}  // namespace

void TokenStep::process(const Sequence& sequence) {
  for (const auto& processor : sequence.request.processors) processor->apply(row_, sequence.history);
}

std::optional<TokenOutcome> TokenStep::run(Sequence& sequence, std::span<const float> logits) {
  row_.assign(logits);
  process(sequence);
  const RowConstraint* grammar = sequence.history.constraint();
  if (grammar != nullptr) {
    // An empty text was all that the grammar allowed.
    if (grammar->isComplete()) return TokenOutcome{{}, {}, {}, FinishReason::stop};
    // Greedy decoding would take id 0 of a row in which nothing is left, which the grammar does not permit.
    if (row_.isEmpty()) return std::nullopt;
  }
  const auto choice = sequence.chooser->choose(row_, sequence.history.generated());
  if (!choice) return std::nullopt;
  sequence.history.append(choice->token);
  std::string text = sequence.text.push(source_.piece(choice->token));
  std::vector<TokenLogprob> logprobs;
  if (const auto top = sequence.request.spec.logprobs)
    appendLogprobs(logits, choice->token, static_cast<std::size_t>(*top), logprobs);
  return TokenOutcome{choice, std::move(text), std::move(logprobs), finishReason(sequence, choice->token)};
}

void TokenStep::propose(Sequence& beam, std::span<const float> logits) {
  row_.assign(logits);
  row_.normalize();
  process(beam);
  beam.request.beams->propose(beam.index, row_);
  beam.hasProposed = true;
}

}  // namespace glossa
