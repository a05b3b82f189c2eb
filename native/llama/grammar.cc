#include "llama/grammar.h"

#include <algorithm>
#include <stdexcept>

#include "llama/grammar_machine.h"
#include "llama/grammar_rules.h"
#include "llama/grammar_vocabulary.h"

namespace glossa {

namespace {

constexpr std::size_t kRecentGrammars = 4;

/// Drops the scores whose bits are not set, of at most 64.
void drop(std::span<float> scores, std::uint64_t permitted) {
  if (permitted == 0) {
    std::fill(scores.begin(), scores.end(), kDropped);
  } else if (permitted != UINT64_MAX) {
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scores[i] = ((permitted >> i) & 1) != 0 ? scores[i] : kDropped;
    }
  }
}

}  // namespace

/// The tokens that end one request's texts. They are laid over masks, which so serve every request.
class GrammarFactory::EndTokens {
 public:
  EndTokens(std::span<const std::int32_t> ids, const TokenSet& textTokens) : size_(textTokens.size()) {
    for (const std::int32_t id : ids) {
      const auto token = static_cast<std::size_t>(id);
      if (id < 0 || token >= size_) continue;
      Word& word = wordOf(token / 64);
      const std::uint64_t bit = std::uint64_t{1} << (token % 64);
      word.all |= bit;
      if (!textTokens.has(token)) word.controls |= bit;
    }
    std::sort(words_.begin(), words_.end(), [](const Word& a, const Word& b) { return a.index < b.index; });
  }

  bool has(std::size_t token) const { return (bitsOf(token, &Word::all) >> (token % 64) & 1) != 0; }
  /// Whether it ends texts and can be nothing else.
  bool isControl(std::size_t token) const {
    return (bitsOf(token, &Word::controls) >> (token % 64) & 1) != 0;
  }

  /// @param permitted what may come besides the end; null if nothing may
  void restrict(std::span<float> scores, const TokenSet* permitted, bool mayEnd) const {
    auto end = words_.begin();
    for (std::size_t index = 0; index * 64 < scores.size(); ++index) {
      std::uint64_t bits = permitted != nullptr && index * 64 < size_ ? permitted->words()[index] : 0;
      if (end != words_.end() && end->index == index) {
        bits = mayEnd ? bits | end->all : bits & ~end->controls;
        ++end;
      }
      drop(scores.subspan(index * 64, std::min<std::size_t>(64, scores.size() - index * 64)), bits);
    }
  }

 private:
  /// Some of the 64 tokens from 64 * index on.
  struct Word {
    std::size_t index = 0;
    std::uint64_t all = 0;
    std::uint64_t controls = 0;  ///< those without a text of their own
  };

  Word& wordOf(std::size_t index) {
    for (Word& word : words_) {
      if (word.index == index) return word;
    }
    return words_.emplace_back(Word{index, 0, 0});
  }

  std::uint64_t bitsOf(std::size_t token, std::uint64_t Word::* bits) const {
    for (const Word& word : words_) {
      if (word.index == token / 64) return word.*bits;
    }
    return 0;
  }

  std::size_t size_;
  std::vector<Word> words_;  ///< ascending
};

struct GrammarFactory::Shared {
  Shared(GrammarRules rules, std::shared_ptr<const GrammarVocabulary> tokens)
      : vocabulary(tokens), machine(std::move(rules), std::move(tokens)) {}

  const std::shared_ptr<const GrammarVocabulary> vocabulary;
  std::mutex mutex;
  GrammarMachine machine;
};

/// A row's place in a grammar.
class GrammarFactory::Constraint final : public RowConstraint {
 public:
  Constraint(std::shared_ptr<Shared> shared, std::shared_ptr<const EndTokens> ends)
      : shared_(std::move(shared)), ends_(std::move(ends)) {
    const std::lock_guard lock(shared_->mutex);
    position_ = shared_->machine.start();
    shared_->machine.keep(&position_);
  }
  Constraint(const Constraint& other) : shared_(other.shared_), ends_(other.ends_) {
    const std::lock_guard lock(shared_->mutex);
    position_ = other.position_;
    hasEnded_ = other.hasEnded_;
    shared_->machine.keep(&position_);
  }
  Constraint& operator=(const Constraint&) = delete;
  ~Constraint() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->machine.release(&position_);
  }

  std::unique_ptr<RowConstraint> clone() const override { return std::make_unique<Constraint>(*this); }

  void restrict(ScoreRow& row) const override {
    std::shared_ptr<const TokenSet> permitted;
    bool mayEnd = true;
    if (!hasEnded_) {
      const std::lock_guard lock(shared_->mutex);
      shared_->machine.tidy();
      permitted = shared_->machine.permitted(position_);
      mayEnd = shared_->machine.mayEnd(position_);
    }
    ends_->restrict(row.scores(), permitted.get(), mayEnd);
  }

  void accept(std::int32_t token) override {
    const std::lock_guard lock(shared_->mutex);
    const auto id = static_cast<std::size_t>(token);
    if (token >= 0 && id < shared_->vocabulary->size()) {
      // A text token that ends texts too ends this one, wherever that may be, though it would fit as text.
      if (ends_->has(id) && (hasEnded_ || shared_->machine.mayEnd(position_))) {
        hasEnded_ = true;
        return;
      }
      shared_->machine.tidy();
      if (!hasEnded_ && !ends_->isControl(id) && shared_->machine.accept(position_, token)) return;
    }
    throw std::logic_error("the grammar does not permit token " + std::to_string(token) + " here");
  }

  bool isComplete() const override {
    if (hasEnded_) return true;
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->machine.mayEnd(position_)) return false;
    shared_->machine.tidy();
    return !shared_->machine.mayContinue(position_, [this](std::size_t id) { return ends_->isControl(id); });
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<const EndTokens> ends_;
  bool hasEnded_ = false;
  GrammarPosition position_;  ///< under the mutex: tidying up, whoever has it done, renumbers it
};

GrammarFactory::GrammarFactory(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

std::shared_ptr<const GrammarVocabulary> GrammarFactory::vocabulary() {
  if (!vocabulary_) vocabulary_ = std::make_shared<const GrammarVocabulary>(model_);
  return vocabulary_;
}

std::shared_ptr<const RowConstraint> GrammarFactory::make(const std::string& gbnf,
                                                          std::span<const std::int32_t> eosTokenIds) {
  const std::lock_guard lock(mutex_);
  auto known =
      std::find_if(recent_.begin(), recent_.end(), [&](const auto& entry) { return entry.first == gbnf; });
  if (known == recent_.end()) {
    const auto lookup = [this](const std::string& text) {
      const auto tokens = model_->tokenize(text, false, true);
      return tokens.size() == 1 ? tokens[0] : -1;
    };
    auto rules = parseGrammar(gbnf, lookup, model_->vocabularySize());
    auto shared = std::make_shared<Shared>(std::move(rules), vocabulary());
    if (recent_.size() == kRecentGrammars) recent_.pop_back();
    known = recent_.insert(recent_.end(), {gbnf, std::move(shared)});
  }
  std::rotate(recent_.begin(), known, known + 1);
  const auto& shared = recent_.front().second;
  return std::make_shared<Constraint>(
      shared, std::make_shared<const EndTokens>(eosTokenIds, shared->vocabulary->textTokens()));
}

}  // namespace glossa
