#pragma once

#include <array>
#include <cstddef>
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
  /// @param vocabularySize tokens that exist; an aligned file's matrices have more rows
  /// @throws std::runtime_error if its file can't be read a second time
  AdapterCheck(const std::string& modelPath, std::size_t vocabularySize);

  /// @throws std::runtime_error naming the adapter's file and what is wrong with it
  void run(const std::string& adapterPath) const;

  /// How messages call an adapter: "adapter", and its file without the folder.
  static std::string nameOf(const std::string& adapterPath);

 private:
  using Shape = std::array<std::int64_t, GGML_MAX_DIMS>;

  static bool fits(const std::string& target, const Shape& shape, const std::int64_t* a,
                   const std::int64_t* b);
  void readTensors(const gguf_context* part);
  void checkMetadata(const gguf_context* file) const;
  void checkPair(const gguf_context* file, const std::string& target) const;

  std::string architecture_;
  std::int64_t vocabularySize_;
  std::unordered_map<std::string, Shape> shapes_;  ///< of the model's tensors, by name
};

}  // namespace glossa
