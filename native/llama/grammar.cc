#include "llama/grammar.h"

#include <algorithm>
#include <stdexcept>

#include "llama/grammar_machine.h"
#include "llama/grammar_rules.h"
#include "llama/grammar_vocabulary.h"

namespace glossa {

namespace {

constexpr std::size_t kRecentGrammars = 4;

void drop(std::span<float> scores, const TokenSet& permitted) {
  const auto& words = permitted.words();
  for (std::size_t word = 0; word * 64 < scores.size(); ++word) {
    const auto part = scores.subspan(word * 64, std::min<std::size_t>(64, scores.size() - word * 64));
    const std::uint64_t bits = word < words.size() ? words[word] : 0;
    if (bits == 0) {
      std::fill(part.begin(), part.end(), kDropped);
    } else if (bits != UINT64_MAX) {
      for (std::size_t i = 0; i < part.size(); ++i) part[i] = ((bits >> i) & 1) != 0 ? part[i] : kDropped;
    }
  }
}

}  // namespace

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
  explicit Constraint(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {
    const std::lock_guard lock(shared_->mutex);
    position_ = shared_->machine.start();
    shared_->machine.keep(&position_);
  }
  Constraint(const Constraint& other) : shared_(other.shared_) {
    const std::lock_guard lock(shared_->mutex);
    position_ = other.position_;
    shared_->machine.keep(&position_);
  }
  Constraint& operator=(const Constraint&) = delete;
  ~Constraint() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->machine.release(&position_);
  }

  std::unique_ptr<RowConstraint> clone() const override { return std::make_unique<Constraint>(*this); }

  void restrict(ScoreRow& row) const override { drop(row.scores(), *permitted()); }

  void accept(std::int32_t token) override {
    const std::lock_guard lock(shared_->mutex);
    const bool exists = token >= 0 && static_cast<std::size_t>(token) < shared_->vocabulary->size();
    if (exists && shared_->vocabulary->endTokens().has(static_cast<std::size_t>(token))) {
      if (shared_->machine.mayEnd(position_)) return;
    } else if (exists) {
      shared_->machine.tidy();
      if (shared_->machine.accept(position_, token)) return;
    }
    throw std::logic_error("the grammar does not permit token " + std::to_string(token) + " here");
  }

  bool isComplete() const override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->machine.mustEnd(position_);
  }

 private:
  std::shared_ptr<const TokenSet> permitted() const {
    const std::lock_guard lock(shared_->mutex);
    shared_->machine.tidy();
    return shared_->machine.permitted(position_);
  }

  std::shared_ptr<Shared> shared_;
  GrammarPosition position_;  ///< under the mutex: tidying up, whoever has it done, renumbers it
};

GrammarFactory::GrammarFactory(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

std::shared_ptr<const GrammarVocabulary> GrammarFactory::vocabulary() {
  if (!vocabulary_) vocabulary_ = std::make_shared<const GrammarVocabulary>(model_);
  return vocabulary_;
}

std::shared_ptr<const RowConstraint> GrammarFactory::make(const std::string& gbnf) {
  const std::lock_guard lock(mutex_);
  auto known =
      std::find_if(recent_.begin(), recent_.end(), [&](const auto& entry) { return entry.first == gbnf; });
  if (known == recent_.end()) {
    auto rules = parseGrammar(gbnf, [this](const std::string& text) {
      const auto tokens = model_->tokenize(text, false, true);
      return tokens.size() == 1 ? tokens[0] : -1;
    });
    auto shared = std::make_shared<Shared>(std::move(rules), vocabulary());
    if (recent_.size() == kRecentGrammars) recent_.pop_back();
    known = recent_.insert(recent_.end(), {gbnf, std::move(shared)});
  }
  std::rotate(recent_.begin(), known, known + 1);
  return std::make_shared<Constraint>(recent_.front().second);
}

}  // namespace glossa
