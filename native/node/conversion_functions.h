// The converter's arithmetic for JavaScript.
#pragma once

#include <napi.h>

namespace glossa {

/// convertRows(source, options, target): Promise<{ nonFinite, overflowing }>. Both arrays stay alive and must
/// not be touched until then.
Napi::Value convertRowsAsync(const Napi::CallbackInfo& info);

}  // namespace glossa
