// llama.cpp's functions, looked up at run time: the library's name differs per backend, so nothing is linked.
#pragma once

#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <gguf.h>
#include <llama.h>

#include <memory>
#include <string>

namespace glossa {

/// Every function of llama.cpp and ggml that Glossa calls.
#define GLOSSA_LLAMA_FUNCTIONS(X)        \
  X(ggml_backend_buffer_is_host)         \
  X(ggml_backend_dev_count)              \
  X(ggml_backend_dev_description)        \
  X(ggml_backend_dev_get)                \
  X(ggml_backend_dev_memory)             \
  X(ggml_backend_dev_name)               \
  X(ggml_backend_dev_type)               \
  X(ggml_backend_load_all_from_path)     \
  X(ggml_backend_reg_by_name)            \
  X(ggml_backend_reg_get_proc_address)   \
  X(ggml_blck_size)                      \
  X(ggml_is_contiguous)                  \
  X(ggml_nelements)                      \
  X(ggml_quantize_chunk)                 \
  X(ggml_row_size)                       \
  X(ggml_threadpool_params_default)      \
  X(ggml_type_name)                      \
  X(ggml_validate_row_data)              \
  X(gguf_find_key)                       \
  X(gguf_find_tensor)                    \
  X(gguf_free)                           \
  X(gguf_get_data_offset)                \
  X(gguf_get_kv_type)                    \
  X(gguf_get_n_tensors)                  \
  X(gguf_get_tensor_name)                \
  X(gguf_get_tensor_ne)                  \
  X(gguf_get_tensor_offset)              \
  X(gguf_get_tensor_size)                \
  X(gguf_get_tensor_type)                \
  X(gguf_get_val_f32)                    \
  X(gguf_get_val_str)                    \
  X(gguf_get_val_u16)                    \
  X(gguf_init_from_file)                 \
  X(llama_adapter_lora_init)             \
  X(llama_attach_threadpool)             \
  X(llama_backend_init)                  \
  X(llama_context_default_params)        \
  X(llama_decode)                        \
  X(llama_detach_threadpool)             \
  X(llama_detokenize)                    \
  X(llama_free)                          \
  X(llama_get_embeddings_ith)            \
  X(llama_get_logits_ith)                \
  X(llama_get_memory)                    \
  X(llama_init_from_model)               \
  X(llama_log_set)                       \
  X(llama_memory_clear)                  \
  X(llama_memory_seq_cp)                 \
  X(llama_memory_seq_rm)                 \
  X(llama_model_chat_template)           \
  X(llama_model_default_params)          \
  X(llama_model_desc)                    \
  X(llama_model_free)                    \
  X(llama_model_get_vocab)               \
  X(llama_model_has_decoder)             \
  X(llama_model_has_encoder)             \
  X(llama_model_is_hybrid)               \
  X(llama_model_is_recurrent)            \
  X(llama_model_load_from_file)          \
  X(llama_model_meta_count)              \
  X(llama_model_meta_key_by_index)       \
  X(llama_model_meta_val_str)            \
  X(llama_model_meta_val_str_by_index)   \
  X(llama_model_n_ctx_train)             \
  X(llama_model_n_embd_out)              \
  X(llama_model_n_params)                \
  X(llama_model_n_swa)                   \
  X(llama_model_quantize)                \
  X(llama_model_quantize_default_params) \
  X(llama_model_size)                    \
  X(llama_n_batch)                       \
  X(llama_n_ctx_seq)                     \
  X(llama_print_system_info)             \
  X(llama_sampler_accept)                \
  X(llama_sampler_apply)                 \
  X(llama_sampler_clone)                 \
  X(llama_sampler_free)                  \
  X(llama_sampler_init_grammar)          \
  X(llama_set_abort_callback)            \
  X(llama_set_adapters_lora)             \
  X(llama_split_path)                    \
  X(llama_split_prefix)                  \
  X(llama_state_seq_get_data)            \
  X(llama_state_seq_get_size)            \
  X(llama_state_seq_set_data)            \
  X(llama_token_to_piece)                \
  X(llama_tokenize)                      \
  X(llama_vocab_bos)                     \
  X(llama_vocab_eos)                     \
  X(llama_vocab_fim_mid)                 \
  X(llama_vocab_fim_pre)                 \
  X(llama_vocab_fim_suf)                 \
  X(llama_vocab_get_add_bos)             \
  X(llama_vocab_get_attr)                \
  X(llama_vocab_get_text)                \
  X(llama_vocab_is_control)              \
  X(llama_vocab_is_eog)                  \
  X(llama_vocab_n_tokens)

struct LlamaApi {
#define GLOSSA_DECLARE(name) decltype(&::name) name = nullptr;
  GLOSSA_LLAMA_FUNCTIONS(GLOSSA_DECLARE)
#undef GLOSSA_DECLARE
};

/// The opened libraries. Libraries belong to the process, so this is one table per process.
/// @throws std::logic_error before openLibraries() has succeeded
const LlamaApi& api();

/// Opens llama.cpp's libraries in `directory` (one of @node-llama-cpp's packages) and the compute backends
/// beside them; of the CPU variants ggml itself takes the best for this machine. Later calls with the same
/// directory do nothing.
/// @throws std::runtime_error naming the library and the loader's reason
void openLibraries(const std::string& directory);

/// Whether a backend library such as libggml-cuda can be loaded here (its driver present); if not, `reason`
/// says why.
bool canOpenLibrary(const std::string& path, std::string& reason);

struct ModelDeleter {
  void operator()(llama_model* model) const { api().llama_model_free(model); }
};
struct GgufDeleter {
  void operator()(gguf_context* file) const { api().gguf_free(file); }
};
struct ContextDeleter {
  void operator()(llama_context* context) const { api().llama_free(context); }
};
// llama-cpp.h offers such owners too, but its deleters call the functions by name and so would have to be
// linked.
using ModelPointer = std::unique_ptr<llama_model, ModelDeleter>;
using GgufPointer = std::unique_ptr<gguf_context, GgufDeleter>;
using ContextPointer = std::unique_ptr<llama_context, ContextDeleter>;

}  // namespace glossa
