#pragma once

#include <cstdint>

#include "llama/api.h"

namespace glossa {

/// A thread pool for llama.cpp contexts; without one, ggml starts threads anew for every graph. Contexts may
/// share it if they never compute at the same time. They must be gone before it is.
class ComputeThreads {
 public:
  explicit ComputeThreads(std::int32_t threads);
  ~ComputeThreads();
  ComputeThreads(const ComputeThreads&) = delete;
  ComputeThreads& operator=(const ComputeThreads&) = delete;

  std::int32_t count() const { return count_; }
  /// Lets a context compute on the pool; on a CPU backend that has none, the context keeps to its own
  /// threads.
  void attach(llama_context* context) const;

 private:
  std::int32_t count_;
  ggml_threadpool* pool_ = nullptr;
};

}  // namespace glossa
