// Beam sampling: candidates drawn without replacement from the softmax over all running beams' totals.
#pragma once

#include <memory>

#include "decoding/candidates.h"

namespace glossa {

/// Draws `count` candidates a step; their rank is the order in which they were drawn.
std::unique_ptr<CandidateSource> makeCandidateDraws(const DecodingParameters& parameters, std::size_t count,
                                                    std::size_t vocabularySize);

}  // namespace glossa
