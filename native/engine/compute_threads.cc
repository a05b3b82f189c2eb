#include "engine/compute_threads.h"

namespace glossa {

namespace {

/// A function of the CPU backend, which is a plug-in and exports nothing by name.
template <typename Function>
Function cpuFunction(const char* name) {
  ggml_backend_reg_t cpu = api().ggml_backend_reg_by_name("CPU");
  if (cpu == nullptr) return nullptr;
  return reinterpret_cast<Function>(api().ggml_backend_reg_get_proc_address(cpu, name));
}

}  // namespace

ComputeThreads::ComputeThreads(std::int32_t threads) : count_(threads) {
  const auto create = cpuFunction<decltype(&ggml_threadpool_new)>("ggml_threadpool_new");
  if (create == nullptr) return;
  ggml_threadpool_params parameters = api().ggml_threadpool_params_default(threads);
  // Between graphs ggml's threads would spin for milliseconds by default, on cores that other threads of
  // ours and other models need; measured, waking them costs nothing.
  parameters.poll = 0;
  pool_ = create(&parameters);
}

ComputeThreads::~ComputeThreads() {
  const auto destroy = cpuFunction<decltype(&ggml_threadpool_free)>("ggml_threadpool_free");
  if (pool_ != nullptr && destroy != nullptr) destroy(pool_);
}

void ComputeThreads::attach(llama_context* context) const {
  if (pool_ != nullptr) api().llama_attach_threadpool(context, pool_, pool_);
}

}  // namespace glossa
