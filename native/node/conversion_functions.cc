#include "node/conversion_functions.h"

#include "conversion/low_rank.h"
#include "conversion/rows.h"
#include "node/async.h"
#include "node/convert.h"

namespace glossa {

namespace {

/// The bytes of a Uint8Array, which has to be kept alive meanwhile.
std::span<std::byte> bytesOfArray(Napi::Uint8Array array) {
  return {reinterpret_cast<std::byte*>(array.Data()), array.ByteLength()};
}

Napi::Value toObject(Napi::Env env, ValueFaults faults) {
  auto result = Napi::Object::New(env);
  result.Set("nonFinite", static_cast<double>(faults.nonFinite));
  result.Set("overflowing", static_cast<double>(faults.overflowing));
  return result;
}

bool hasSize(const Napi::Float32Array& array, std::size_t rows, std::size_t columns) {
  // By division: the product of what JavaScript says may overflow.
  if (columns == 0) return rows == 0 && array.ElementLength() == 0;
  return array.ElementLength() % columns == 0 && array.ElementLength() / columns == rows;
}

}  // namespace

Napi::Value convertRowsAsync(const Napi::CallbackInfo& info) {
  const auto source = info[0].As<Napi::Uint8Array>();
  const auto options = info[1].As<Napi::Object>();
  const auto target = info[2].As<Napi::Uint8Array>();
  const RowsConversion conversion{
      .source = bytesOfArray(source),
      .from = stringOf(options, "from"),
      .to = stringOf(options, "to"),
      .columns = integerOf<std::size_t>(options, "columns"),
      .target = bytesOfArray(target),
      .threads = integerOf<std::size_t>(options, "threads"),
  };
  return AsyncTask<ValueFaults>::run(
      info.Env(), {source, target}, [conversion] { return convertRows(conversion); }, toObject);
}

Napi::Value addLowRankAsync(const Napi::CallbackInfo& info) {
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
  update.threads = integerOf<std::size_t>(options, "threads");
  if (!hasSize(weight, update.rows, update.columns) || !hasSize(b, update.rows, update.rank) ||
      !hasSize(a, update.rank, update.columns)) {
    throw Napi::RangeError::New(info.Env(), "expected matrices of rows, columns and rank as given");
  }
  update.weight = {weight.Data(), weight.ElementLength()};
  update.b = {b.Data(), b.ElementLength()};
  update.a = {a.Data(), a.ElementLength()};
  return AsyncTask<Nothing>::run(
      info.Env(), {weight, b, a},
      [update] {
        addLowRank(update);
        return Nothing{};
      },
      toUndefined);
}

}  // namespace glossa
