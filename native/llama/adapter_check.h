#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "llama/api.h"

namespace glossa {

/// Looks at adapter files before llama.cpp loads them: some of what may be wrong with one it passes over in
/// silence, and at some it aborts, when loading or in the first step.
class AdapterCheck {
 public:
  /// Reads the names and shapes of a model's tensors; of a model in parts, those of all parts.
  /// @throws std::runtime_error if its file can't be read a second time
  explicit AdapterCheck(const std::string& modelPath);

  /// @throws std::runtime_error naming the adapter's file and what is wrong with it
  void run(const std::string& adapterPath) const;

  /// How messages call an adapter: "adapter", and its file without the folder.
  static std::string nameOf(const std::string& adapterPath);

 private:
  using Shape = std::array<std::int64_t, GGML_MAX_DIMS>;

  void readTensors(const gguf_context* part);
  void checkMetadata(const gguf_context* file) const;
  void checkPair(const gguf_context* file, const std::string& target) const;

  std::string architecture_;
  std::unordered_map<std::string, Shape> shapes_;  ///< of the model's tensors, by name
};

}  // namespace glossa
