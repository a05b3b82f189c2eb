#include "engine/exact_gelu.h"

#include <ggml.h>

#include <span>
#include <string_view>

#include "decoding/kernels.h"
#include "llama/api.h"

namespace glossa {

namespace {

constexpr std::string_view kArgumentName = "ffn_up_b-";

bool isGelu(const ggml_tensor& node) {
  return node.op == GGML_OP_UNARY && static_cast<ggml_unary_op>(node.op_params[0]) == GGML_UNARY_OP_GELU;
}

bool isArgument(const ggml_tensor& node) {
  return std::string_view(node.name).starts_with(kArgumentName);
}

/// Elements of a tensor that lies in one piece in the host's memory; none of any other.
std::span<float> elementsOf(const ggml_tensor& node) {
  const bool isHost = node.buffer != nullptr && api().ggml_backend_buffer_is_host(node.buffer);
  if (!isHost || node.type != GGML_TYPE_F32 || !api().ggml_is_contiguous(&node)) return {};
  return {static_cast<float*>(node.data), static_cast<std::size_t>(api().ggml_nelements(&node))};
}

}  // namespace

bool ExactGelu::isFor(const Model& model) {
  const auto metadata = model.metadata();
  const auto architecture = metadata.find("general.architecture");
  return architecture != metadata.end() && architecture->second == "gpt2";
}

void ExactGelu::attachTo(llama_context_params& parameters) {
  parameters.cb_eval = onNode;
  parameters.cb_eval_user_data = this;
}

/// llama.cpp asks of every node whether it is wanted, and shows those that are once they are computed.
bool ExactGelu::onNode(ggml_tensor* node, bool isQuestion, void* self) {
  if (isQuestion) return (isGelu(*node) || isArgument(*node)) && !elementsOf(*node).empty();
  auto* const exact = static_cast<ExactGelu*>(self);
  if (isGelu(*node)) {
    exact->replace(*node);
  } else {
    exact->keep(*node);
  }
  return true;
}

void ExactGelu::keep(const ggml_tensor& argument) {
  const auto elements = elementsOf(argument);
  values_.assign(elements.begin(), elements.end());
  argument_ = &argument;
}

void ExactGelu::replace(ggml_tensor& gelu) {
  const auto elements = elementsOf(gelu);
  if (gelu.src[0] == argument_ && elements.size() == values_.size()) kernels::gelu(values_, elements);
  // Another graph's argument may lie where this one did.
  argument_ = nullptr;
}

}  // namespace glossa
