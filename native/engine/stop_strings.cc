#include "engine/stop_strings.h"

#include <algorithm>

#include "engine/text_stream.h"

namespace glossa {

StopStrings::StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {
  for (const std::string& string : strings_) reach_ = std::max(reach_, string.size() - 1);
}

std::size_t StopStrings::find(std::string_view text, std::size_t from) const {
  std::size_t earliest = std::string_view::npos;
  for (const std::string& string : strings_) {
    const std::size_t first = from + 1 > string.size() ? from + 1 - string.size() : 0;
    earliest = std::min(earliest, text.find(string, first));
  }
  return earliest;
}

std::size_t StopStrings::unfinishedLength(std::string_view text) const {
  std::size_t longest = 0;
  for (const std::string& string : strings_) {
    for (std::size_t length = std::min(string.size() - 1, text.size()); length > longest; --length) {
      if (text.ends_with(std::string_view(string).substr(0, length))) longest = length;
    }
  }
  return longest;
}

bool StopTail::isCompletedBy(std::string_view piece, const StopStrings& strings) const {
  if (strings.isEmpty()) return false;
  std::string bytes = unfinished_;
  bytes += piece;
  std::string text = text_;
  text += takeText(bytes);
  return strings.find(text, text_.size()) != std::string::npos;
}

void StopTail::push(std::string_view piece, const StopStrings& strings) {
  if (strings.isEmpty()) return;
  unfinished_ += piece;
  text_ += takeText(unfinished_);
  if (text_.size() > strings.reach()) text_.erase(0, text_.size() - strings.reach());
}

}  // namespace glossa
