#include "engine/request.h"

#include <algorithm>

namespace glossa {

Sequence::Sequence(Request& owner, std::int32_t indexInRequest, std::size_t vocabularySize)
    : request(owner),
      index(indexInRequest),
      history(owner.spec.prompt, vocabularySize, owner.spec.grammar ? owner.spec.grammar->clone() : nullptr),
      text(owner.spec.stopStrings),
      chooser(makeChooser(owner.spec.decoding, {static_cast<std::uint32_t>(indexInRequest),
                                                static_cast<std::uint32_t>(owner.spec.numReturnSequences)})) {
}

Request::Request(RequestSpec given, std::size_t vocabularySize)
    : spec(std::move(given)), processors(makeProcessors(spec.decoding)) {
  for (std::int32_t index = 0; index < spec.numReturnSequences; ++index) {
    sequences.push_back(std::make_unique<Sequence>(*this, index, vocabularySize));
  }
}

bool Request::isFinished() const {
  return std::all_of(sequences.begin(), sequences.end(),
                     [](const auto& sequence) { return sequence->state == SequenceState::finished; });
}

Sequence* Request::lead() const {
  const auto found = std::find_if(sequences.begin(), sequences.end(), [](const auto& sequence) {
    return sequence->state == SequenceState::prefilling && sequence->generated == 0;
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
