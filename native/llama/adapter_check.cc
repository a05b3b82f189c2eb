#include "llama/adapter_check.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <stdexcept>
#include <string_view>

#include "llama/log.h"
#include "llama/tensor_values.h"

namespace glossa {

namespace {

constexpr std::string_view kSuffixA = ".lora_a";
constexpr std::string_view kSuffixB = ".lora_b";
constexpr std::string_view kEmbedding = "token_embd.weight";
constexpr std::string_view kOutput = "output.weight";
/// Matrices that llama.cpp reads rows of without a thought for adapters.
constexpr std::array<std::string_view, 3> kPassedOver{"position_embd.weight", "token_types.weight",
                                                      "per_layer_token_embd.weight"};
/// What adapters are written in. Of the other types some can't be multiplied by, which ends the process.
constexpr std::array kTypes{GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q8_0};
constexpr const char* kInvocationKey = "adapter.alora.invocation_tokens";

[[noreturn]] void refuse(const std::string& reason) {
  throw std::runtime_error(reason);
}

GgufPointer openGguf(const std::string& path) {
  clearLog();
  GgufPointer file(api().gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = nullptr}));
  if (!file) refuse(recentLog());
  return file;
}

/// A text in the metadata; empty if there is none. Asking for a value of another type would end the process.
std::string textOf(const gguf_context* file, const char* key) {
  const std::int64_t id = api().gguf_find_key(file, key);
  if (id < 0 || api().gguf_get_kv_type(file, id) != GGUF_TYPE_STRING) return "";
  return api().gguf_get_val_str(file, id);
}

std::int32_t numberOfParts(const gguf_context* file) {
  const std::int64_t id = api().gguf_find_key(file, "split.count");
  if (id < 0 || api().gguf_get_kv_type(file, id) != GGUF_TYPE_UINT16) return 1;
  return api().gguf_get_val_u16(file, id);
}

/// Path of another part of a model of which the first is given.
std::string partPath(const std::string& firstPath, std::int32_t part, std::int32_t parts) {
  std::string prefix(firstPath.size() + 1, '\0');
  const auto length = api().llama_split_prefix(prefix.data(), prefix.size(), firstPath.c_str(), 0, parts);
  if (length <= 0) refuse("the name of the model's first part has no number of parts in it");
  std::string path(firstPath.size() + 16, '\0');
  path.resize(static_cast<std::size_t>(
      std::max(0, api().llama_split_path(path.data(), path.size(), prefix.c_str(), part, parts))));
  return path;
}

std::string text(const std::int64_t* shape) {
  std::string result = "[" + std::to_string(shape[0]);
  for (int i = 1; i < GGML_MAX_DIMS; ++i) {
    if (i < 2 || shape[i] != 1) result += ", " + std::to_string(shape[i]);
  }
  return result + "]";
}

/// What an adapter's tensor belongs to: its name without the suffix; the name itself if it has none.
std::string targetOf(std::string_view name) {
  const bool isFactor = name.ends_with(kSuffixA) || name.ends_with(kSuffixB);
  return std::string(name.substr(0, name.size() - (isFactor ? kSuffixA.size() : 0)));
}

/// Shape and type of one factor of a pair.
const std::int64_t* factor(const gguf_context* file, const std::string& name) {
  const std::int64_t id = api().gguf_find_tensor(file, name.c_str());
  if (id < 0) refuse("tensor " + name + " is missing");
  const ggml_type type = api().gguf_get_tensor_type(file, id);
  if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
    refuse("expected F32, F16, BF16 or Q8_0 for tensor " + name + ", received " + api().ggml_type_name(type));
  }
  return api().gguf_get_tensor_ne(file, id);
}

}  // namespace

AdapterCheck::AdapterCheck(const std::string& modelPath, std::size_t vocabularySize)
    : vocabularySize_(static_cast<std::int64_t>(vocabularySize)) {
  const GgufPointer first = openGguf(modelPath);
  architecture_ = textOf(first.get(), "general.architecture");
  readTensors(first.get());
  const std::int32_t parts = numberOfParts(first.get());
  for (std::int32_t part = 1; part < parts; ++part) {
    readTensors(openGguf(partPath(modelPath, part, parts)).get());
  }
}

void AdapterCheck::readTensors(const gguf_context* part) {
  for (std::int64_t id = 0; id < api().gguf_get_n_tensors(part); ++id) {
    Shape shape{};
    std::copy_n(api().gguf_get_tensor_ne(part, id), shape.size(), shape.begin());
    shapes_.emplace(api().gguf_get_tensor_name(part, id), shape);
  }
}

std::string AdapterCheck::nameOf(const std::string& adapterPath) {
  return "adapter " + std::filesystem::path(adapterPath).filename().string();
}

void AdapterCheck::run(const std::string& adapterPath) const {
  try {
    const GgufPointer file = openGguf(adapterPath);
    checkMetadata(file.get());
    if (api().gguf_get_n_tensors(file.get()) == 0) refuse("it holds no tensors");
    for (std::int64_t id = 0; id < api().gguf_get_n_tensors(file.get()); ++id) {
      checkPair(file.get(), targetOf(api().gguf_get_tensor_name(file.get(), id)));
    }
    checkTensorValues(file.get(), adapterPath);
  } catch (const std::filesystem::filesystem_error& error) {
    // What it says itself names the folder.
    throw std::runtime_error(nameOf(adapterPath) + ": " + error.code().message());
  } catch (const std::exception& error) {
    throw std::runtime_error(nameOf(adapterPath) + ": " + error.what());
  }
}

void AdapterCheck::checkMetadata(const gguf_context* file) const {
  if (const auto type = textOf(file, "general.type"); type != "adapter") {
    refuse("expected adapter for general.type, received " + (type.empty() ? "no text" : type));
  }
  if (const auto type = textOf(file, "adapter.type"); type != "lora") {
    refuse("expected lora for adapter.type, received " + (type.empty() ? "no text" : type));
  }
  if (const auto architecture = textOf(file, "general.architecture"); architecture != architecture_) {
    refuse("it is for the architecture " + (architecture.empty() ? "(none)" : architecture) +
           ", the model is " + architecture_);
  }
  if (api().gguf_find_key(file, kInvocationKey) >= 0) {
    refuse(std::string(kInvocationKey) + ": adapters that wait for certain tokens are not supported");
  }
  const std::int64_t alpha = api().gguf_find_key(file, "adapter.lora.alpha");
  if (alpha >= 0 && (api().gguf_get_kv_type(file, alpha) != GGUF_TYPE_FLOAT32 ||
                     !std::isfinite(api().gguf_get_val_f32(file, alpha)))) {
    refuse("expected a finite float32 for adapter.lora.alpha");
  }
}

/// A pair stands for the product B A beside a matrix of the model; of the token embedding, llama.cpp wants A
/// transposed.
bool AdapterCheck::fits(const std::string& target, const Shape& shape, const std::int64_t* a,
                        const std::int64_t* b) {
  const std::int64_t rank = b[0];
  const bool isEmbedding = target == kEmbedding;
  const Shape wantedA{isEmbedding ? rank : shape[0], isEmbedding ? shape[1] : rank, shape[2], shape[3]};
  const Shape wantedB{rank, isEmbedding ? shape[0] : shape[1], shape[2], shape[3]};
  return rank >= 1 && std::equal(wantedA.begin(), wantedA.end(), a) &&
         std::equal(wantedB.begin(), wantedB.end(), b);
}

void AdapterCheck::checkPair(const gguf_context* file, const std::string& target) const {
  if (const auto id = api().gguf_find_tensor(file, target.c_str()); id >= 0) {
    refuse("tensor " + target + " is neither half of a LoRA pair; only " + std::string(kSuffixA) + " and " +
           std::string(kSuffixB) + " are");
  }
  const auto found = shapes_.find(target);
  if (found == shapes_.end()) refuse("the model has no tensor " + target);
  const Shape& shape = found->second;
  const bool isPassedOver = std::find(kPassedOver.begin(), kPassedOver.end(), target) != kPassedOver.end();
  if (isPassedOver || shape[1] == 1) refuse("llama.cpp applies no adapter to " + target);
  // Tied to the output it would be used there as well, untransposed.
  if (target == kEmbedding && !shapes_.contains(std::string(kOutput))) {
    refuse(target + " is the model's output matrix as well, to which llama.cpp can't apply an adapter");
  }
  const std::int64_t* a = factor(file, target + std::string(kSuffixA));
  const std::int64_t* b = factor(file, target + std::string(kSuffixB));
  if (fits(target, shape, a, b)) return;
  Shape unaligned = shape;
  unaligned[1] = vocabularySize_;
  const bool hasRowPerToken = target == kEmbedding || target == kOutput;
  if (hasRowPerToken && fits(target, unaligned, a, b)) {
    refuse(target + " has a row for each of " + std::to_string(vocabularySize_) +
           " tokens there, the model's vocabulary is aligned to " + std::to_string(shape[1]) +
           " rows: convert the model with --no-align to use this adapter");
  }
  refuse("shapes " + text(a) + " and " + text(b) + " of " + target + "'s pair don't fit its shape " +
         text(shape.data()));
}

}  // namespace glossa
