#pragma once

#include <napi.h>

#include <memory>

namespace glossa {

/// A way for other threads to call a JavaScript function. It does not keep the process alive; the last
/// reference releases it, on whatever thread.
inline std::shared_ptr<Napi::ThreadSafeFunction> makeChannel(Napi::Env env, const Napi::Function& function,
                                                             const char* name) {
  auto* channel = new Napi::ThreadSafeFunction(Napi::ThreadSafeFunction::New(env, function, name, 0, 1));
  channel->Unref(env);
  return {channel, [](Napi::ThreadSafeFunction* owned) {
            owned->Release();
            delete owned;
          }};
}

}  // namespace glossa
