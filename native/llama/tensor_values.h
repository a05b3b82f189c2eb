// Whether the values of a GGUF file are there and are numbers, before llama.cpp reads them.
#pragma once

#include <string>

#include "llama/api.h"

namespace glossa {

/// Reads every tensor's values, a bounded piece at a time.
/// @param file the head of the file at `path`
/// @throws std::runtime_error naming the first tensor that the file ends inside of, or that holds values that
/// are
///   no numbers; std::filesystem::filesystem_error if there is no such file
void checkTensorValues(const gguf_context* file, const std::string& path);

}  // namespace glossa
