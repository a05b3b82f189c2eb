#include "llama/quantize.h"

#include <array>
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

}  // namespace

void quantize(const QuantizeOptions& options) {
  clearLog();
  llama_model_quantize_params parameters = api().llama_model_quantize_default_params();
  parameters.ftype = fileTypeOf(options.fileType);
  parameters.nthread = options.threads;
  parameters.max_buf_size = kBufferBytes;
  if (api().llama_model_quantize(options.input.c_str(), options.output.c_str(), &parameters) != 0) {
    throw std::runtime_error(recentLog());
  }
}

}  // namespace glossa
