#include "engine/request.h"

#include <algorithm>
#include <limits>
#include <span>

namespace glossa {

namespace {

std::unique_ptr<RowConstraint> initialConstraint(const RequestSpec& spec) {
  return spec.grammar ? spec.grammar->clone() : nullptr;
}

std::unique_ptr<TokenChooser> chooserFor(const Request& request, std::int32_t index) {
  if (request.beams) return nullptr;
  return makeChooser(request.spec.decoding, {static_cast<std::uint32_t>(index),
                                             static_cast<std::uint32_t>(request.spec.numReturnSequences)});
}

/// A continued text is one text to processors: its lengths count from where it began.
DecodingParameters parametersOfWholeText(const RequestSpec& spec) {
  DecodingParameters parameters = spec.decoding;
  if (parameters.numBeams > 1) return parameters;
  parameters.maxNewTokens += spec.continuedTokens;
  if (parameters.minNewTokens > 0) parameters.minNewTokens += spec.continuedTokens;
  return parameters;
}

/// The row that every sequence begins with.
TokenHistory firstRow(const RequestSpec& spec, std::size_t vocabularySize) {
  const std::int32_t continued = spec.decoding.numBeams > 1 ? 0 : spec.continuedTokens;
  const std::span<const std::int32_t> tokens(spec.prompt);
  const std::size_t border = tokens.size() - static_cast<std::size_t>(continued);
  TokenHistory row(tokens.first(border), vocabularySize, initialConstraint(spec));
  for (const std::int32_t token : tokens.subspan(border)) row.append(token);
  return row;
}

}  // namespace

Sequence::Sequence(Request& owner, std::int32_t indexInRequest, TokenHistory row, const TextStart& start)
    : request(owner),
      index(indexInRequest),
      history(std::move(row)),
      text(owner.stopStrings, start),
      tail(start.context, start.unfinished),
      chooser(chooserFor(owner, indexInRequest)) {}

std::int32_t Sequence::generated() const {
  return static_cast<std::int32_t>(history.size() - request.spec.prompt.size());
}

std::size_t Sequence::reusableTokens() const {
  return request.scoresPrompt() ? request.scoredTokens : history.size() - 1;
}

Request::Request(RequestSpec given, std::size_t vocabularySize, const TextStart& start)
    : spec(std::move(given)),
      processors(makeProcessors(parametersOfWholeText(spec))),
      stopStrings(spec.stopStrings),
      endedResults(static_cast<std::size_t>(spec.numReturnSequences), false) {
  if (spec.promptLogprobs)
    promptScores.push_back({spec.prompt.front(), std::numeric_limits<float>::quiet_NaN()});
  const bool searches = spec.decoding.numBeams > 1;
  if (searches) beams = std::make_unique<BeamSearch>(spec.decoding, vocabularySize);
  const TokenHistory row = firstRow(spec, vocabularySize);
  const std::int32_t rows = searches ? spec.decoding.numBeams : spec.numReturnSequences;
  for (std::int32_t index = 0; index < rows; ++index) {
    sequences.push_back(std::make_unique<Sequence>(*this, index, row, start));
  }
}

void Request::scorePrompt(std::span<const float> logits) {
  const auto top = static_cast<std::size_t>(*spec.promptLogprobs);
  if (scoredTokens == 0)
    promptScores.reserve(1 + (spec.prompt.size() - 1) * (1 + std::min(top, logits.size())));
  appendLogprobs(logits, spec.prompt[++scoredTokens], top, promptScores);
}

bool Request::isFinished() const {
  return std::all_of(sequences.begin(), sequences.end(),
                     [](const auto& sequence) { return sequence->state == SequenceState::finished; });
}

Sequence* Request::lead() const {
  const auto found = std::find_if(sequences.begin(), sequences.end(), [](const auto& sequence) {
    return sequence->state == SequenceState::prefilling && sequence->generated() == 0;
  });
  return found == sequences.end() ? nullptr : found->get();
}

Sequence* Request::follower() const {
  const auto found = std::find_if(sequences.begin(), sequences.end(), [](const auto& sequence) {
    return sequence->state == SequenceState::following;
  });
  return found == sequences.end() ? nullptr : found->get();
}

}  // namespace glossa
