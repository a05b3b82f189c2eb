#pragma once

#include <functional>
#include <string>

namespace glossa {

struct QuantizeOptions {
  std::string input;
  std::string output;
  std::string fileType;  ///< "q8_0", "q4_k_m", ...: llama.cpp's own names in lower case
  int threads = 0;       ///< 0 for as many as there are
};

/// Quantises a GGUF file with llama.cpp's own quantiser. Blocks; not for the JavaScript thread.
/// @param onProgress told the share of tensors that are done whenever another one begins, on this thread
/// @throws std::invalid_argument for an unknown file type, std::runtime_error with llama.cpp's reason
void quantize(const QuantizeOptions& options, const std::function<void(double)>& onProgress);

}  // namespace glossa
