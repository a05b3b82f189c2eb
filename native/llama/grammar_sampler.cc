#include "llama/grammar_sampler.h"

#include <stdexcept>
#include <utility>
#include <vector>

#include "llama/log.h"

namespace glossa {

namespace {

struct SamplerDeleter {
  void operator()(llama_sampler* sampler) const { api().llama_sampler_free(sampler); }
};
using SamplerPointer = std::unique_ptr<llama_sampler, SamplerDeleter>;

class SamplerConstraint final : public RowConstraint {
 public:
  SamplerConstraint(std::shared_ptr<const Model> model, SamplerPointer sampler)
      : model_(std::move(model)), sampler_(std::move(sampler)) {}

  std::unique_ptr<RowConstraint> clone() const override {
    return std::make_unique<SamplerConstraint>(model_,
                                               SamplerPointer(api().llama_sampler_clone(sampler_.get())));
  }

  void restrict(ScoreRow& row) const override {
    const std::vector<bool> permitted = apply();
    const auto scores = row.scores();
    for (std::size_t id = 0; id < scores.size(); ++id) {
      if (id >= permitted.size() || !permitted[id]) scores[id] = kDropped;
    }
  }

  void accept(std::int32_t token) override {
    // llama.cpp ends the process when a generation ends where it may not, and throws for other tokens.
    const std::vector<bool> permitted = apply();
    const bool exists = token >= 0 && static_cast<std::size_t>(token) < permitted.size();
    if (!exists || !permitted[static_cast<std::size_t>(token)]) {
      throw std::logic_error("the grammar does not permit token " + std::to_string(token) + " here");
    }
    api().llama_sampler_accept(sampler_.get(), token);
  }

  bool isComplete() const override {
    const std::vector<bool> permitted = apply();
    for (std::size_t id = 0; id < permitted.size(); ++id) {
      if (permitted[id] && !isEnd(static_cast<std::int32_t>(id))) return false;
    }
    return true;
  }

 private:
  bool isEnd(std::int32_t token) const {
    return api().llama_vocab_is_eog(api().llama_model_get_vocab(model_->handle()), token);
  }

  std::vector<bool> apply() const {
    std::vector<llama_token_data> tokens(model_->vocabularySize());
    for (std::size_t id = 0; id < tokens.size(); ++id) tokens[id] = {static_cast<llama_token>(id), 0, 0};
    llama_token_data_array array{tokens.data(), tokens.size(), -1, false};
    api().llama_sampler_apply(sampler_.get(), &array);
    std::vector<bool> permitted(tokens.size());
    for (std::size_t id = 0; id < tokens.size(); ++id) {
      // It would let control tokens write their names.
      const auto token = static_cast<std::int32_t>(id);
      permitted[id] = tokens[id].logit != kDropped && (isEnd(token) || !model_->piece(token).empty());
    }
    return permitted;
  }

  std::shared_ptr<const Model> model_;
  SamplerPointer sampler_;
};

}  // namespace

std::unique_ptr<RowConstraint> makeSamplerConstraint(const std::shared_ptr<const Model>& model,
                                                     const std::string& gbnf) {
  clearLog();
  SamplerPointer sampler(
      api().llama_sampler_init_grammar(api().llama_model_get_vocab(model->handle()), gbnf.c_str(), "root"));
  if (!sampler) throw std::runtime_error(recentLog());
  return std::make_unique<SamplerConstraint>(model, std::move(sampler));
}

}  // namespace glossa
