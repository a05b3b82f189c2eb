#include "engine/text_stream.h"

#include <algorithm>
#include <cstdint>

namespace glossa {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct CodePoint {
  std::size_t length;  ///< bytes looked at
  bool valid;
  bool complete;  ///< false if more bytes could make it valid
};

/// Reads one code point; the ranges of second bytes exclude overlong forms, surrogates and what is above
/// U+10FFFF.
CodePoint readCodePoint(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {1, true, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false, true};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const std::uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= bytes.size()) return {i, false, false};
    const bool fits = i == 1 ? byte(i) >= low && byte(i) <= high : byte(i) >= 0x80 && byte(i) <= 0xBF;
    if (!fits) return {i, false, true};
  }
  return {length, true, true};
}

}  // namespace

std::size_t wholeCodePoints(std::string_view bytes) {
  // Only the last three bytes can belong to an unfinished code point.
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
    const std::size_t start = bytes.size() - back;
    const auto lead = static_cast<std::uint8_t>(bytes[start]);
    if (lead < 0x80) break;
    if (lead >= 0xC0) return readCodePoint(bytes.substr(start)).complete ? bytes.size() : start;
  }
  return bytes.size();
}

std::string toValidUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const CodePoint point = readCodePoint(bytes.substr(i));
    text += point.valid ? bytes.substr(i, point.length) : kReplacement;
    i += point.length;
  }
  return text;
}

std::string takeText(std::string& bytes) {
  const std::size_t length = wholeCodePoints(bytes);
  std::string text = toValidUtf8(std::string_view(bytes).substr(0, length));
  bytes.erase(0, length);
  return text;
}

std::string TextStream::push(std::string_view bytes) {
  unfinished_ += bytes;
  pending_ += takeText(unfinished_);
  if (const std::size_t stop = stopStrings_.find(pending_, context_); stop != std::string::npos) {
    stopped_ = true;
    return cutAt(stop);
  }
  const std::size_t held = stopStrings_.unfinishedLength(pending_);
  // Of the prompt no more is kept than a stop string may have begun in.
  const std::size_t ownHeld = pending_.size() - context_;
  const std::size_t keptContext = held > ownHeld ? held - ownHeld : 0;
  pending_.erase(0, context_ - keptContext);
  context_ = keptContext;
  if (keptContext > 0) return {};
  // Stop strings are whole code points, so that what is before the beginning of one is, too.
  std::string text = pending_.substr(0, pending_.size() - held);
  pending_.erase(0, text.size());
  return text;
}

FinalText TextStream::flush() {
  const std::size_t certain = pending_.size();
  pending_ += toValidUtf8(unfinished_);
  const bool endsInsideCharacter = pending_.size() > certain;
  const std::size_t stop = endsInsideCharacter ? stopStrings_.find(pending_, certain) : std::string::npos;
  if (stop != std::string::npos) return {cutAt(stop), false};
  return {cutAt(pending_.size()), endsInsideCharacter};
}

std::string TextStream::cutAt(std::size_t end) {
  const std::size_t begin = std::min(context_, end);
  std::string text = pending_.substr(begin, end - begin);
  pending_.clear();
  unfinished_.clear();
  context_ = 0;
  return text;
}

}  // namespace glossa
