#include "llama/api.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "llama/log.h"

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace glossa {

namespace {

using Library = void*;

#ifdef _WIN32
Library openLibrary(const std::string& path, std::string& reason) {
  const auto wide = std::filesystem::path(path).wstring();
  HMODULE library = LoadLibraryExW(wide.c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
  if (library == nullptr) reason = "Windows error " + std::to_string(GetLastError());
  return library;
}
void closeLibrary(Library library) {
  FreeLibrary(static_cast<HMODULE>(library));
}
void* findSymbol(Library library, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}
#else
Library openLibrary(const std::string& path, std::string& reason) {
  // Global, because ggml's backends look their base library up among what is loaded already.
  Library library = dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL);
  // glibc keeps this text per thread.
  if (library == nullptr) reason = dlerror();  // NOLINT(concurrency-mt-unsafe)
  return library;
}
void closeLibrary(Library library) {
  dlclose(library);
}
void* findSymbol(Library library, const char* name) {
  return dlsym(library, name);
}
#endif

/// Finds `libllama.<variant>.<release>.so`, `llama.dll` and the like, however a platform and release spell
/// it.
std::string findLibrary(const std::string& directory, const std::string& name) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string file = entry.path().filename().string();
    const std::string extension = entry.path().extension().string();
    if (extension != ".so" && extension != ".dylib" && extension != ".dll") continue;
    const std::string bare = file.starts_with("lib") ? file.substr(3) : file;
    if (bare.starts_with(name + ".")) return entry.path().string();
  }
  throw std::runtime_error("no " + name + " library in the package of prebuilt llama.cpp binaries");
}

struct Process {
  std::mutex mutex;
  std::string directory;
  LlamaApi table;
  bool open = false;
};

Process& process() {
  static Process instance;
  return instance;
}

void fillTable(LlamaApi& table, const std::vector<Library>& libraries) {
  const auto find = [&](const char* name) {
    for (const Library library : libraries) {
      if (void* symbol = findSymbol(library, name)) return symbol;
    }
    throw std::runtime_error(std::string("the llama.cpp libraries lack ") + name);
  };
  // ggml-cpu is a plug-in with several variants; what is needed of it is asked for through the backend
  // registry.
#define GLOSSA_FIND(name) table.name = reinterpret_cast<decltype(table.name)>(find(#name));
  GLOSSA_LLAMA_FUNCTIONS(GLOSSA_FIND)
#undef GLOSSA_FIND
}

}  // namespace

const LlamaApi& api() {
  if (!process().open) throw std::logic_error("llama.cpp's libraries are not open");
  return process().table;
}

void openLibraries(const std::string& directory) {
  Process& state = process();
  const std::lock_guard lock(state.mutex);
  if (state.open) {
    if (state.directory == directory) return;
    throw std::runtime_error("another build of llama.cpp is open in this process already");
  }
  std::vector<Library> libraries;
  for (const char* name : {"ggml-base", "ggml", "llama"}) {
    std::string reason;
    const std::string path = findLibrary(directory, name);
    libraries.push_back(openLibrary(path, reason));
    if (libraries.back() == nullptr)
      throw std::runtime_error(std::string(name) + " can't be opened: " + reason);
  }
  fillTable(state.table, libraries);
  state.open = true;
  state.directory = directory;
  captureLog();
  state.table.ggml_backend_load_all_from_path(directory.c_str());
  state.table.llama_backend_init();
}

bool canOpenLibrary(const std::string& path, std::string& reason) {
  Library library = openLibrary(path, reason);
  if (library == nullptr) return false;
  closeLibrary(library);
  return true;
}

}  // namespace glossa
