#include "engine/request.h"

#include <algorithm>

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

}  // namespace

Sequence::Sequence(Request& owner, std::int32_t indexInRequest, TokenHistory row, const std::string& context)
    : request(owner),
      index(indexInRequest),
      history(std::move(row)),
      text(owner.stopStrings, context),
      tail(context),
      chooser(chooserFor(owner, indexInRequest)) {}

Request::Request(RequestSpec given, std::size_t vocabularySize, const std::string& context)
    : spec(std::move(given)),
      processors(makeProcessors(spec.decoding)),
      stopStrings(spec.stopStrings),
      endedResults(static_cast<std::size_t>(spec.numReturnSequences), false) {
  const bool searches = spec.decoding.numBeams > 1;
  if (searches) beams = std::make_unique<BeamSearch>(spec.decoding, vocabularySize);
  const TokenHistory row(spec.prompt, vocabularySize, initialConstraint(spec));
  const std::int32_t rows = searches ? spec.decoding.numBeams : spec.numReturnSequences;
  for (std::int32_t index = 0; index < rows; ++index) {
    sequences.push_back(std::make_unique<Sequence>(*this, index, row, context));
  }
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
