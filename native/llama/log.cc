#include "llama/log.h"

#include <deque>
#include <mutex>
#include <utility>

#include "llama/api.h"

namespace glossa {

namespace {

constexpr std::size_t kKeptLines = 12;

struct Log {
  std::mutex mutex;
  std::deque<std::string> lines;
  bool continues = false;  // the last message kept was a warning or error, and a CONT message belongs to it
};

Log& log() {
  static Log instance;
  return instance;
}

/// This thread's listener.
const LogListener::Function*& listener() {
  thread_local const LogListener::Function* current = nullptr;
  return current;
}

/// May be called on any thread.
void onMessage(ggml_log_level level, const char* text, void* /*userData*/) {
  if (listener() != nullptr) (*listener())(text);
  Log& state = log();
  const std::lock_guard lock(state.mutex);
  const bool continuation = level == GGML_LOG_LEVEL_CONT;
  if (continuation ? !state.continues : level < GGML_LOG_LEVEL_WARN) {
    state.continues = false;
    return;
  }
  if (continuation && !state.lines.empty()) {
    state.lines.back() += text;
  } else {
    state.lines.emplace_back(text);
  }
  state.continues = true;
  if (state.lines.size() > kKeptLines) state.lines.pop_front();
}

}  // namespace

void captureLog() {
  api().llama_log_set(onMessage, nullptr);
}

void clearLog() {
  const std::lock_guard lock(log().mutex);
  log().lines.clear();
}

LogListener::LogListener(Function function) : function_(std::move(function)) {
  listener() = &function_;
}

LogListener::~LogListener() {
  listener() = nullptr;
}

std::string recentLog() {
  Log& state = log();
  const std::lock_guard lock(state.mutex);
  std::string joined;
  for (const std::string& line : state.lines) joined += line;
  while (!joined.empty() && joined.back() == '\n') joined.pop_back();
  return joined;
}

}  // namespace glossa
