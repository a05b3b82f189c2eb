#pragma once

#include <llama.h>

#include <vector>

#include "llama/model.h"

namespace glossa {

/// Computes GELU in float32. ggml's CPU backend takes it from a table of float16 values over float16
/// arguments, which moves GPT-2's logits by up to 1e-2; other backends compute it.
///
/// A context's callback sees the argument, keeps it, and overwrites what the table made of it: ggml may
/// compute a GELU in the place of its argument. Graphs are then computed in parts, which takes longer.
class ExactGelu {
 public:
  /// Whether a model has such a GELU, as far as is known here: GPT-2's, after a sum that llama.cpp calls
  /// ffn_up_b.
  static bool isFor(const Model& model);

  /// Has a context that is made with these parameters call this object, which must outlive it.
  void attachTo(llama_context_params& parameters);

 private:
  static bool onNode(ggml_tensor* node, bool isQuestion, void* self);
  void keep(const ggml_tensor& argument);
  void replace(ggml_tensor& gelu);

  const ggml_tensor* argument_ = nullptr;  ///< the one kept, until its GELU is seen
  std::vector<float> values_;
};

}  // namespace glossa
