#include "llama/quantize.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "llama/api.h"
#include "llama/log.h"

namespace glossa {

namespace {

constexpr std::array<std::pair<std::string_view, llama_ftype>, 20> kFileTypes{{
    {"f32", LLAMA_FTYPE_ALL_F32},          {"f16", LLAMA_FTYPE_MOSTLY_F16},
    {"bf16", LLAMA_FTYPE_MOSTLY_BF16},     {"q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},
    {"q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},     {"q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},
    {"q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},     {"q5_1", LLAMA_FTYPE_MOSTLY_Q5_1},
    {"q2_k", LLAMA_FTYPE_MOSTLY_Q2_K},     {"q3_k_s", LLAMA_FTYPE_MOSTLY_Q3_K_S},
    {"q3_k_m", LLAMA_FTYPE_MOSTLY_Q3_K_M}, {"q3_k_l", LLAMA_FTYPE_MOSTLY_Q3_K_L},
    {"q4_k_s", LLAMA_FTYPE_MOSTLY_Q4_K_S}, {"q4_k_m", LLAMA_FTYPE_MOSTLY_Q4_K_M},
    {"q5_k_s", LLAMA_FTYPE_MOSTLY_Q5_K_S}, {"q5_k_m", LLAMA_FTYPE_MOSTLY_Q5_K_M},
    {"q6_k", LLAMA_FTYPE_MOSTLY_Q6_K},     {"iq4_nl", LLAMA_FTYPE_MOSTLY_IQ4_NL},
    {"iq4_xs", LLAMA_FTYPE_MOSTLY_IQ4_XS}, {"tq1_0", LLAMA_FTYPE_MOSTLY_TQ1_0},
}};

/// Rows that llama.cpp holds converted at once; its default is 8 GiB.
constexpr std::size_t kBufferBytes = std::size_t{64} << 20;

llama_ftype fileTypeOf(std::string_view name) {
  for (const auto& [known, type] : kFileTypes) {
    if (known == name) return type;
  }
  throw std::invalid_argument("unknown file type " + std::string(name));
}

/// Takes blanks and a number off a text's beginning.
std::optional<int> takeNumber(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool takeCharacter(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

/// The share of tensors done, from "[   3/  52] token_embd.weight - ..." with which llama.cpp (v0.5.0) begins
/// each; it has no other way to tell. Should the line ever read otherwise, there is no progress, and nothing
/// worse.
std::optional<double> progressOf(std::string_view line) {
  if (!takeCharacter(line, '[')) return std::nullopt;
  const auto number = takeNumber(line);
  if (!number || !takeCharacter(line, '/')) return std::nullopt;
  const auto count = takeNumber(line);
  if (!count || !takeCharacter(line, ']') || *number < 1 || *number > *count) return std::nullopt;
  return static_cast<double>(*number - 1) / *count;
}

}  // namespace

void quantize(const QuantizeOptions& options, const std::function<void(double)>& onProgress) {
  clearLog();
  const LogListener listener([&onProgress](std::string_view line) {
    if (const auto fraction = progressOf(line)) onProgress(*fraction);
  });
  llama_model_quantize_params parameters = api().llama_model_quantize_default_params();
  parameters.ftype = fileTypeOf(options.fileType);
  parameters.nthread = options.threads;
  parameters.max_buf_size = kBufferBytes;
  if (api().llama_model_quantize(options.input.c_str(), options.output.c_str(), &parameters) != 0) {
    throw std::runtime_error(recentLog());
  }
}

}  // namespace glossa
