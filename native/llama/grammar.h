// Grammars (GBNF) that generated text obeys.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "decoding/row_constraint.h"
#include "llama/model.h"

namespace glossa {

class GrammarMachine;
class GrammarVocabulary;

/// Makes constraints on one model's tokens. May be used from any thread, and so may the constraints; rows of
/// one grammar share what is found out about it.
///
/// Masks are those of llama.cpp's grammar sampler (tests compare them) without the tokens that make a text
/// ill-formed UTF-8, but are not computed by it: its apply looks at every token at every step, and tries
/// every way to read a token in an ambiguous grammar, of which there are exponentially many.
class GrammarFactory {
 public:
  explicit GrammarFactory(std::shared_ptr<const Model> model);

  /// @param gbnf within the limits of src/generation/grammar.ts; others may be refused, but do no harm
  /// @param eosTokenIds what ends a text where the grammar lets it end; with none nothing marks the end. One
  ///        with a text of its own may also come as text. The model's own end tokens mean nothing here.
  /// @throws std::runtime_error with one line that says what is wrong with the grammar
  std::shared_ptr<const RowConstraint> make(const std::string& gbnf,
                                            std::span<const std::int32_t> eosTokenIds);

 private:
  struct Shared;
  class EndTokens;
  class Constraint;

  std::shared_ptr<const GrammarVocabulary> vocabulary();

  const std::shared_ptr<const Model> model_;
  std::mutex mutex_;
  std::shared_ptr<const GrammarVocabulary> vocabulary_;
  /// The grammars last used, newest first: clients repeat theirs.
  std::vector<std::pair<std::string, std::shared_ptr<Shared>>> recent_;
};

}  // namespace glossa
