#include "node/conversion_functions.h"

#include <array>
#include <memory>

#include "conversion/rows.h"
#include "node/async.h"
#include "node/convert.h"

namespace glossa {

namespace {

/// The bytes of a Uint8Array, which is kept alive as long as its reference.
std::span<std::byte> bytesOfArray(Napi::Uint8Array array) {
  return {reinterpret_cast<std::byte*>(array.Data()), array.ByteLength()};
}

Napi::Value toObject(Napi::Env env, ValueFaults faults) {
  auto result = Napi::Object::New(env);
  result.Set("nonFinite", static_cast<double>(faults.nonFinite));
  result.Set("overflowing", static_cast<double>(faults.overflowing));
  return result;
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
  // Dropped by `convert`, that is on the JavaScript thread.
  const auto alive = std::make_shared<std::array<Napi::Reference<Napi::Uint8Array>, 2>>();
  (*alive)[0] = Napi::Persistent(source);
  (*alive)[1] = Napi::Persistent(target);
  return AsyncTask<ValueFaults>::run(
      info.Env(), [conversion] { return convertRows(conversion); },
      [alive](Napi::Env env, ValueFaults faults) { return toObject(env, faults); });
}

}  // namespace glossa
