#include "llama/tensor_values.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace glossa {

namespace {

/// Values looked at together; a multiple of every type's block.
constexpr std::int64_t kSliceElements = std::int64_t{1} << 18;

/// Where a tensor's bytes lie in the file.
struct Extent {
  std::uint64_t start;
  std::uint64_t size;
};

/// Said by the file's head, which may say anything; nothing is allocated for it before the file is known to
/// be that long.
Extent extentOf(const gguf_context* file, std::int64_t id, std::uint64_t fileSize) {
  const std::uint64_t data = api().gguf_get_data_offset(file);
  const std::uint64_t offset = api().gguf_get_tensor_offset(file, id);
  const std::uint64_t size = api().gguf_get_tensor_size(file, id);
  // By subtraction: the sum may overflow.
  if (data > fileSize || offset > fileSize - data || size > fileSize - data - offset) {
    throw std::runtime_error(std::string("the file ends inside tensor ") +
                             api().gguf_get_tensor_name(file, id));
  }
  return {data + offset, size};
}

/// @param slice room for as many bytes as are read at once: whole blocks of the tensor's type
void checkTensor(std::ifstream& stream, const Extent& extent, ggml_type type, std::vector<char>& slice,
                 const std::string& name) {
  stream.seekg(static_cast<std::streamoff>(extent.start));
  for (std::uint64_t done = 0; done < extent.size;) {
    const std::uint64_t count = std::min<std::uint64_t>(slice.size(), extent.size - done);
    if (!stream.read(slice.data(), static_cast<std::streamsize>(count))) {
      throw std::runtime_error("tensor " + name + " can't be read");
    }
    if (!api().ggml_validate_row_data(type, slice.data(), count)) {
      throw std::runtime_error("tensor " + name + " holds values that are no numbers");
    }
    done += count;
  }
}

}  // namespace

void checkTensorValues(const gguf_context* file, const std::string& path) {
  const std::filesystem::path location(path);
  const std::uint64_t fileSize = std::filesystem::file_size(location);
  std::ifstream stream(location, std::ios::binary);
  std::vector<char> slice;
  for (std::int64_t id = 0; id < api().gguf_get_n_tensors(file); ++id) {
    const Extent extent = extentOf(file, id, fileSize);
    const ggml_type type = api().gguf_get_tensor_type(file, id);
    slice.resize(api().ggml_row_size(type, kSliceElements));
    checkTensor(stream, extent, type, slice, api().gguf_get_tensor_name(file, id));
  }
}

}  // namespace glossa
