// llama.cpp's own grammar sampler as a constraint: what ours is measured against. For tests only, which reach
// it through createGrammar of native/node/grammar_functions.h; no request ever does.
#pragma once

#include <memory>
#include <string>

#include "decoding/row_constraint.h"
#include "llama/model.h"

namespace glossa {

/// A constraint that has llama.cpp visit every token at every step. It takes milliseconds for any vocabulary
/// and, with an ambiguous grammar, any time at all: not for requests. Any thread, one at a time.
/// @param gbnf no worse than GrammarFactory::make accepts; llama.cpp does not survive them all
/// @throws std::runtime_error if llama.cpp refuses the grammar
std::unique_ptr<RowConstraint> makeSamplerConstraint(const std::shared_ptr<const Model>& model,
                                                     const std::string& gbnf);

}  // namespace glossa
