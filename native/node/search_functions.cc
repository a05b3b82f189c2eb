#include "node/search_functions.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "decoding/beam_search.h"
#include "decoding/candidates.h"
#include "decoding/chooser.h"
#include "decoding/processor.h"
#include "decoding/torch_random.h"
#include "node/convert.h"

namespace glossa {

namespace {

/// Rows of logits that depend on the last token only, and how they are processed.
struct Table {
  explicit Table(const Napi::CallbackInfo& info)
      : logits(info[0].As<Napi::Float32Array>()),
        size(static_cast<std::size_t>(std::lround(std::sqrt(logits.ElementLength())))),
        parameters(decodingParametersOf(info[2].As<Napi::Object>(), size)),
        prompt(tokensOf(info[1], size)),
        processors(makeProcessors(parameters)) {
    if (size == 0 || size * size != logits.ElementLength() || prompt.empty())
      throw Napi::RangeError::New(info.Env(), "expected a square table and a prompt");
  }

  void loadRow(ScoreRow& row, const TokenHistory& history) const {
    row.assign({logits.Data() + static_cast<std::size_t>(history.back()) * size, size});
    if (parameters.numBeams > 1) row.normalize();
    for (const auto& processor : processors) processor->apply(row, history);
  }

  bool isEos(std::int32_t token) const {
    const auto& eos = parameters.eosTokenIds;
    return std::find(eos.begin(), eos.end(), token) != eos.end();
  }

  Napi::Float32Array logits;
  std::size_t size;
  DecodingParameters parameters;
  std::vector<std::int32_t> prompt;
  LogitsProcessorList processors;
};

void runSearch(BeamSearch& search, const Table& table, const std::vector<std::int32_t>& stopTokens,
               std::int32_t steps) {
  std::vector<TokenHistory> beams{TokenHistory(table.prompt, table.size)};
  ScoreRow row;
  while (!beams.empty()) {
    if (search.generated() >= steps) return search.stop(FinishReason::deadline);
    // Backwards: the order in which beams propose must not matter.
    for (std::int32_t beam = search.runningBeams() - 1; beam >= 0; --beam) {
      table.loadRow(row, beams[static_cast<std::size_t>(beam)]);
      search.propose(beam, row);
    }
    const auto moves = search.advance([&](std::int32_t, std::int32_t token) -> std::optional<FinishReason> {
      const bool stops = std::find(stopTokens.begin(), stopTokens.end(), token) != stopTokens.end();
      return stops ? std::optional(FinishReason::stop) : std::nullopt;
    });
    std::vector<TokenHistory> next;
    for (const BeamMove& move : moves) {
      next.push_back(beams[static_cast<std::size_t>(move.parent)]);
      next.back().append(move.token);
    }
    beams = std::move(next);
  }
}

}  // namespace

Napi::Value torchExponentials(const Napi::CallbackInfo& info) {
  TorchExponentials variates(static_cast<std::uint64_t>(info[0].As<Napi::Number>().Int64Value()));
  auto values = Napi::Float32Array::New(info.Env(), info[1].As<Napi::Number>().Uint32Value());
  for (std::size_t i = 0; i < values.ElementLength(); ++i)
    values[i] = TorchExponentials::variateOf(variates.nextUniform());
  return values;
}

Napi::Value sampleTable(const Napi::CallbackInfo& info) {
  const Table table(info);
  const auto sequences = info[3].As<Napi::Number>().Uint32Value();
  auto results = Napi::Array::New(info.Env(), sequences);
  ScoreRow row;
  for (std::uint32_t sequence = 0; sequence < sequences; ++sequence) {
    const auto chooser = makeChooser(table.parameters, {sequence, sequences});
    TokenHistory history(table.prompt, table.size);
    for (std::int32_t step = 0; step < table.parameters.maxNewTokens; ++step) {
      table.loadRow(row, history);
      const auto choice = chooser->choose(row, static_cast<std::uint64_t>(step));
      if (!choice) break;
      history.append(choice->token);
      if (table.isEos(choice->token)) break;
    }
    const auto generated = history.ids().subspan(history.promptSize());
    results.Set(sequence, toArray(info.Env(), {generated.begin(), generated.end()}));
  }
  return results;
}

Napi::Value searchTable(const Napi::CallbackInfo& info) {
  const Table table(info);
  const auto options = info[3].As<Napi::Object>();
  const auto stopTokens = tokensOf(options.Get("stopTokens"), table.size);
  BeamSearch search(table.parameters, table.size);
  runSearch(search, table, stopTokens, integerOf<std::int32_t>(options, "steps"));

  const auto hypotheses = search.takeHypotheses();
  auto results = Napi::Array::New(info.Env(), hypotheses.size());
  for (std::uint32_t i = 0; i < hypotheses.size(); ++i) {
    const Hypothesis& hypothesis = hypotheses[i];
    auto tokens = Napi::Array::New(info.Env(), hypothesis.tokens.size());
    auto logprobs = Napi::Array::New(info.Env(), hypothesis.tokens.size());
    for (std::uint32_t j = 0; j < hypothesis.tokens.size(); ++j) {
      tokens.Set(j, hypothesis.tokens[j].token);
      logprobs.Set(j, hypothesis.tokens[j].logprob);
    }
    auto result = Napi::Object::New(info.Env());
    result.Set("tokens", tokens);
    result.Set("logprobs", logprobs);
    result.Set("score", hypothesis.score);
    result.Set("reason", nameOf(hypothesis.reason));
    results.Set(i, result);
  }
  return results;
}

Napi::Value rankCandidates(const Napi::CallbackInfo& info) {
  const auto rows = info[0].As<Napi::Float32Array>();
  const auto beamScores = info[1].As<Napi::Float32Array>();
  const auto options = info[3].As<Napi::Object>();
  const std::size_t beams = beamScores.ElementLength();
  const std::size_t size = beams == 0 ? 0 : rows.ElementLength() / beams;
  const auto order = tokensOf(options.Get("order"), beams);
  const auto parameters = decodingParametersOf(info[2].As<Napi::Object>(), size);
  const auto processors = makeProcessors(parameters);
  const TokenHistory history;
  const auto source = makeCandidateSource(parameters, size);
  auto results = Napi::Array::New(info.Env(), integerOf<std::uint32_t>(options, "steps"));
  ScoreRow row;
  for (std::uint32_t step = 0; step < results.Length(); ++step) {
    source->begin(step);
    for (const std::int32_t beam : order) {
      row.assign({rows.Data() + static_cast<std::size_t>(beam) * size, size});
      for (const auto& processor : processors) processor->apply(row, history);
      source->propose({beam, beamScores[static_cast<std::size_t>(beam)]}, row);
    }
    std::vector<std::int32_t> indices;
    for (const Candidate& candidate : source->ranked())
      indices.push_back(candidate.beam * static_cast<std::int32_t>(size) + candidate.token);
    results.Set(step, toArray(info.Env(), indices));
  }
  return results;
}

}  // namespace glossa
