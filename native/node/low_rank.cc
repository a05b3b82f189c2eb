#include "node/low_rank.h"

#include <array>
#include <memory>

#include "conversion/low_rank.h"
#include "node/async.h"
#include "node/convert.h"

namespace glossa {

namespace {

/// Keeps arrays from being collected while a thread works on their memory; released on the JavaScript thread.
using KeptArrays = std::array<Napi::Reference<Napi::Float32Array>, 3>;

bool hasSize(const Napi::Float32Array& array, std::size_t rows, std::size_t columns) {
  // By division: the product of what JavaScript says may overflow.
  if (columns == 0) return rows == 0 && array.ElementLength() == 0;
  return array.ElementLength() % columns == 0 && array.ElementLength() / columns == rows;
}

}  // namespace

Napi::Value addLowRank(const Napi::CallbackInfo& info) {
  auto weight = info[0].As<Napi::Float32Array>();
  auto b = info[1].As<Napi::Float32Array>();
  auto a = info[2].As<Napi::Float32Array>();
  const auto options = info[3].As<Napi::Object>();
  LowRankUpdate update;
  update.rows = integerOf<std::size_t>(options, "rows");
  update.columns = integerOf<std::size_t>(options, "columns");
  update.rank = integerOf<std::size_t>(options, "rank");
  update.scale = static_cast<float>(numberOf(options, "scale"));
  update.transposed = booleanOf(options, "transposed");
  if (!hasSize(weight, update.rows, update.columns) || !hasSize(b, update.rows, update.rank) ||
      !hasSize(a, update.rank, update.columns)) {
    throw Napi::RangeError::New(info.Env(), "expected matrices of rows, columns and rank as given");
  }
  update.weight = {weight.Data(), weight.ElementLength()};
  update.b = {b.Data(), b.ElementLength()};
  update.a = {a.Data(), a.ElementLength()};
  auto kept = std::make_shared<KeptArrays>();
  *kept = {Napi::Persistent(weight), Napi::Persistent(b), Napi::Persistent(a)};
  return AsyncTask<Nothing>::run(
      info.Env(),
      [update, kept] {
        addLowRank(update);
        return Nothing{};
      },
      toUndefined);
}

}  // namespace glossa
