// The converter's arithmetic for JavaScript.
#pragma once

#include <napi.h>

namespace glossa {

/// convertRows(source, options, target): Promise<{ nonFinite, overflowing }>. Both arrays stay alive and must
/// not be touched until then.
Napi::Value convertRowsAsync(const Napi::CallbackInfo& info);

/// addLowRank(weight, b, a, options): Promise<void>. The arrays are used in place and stay alive until then.
/// @throws Napi::RangeError where their lengths are not those of the options
Napi::Value addLowRankAsync(const Napi::CallbackInfo& info);

}  // namespace glossa
