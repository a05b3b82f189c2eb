// llama.cpp's log: the last warnings and errors are kept, because they hold the reason when a call only says
// "no".
#pragma once

#include <string>

namespace glossa {

/// Starts capturing. Called once, after the libraries are open.
void captureLog();

/// Forgets what this thread's last operation left behind; call it before an operation whose reason may be
/// wanted.
void clearLog();

/// The last warnings and errors since clearLog(), one a line, newest last; local paths are left in.
std::string recentLog();

}  // namespace glossa
