#pragma once

#include <napi.h>

namespace glossa {

/// addLowRank(weight, b, a, options): Promise<void>. The arrays are used in place and kept alive until then.
/// @throws Napi::RangeError where their lengths are not those of the options
Napi::Value addLowRank(const Napi::CallbackInfo& info);

}  // namespace glossa
