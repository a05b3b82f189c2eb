// llama.cpp's log: the last warnings and errors are kept, because they hold the reason when a call only says
// "no".
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace glossa {

/// Starts capturing. Called once, after the libraries are open.
void captureLog();

/// Forgets what this thread's last operation left behind; call it before an operation whose reason may be
/// wanted.
void clearLog();

/// The last warnings and errors since clearLog(), one a line, newest last; local paths are left in.
std::string recentLog();

/// While it lives, has whatever llama.cpp logs on this thread, of any level, told to a function. Only one a
/// thread.
class LogListener {
 public:
  using Function = std::function<void(std::string_view)>;

  explicit LogListener(Function function);
  ~LogListener();
  LogListener(const LogListener&) = delete;
  LogListener& operator=(const LogListener&) = delete;

 private:
  Function function_;
};

}  // namespace glossa
