// A loaded model: weights, vocabulary and LoRA adapters. Immutable after loading, so it may be used from any
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "llama/api.h"
#include "llama/special_texts.h"
#include "llama/unknown_characters.h"

namespace glossa {

struct ModelOptions {
  std::string path;
  std::int32_t gpuLayers = -1;        ///< layers kept on a GPU; negative for all
  std::vector<std::string> adapters;  ///< LoRA adapters to load with it: paths of GGUF files
};

/// What a token is, in the order of GGUF's `tokenizer.ggml.token_type` (1 to 6).
enum class TokenKind : std::uint8_t { normal = 1, unknown, control, userDefined, unused, byte };

/// Ids that mark the parts of a text whose middle is to be filled in.
struct FillInMiddle {
  std::int32_t prefix;
  std::int32_t suffix;
  std::int32_t middle;
};

class Model {
 public:
  /// Loads a GGUF file and its adapters. Blocks; not for the JavaScript thread.
  /// @param onProgress called on the loading thread with a fraction of 0 to 1; returning false aborts
  /// @throws std::runtime_error with llama.cpp's own reason, or with the name of the adapter that is at fault
  static std::shared_ptr<const Model> load(const ModelOptions& options,
                                           const std::function<bool(float)>& onProgress);

  llama_model* handle() const { return model_.get(); }
  /// In the order of ModelOptions; the model owns them.
  const std::vector<llama_adapter_lora*>& adapters() const { return adapters_; }
  /// Tokens that exist. An aligned file's matrices have more rows (glossa.vocabulary_size); the scores of
  /// those are never looked at.
  std::size_t vocabularySize() const { return pieces_.size(); }
  std::int32_t trainedContextSize() const;
  std::uint64_t sizeBytes() const;
  std::uint64_t parameterCount() const;
  std::string description() const;
  std::map<std::string, std::string> metadata() const;
  std::optional<std::string> chatTemplate() const;
  /// Recurrent models keep one state per sequence: a prefix of it can't be cut out.
  bool isRecurrent() const;
  /// Whether what a sequence leaves behind is one KV cell per token: no recurrent state, no sliding window.
  bool hasPlainCells() const;

  /// Ids that end a generation, in ascending order: the EOS id and the other end-of-generation ids of the
  /// file.
  const std::vector<std::int32_t>& eosTokenIds() const { return eosTokenIds_; }
  /// Start token for an empty prompt: BOS, else EOS, else -1.
  std::int32_t startToken() const;
  /// Nothing unless the model has all three.
  std::optional<FillInMiddle> fillInMiddle() const;

  /// Bytes that a token adds to a text; empty for control tokens. An id outside the vocabulary adds nothing.
  std::string_view piece(std::int32_t token) const;
  TokenKind kind(std::int32_t token) const;
  /// A token's piece; of a control token, which has none, its name in the vocabulary.
  std::string_view name(std::int32_t token) const;

  /// Bytes of text that one token stands for at most; 0 if a text may have fewer tokens than that
  /// (token_bytes.h).
  std::size_t longestTokenBytes() const { return longestTokenBytes_; }

  /// @param text UTF-8
  /// @param addSpecial add what the tokenizer adds to a prompt (BOS, EOS)
  /// @param parseSpecial take the texts of special tokens for those tokens
  /// @param isStopped asked between a text's special tokens, and now and then between its unknown characters
  /// @throws std::runtime_error once it is stopped
  std::vector<std::int32_t> tokenize(
      std::string_view text, bool addSpecial, bool parseSpecial,
      const std::function<bool()>& isStopped = [] { return false; }) const;
  /// The same tokens, from llama.cpp alone: its time grows with the square of the number of special tokens,
  /// and of unknown characters, in the text. What `tokenize` is checked against.
  std::vector<std::int32_t> tokenizeAtOnce(std::string_view text, bool addSpecial, bool parseSpecial) const;
  /// Bytes of a row of tokens, special tokens left out; may end inside a UTF-8 code point.
  std::string detokenize(std::span<const std::int32_t> tokens) const;

 private:
  explicit Model(ModelPointer model);
  std::optional<std::string> metadataValue(const char* key) const;
  std::int32_t tokenCount() const;
  void readVocabulary();
  void readPromptEnds();
  void tokenizeBetween(std::string_view text, const std::function<bool()>& isStopped,
                       std::vector<std::int32_t>& tokens) const;
  void loadAdapters(const ModelOptions& options);

  ModelPointer model_;
  const llama_vocab* vocabulary_;
  std::vector<llama_adapter_lora*> adapters_;
  std::vector<std::string> pieces_;
  std::vector<std::int32_t> eosTokenIds_;
  SpecialTexts specialTexts_;
  UnknownCharacters unknownCharacters_;
  /// What the tokenizer adds to a prompt.
  std::vector<std::int32_t> promptStart_;
  std::vector<std::int32_t> promptEnd_;
  std::size_t longestTokenBytes_ = 0;
};

}  // namespace glossa
