#pragma once

#include <string>
#include <string_view>

#include "engine/stop_strings.h"

namespace glossa {

/// What a text goes on from.
struct TextStart {
  std::string context;     ///< the prompt's end as text, if a stop string may begin in it; never given out
  std::string unfinished;  ///< behind it: bytes of a character that earlier calls began and did not give out
};

/// The rest of a text that ends.
struct FinalText {
  std::string text;
  /// Whether its last U+FFFD stands for a character whose last bytes have not been generated.
  bool endsInsideCharacter = false;
};

/// Turns the bytes of one sequence's tokens into text that is final: whole UTF-8 code points, and nothing
/// that could still become part of a stop string. Bytes that are no UTF-8 become U+FFFD, for stop strings,
/// too: none is in the text that is given out.
class TextStream {
 public:
  /// @param stopStrings must outlive the stream
  explicit TextStream(const StopStrings& stopStrings, const TextStart& start = {})
      : stopStrings_(stopStrings),
        pending_(start.context),
        unfinished_(start.unfinished),
        context_(start.context.size()) {}

  /// Adds a token's bytes and returns the text that became final. After a stop string was completed,
  /// stopped() is true and what came before it has been returned.
  std::string push(std::string_view bytes);
  /// What is still held back when generation ends for another reason.
  FinalText flush();
  bool stopped() const { return stopped_; }

 private:
  /// What is left to be given out before `end`; nothing is kept.
  std::string cutAt(std::size_t end);

  const StopStrings& stopStrings_;
  std::string pending_;     ///< valid UTF-8
  std::string unfinished_;  ///< behind it: bytes that may become a code point
  std::size_t context_;     ///< leading bytes of pending_ that belong to the prompt
  bool stopped_ = false;
};

/// Length of the longest prefix that does not end inside a UTF-8 code point.
std::size_t wholeCodePoints(std::string_view bytes);

/// The bytes as valid UTF-8: every maximal ill-formed part becomes one U+FFFD (Unicode 15, section 3.9).
std::string toValidUtf8(std::string_view bytes);

/// Takes from bytes what more of them can't change, as valid UTF-8; leaves those that may become a code
/// point.
std::string takeText(std::string& bytes);

}  // namespace glossa
