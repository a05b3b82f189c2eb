#include "node/embed.h"

#include <algorithm>

#include "node/channel.h"
#include "node/convert.h"

namespace glossa {

EmbedSpec embedSpecOf(const Napi::Object& object, const EmbedLimits& limits) {
  EmbedSpec spec;
  spec.id = integerOf<std::uint64_t>(object, "id");
  const auto inputs = object.Get("inputs").As<Napi::Array>();
  for (std::uint32_t i = 0; i < inputs.Length(); ++i) {
    spec.inputs.push_back(tokensOf(inputs.Get(i), limits.vocabularySize));
    const std::size_t tokens = spec.inputs.back().size();
    if (tokens < 1 || tokens > static_cast<std::size_t>(limits.contextSize)) {
      throw Napi::RangeError::New(object.Env(), "expected inputs of 1 to " +
                                                    std::to_string(limits.contextSize) +
                                                    " tokens, received " + std::to_string(tokens));
    }
  }
  spec.adapterSet = integerOf<std::int32_t>(object, "adapterSet");
  if (spec.adapterSet < 0 || spec.adapterSet >= limits.adapterSets) {
    throw Napi::RangeError::New(object.Env(), "expected an adapter set below " +
                                                  std::to_string(limits.adapterSets) + ", received " +
                                                  std::to_string(spec.adapterSet));
  }
  return spec;
}

std::function<void(EmbedOutcome)> embedCallback(Napi::Env env, const Napi::Function& onDone) {
  return [channel = makeChannel(env, onDone, "embeddings")](EmbedOutcome outcome) {
    auto* content = new EmbedOutcome(std::move(outcome));
    const auto deliver = [](Napi::Env callEnv, Napi::Function callback, EmbedOutcome* delivered) {
      const std::unique_ptr<EmbedOutcome> owned(delivered);
      if (static_cast<napi_env>(callEnv) == nullptr) return;
      if (!owned->failure.empty()) {
        callback.Call({Napi::String::New(callEnv, owned->failure), callEnv.Null()});
        return;
      }
      auto vectors = Napi::Float32Array::New(callEnv, owned->vectors.size());
      std::copy(owned->vectors.begin(), owned->vectors.end(), vectors.Data());
      callback.Call({callEnv.Null(), vectors});
    };
    if (channel->NonBlockingCall(content, deliver) != napi_ok) delete content;
  };
}

}  // namespace glossa
