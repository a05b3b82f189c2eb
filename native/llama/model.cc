#include "llama/model.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "llama/adapter_check.h"
#include "llama/log.h"
#include "llama/token_bytes.h"

namespace glossa {

namespace {

/// Number of tokens where the vocabulary's rows are more, filled up so that faster kernels apply. Written by
/// scripts/convert/align.
constexpr const char* kVocabularySizeKey = "glossa.vocabulary_size";
constexpr const char* kTokenizerKey = "tokenizer.ggml.model";
constexpr const char* kStopped = "the tokenization was stopped";
/// Bytes of a text's parts at least.
constexpr std::size_t kLeastPart = 2048;
constexpr const char* kMergesSpacesKey = "tokenizer.ggml.remove_extra_whitespaces";

/// Calls a llama.cpp function that writes text into a buffer and returns the length it needs (negative on
/// error).
template <typename Write>
std::optional<std::string> readText(Write write) {
  std::string buffer(256, '\0');
  auto length = write(buffer.data(), buffer.size());
  if (length < 0) return std::nullopt;
  if (static_cast<std::size_t>(length) >= buffer.size()) {
    buffer.resize(static_cast<std::size_t>(length) + 1);
    length = write(buffer.data(), buffer.size());
  }
  buffer.resize(static_cast<std::size_t>(length));
  return buffer;
}

std::string pieceOf(const llama_vocab* vocabulary, std::int32_t token) {
  std::string piece(32, '\0');
  const auto write = [&] {
    return api().llama_token_to_piece(vocabulary, token, piece.data(),
                                      static_cast<std::int32_t>(piece.size()), 0, false);
  };
  std::int32_t length = write();
  if (length < 0) {
    piece.resize(static_cast<std::size_t>(-length));
    length = write();
  }
  piece.resize(static_cast<std::size_t>(length < 0 ? 0 : length));
  return piece;
}

}  // namespace

std::shared_ptr<const Model> Model::load(const ModelOptions& options,
                                         const std::function<bool(float)>& onProgress) {
  clearLog();
  llama_model_params parameters = api().llama_model_default_params();
  parameters.n_gpu_layers = options.gpuLayers;
  // NaNs and impossible scales in a damaged file are named here rather than decoded into noise.
  parameters.check_tensors = true;
  parameters.progress_callback = [](float fraction, void* data) {
    return (*static_cast<const std::function<bool(float)>*>(data))(fraction);
  };
  parameters.progress_callback_user_data = const_cast<std::function<bool(float)>*>(&onProgress);
  ModelPointer model(api().llama_model_load_from_file(options.path.c_str(), parameters));
  if (!model) throw std::runtime_error(recentLog());
  if (!api().llama_model_has_decoder(model.get()) || api().llama_model_has_encoder(model.get())) {
    throw std::runtime_error("the model has an encoder; only decoder-only models generate here");
  }
  const std::shared_ptr<Model> loaded(new Model(std::move(model)));
  loaded->loadAdapters(options);
  return loaded;
}

Model::Model(ModelPointer model)
    : model_(std::move(model)),
      vocabulary_(api().llama_model_get_vocab(model_.get())),
      specialTexts_(vocabulary_),
      unknownCharacters_(vocabulary_, metadataValue(kTokenizerKey).value_or("")) {
  readVocabulary();
  readPromptEnds();
}

std::optional<std::string> Model::metadataValue(const char* key) const {
  return readText(
      [&](char* out, std::size_t size) { return api().llama_model_meta_val_str(handle(), key, out, size); });
}

std::int32_t Model::tokenCount() const {
  const std::int32_t rows = api().llama_vocab_n_tokens(vocabulary_);
  if (rows <= 0) throw std::runtime_error("the model has no vocabulary");
  const auto value = metadataValue(kVocabularySizeKey);
  if (!value) return rows;
  std::int32_t count = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), count);
  const bool isNumber = error == std::errc() && end == value->data() + value->size();
  if (!isNumber || count < 1 || count > rows) {
    throw std::runtime_error("expected 1 to " + std::to_string(rows) + " for " + kVocabularySizeKey +
                             ", received " + value->substr(0, 40));
  }
  return count;
}

void Model::loadAdapters(const ModelOptions& options) {
  if (options.adapters.empty()) return;
  const AdapterCheck check(options.path, vocabularySize());
  for (const std::string& path : options.adapters) {
    check.run(path);
    clearLog();
    llama_adapter_lora* adapter = api().llama_adapter_lora_init(handle(), path.c_str());
    if (adapter == nullptr) throw std::runtime_error(AdapterCheck::nameOf(path) + ": " + recentLog());
    adapters_.push_back(adapter);
  }
}

void Model::readVocabulary() {
  const std::int32_t count = tokenCount();
  if (startToken() >= count) {
    throw std::runtime_error("the start token " + std::to_string(startToken()) + " is none of the " +
                             std::to_string(count) + " tokens of " + kVocabularySizeKey);
  }
  pieces_.reserve(static_cast<std::size_t>(count));
  for (std::int32_t token = 0; token < count; ++token) {
    pieces_.push_back(pieceOf(vocabulary_, token));
    if (api().llama_vocab_is_eog(vocabulary_, token)) eosTokenIds_.push_back(token);
  }
  if (metadataValue(kMergesSpacesKey) == "true") return;
  longestTokenBytes_ =
      glossa::longestTokenBytes(vocabulary_, metadataValue(kTokenizerKey).value_or(""), pieces_);
}

std::int32_t Model::trainedContextSize() const {
  return api().llama_model_n_ctx_train(handle());
}
std::uint64_t Model::sizeBytes() const {
  return api().llama_model_size(handle());
}
std::uint64_t Model::parameterCount() const {
  return api().llama_model_n_params(handle());
}
bool Model::isRecurrent() const {
  return api().llama_model_is_recurrent(handle());
}

bool Model::hasPlainCells() const {
  return !isRecurrent() && !api().llama_model_is_hybrid(handle()) && api().llama_model_n_swa(handle()) == 0;
}

std::int32_t Model::startToken() const {
  const std::int32_t bos = api().llama_vocab_bos(vocabulary_);
  return bos >= 0 ? bos : api().llama_vocab_eos(vocabulary_);
}

std::optional<FillInMiddle> Model::fillInMiddle() const {
  const FillInMiddle ids{api().llama_vocab_fim_pre(vocabulary_), api().llama_vocab_fim_suf(vocabulary_),
                         api().llama_vocab_fim_mid(vocabulary_)};
  const auto count = static_cast<std::int32_t>(vocabularySize());
  const auto exists = [&](std::int32_t id) { return id >= 0 && id < count; };
  if (!exists(ids.prefix) || !exists(ids.suffix) || !exists(ids.middle)) return std::nullopt;
  return ids;
}

std::string Model::description() const {
  return readText([&](char* out, std::size_t size) { return api().llama_model_desc(handle(), out, size); })
      .value_or("");
}

std::map<std::string, std::string> Model::metadata() const {
  std::map<std::string, std::string> pairs;
  const std::int32_t count = api().llama_model_meta_count(handle());
  for (std::int32_t i = 0; i < count; ++i) {
    const auto key = readText([&](char* out, std::size_t size) {
      return api().llama_model_meta_key_by_index(handle(), i, out, size);
    });
    const auto value = readText([&](char* out, std::size_t size) {
      return api().llama_model_meta_val_str_by_index(handle(), i, out, size);
    });
    if (key && value) pairs.emplace(*key, *value);
  }
  return pairs;
}

std::optional<std::string> Model::chatTemplate() const {
  const char* text = api().llama_model_chat_template(handle(), nullptr);
  return text == nullptr ? std::nullopt : std::optional<std::string>(text);
}

std::string_view Model::piece(std::int32_t token) const {
  const auto index = static_cast<std::size_t>(token);
  return token < 0 || index >= pieces_.size() ? std::string_view() : std::string_view(pieces_[index]);
}

TokenKind Model::kind(std::int32_t token) const {
  const auto attributes = static_cast<std::uint32_t>(api().llama_vocab_get_attr(vocabulary_, token));
  const auto has = [&](llama_token_attr attribute) {
    return (attributes & static_cast<std::uint32_t>(attribute)) != 0;
  };
  if (has(LLAMA_TOKEN_ATTR_CONTROL)) return TokenKind::control;
  if (has(LLAMA_TOKEN_ATTR_UNKNOWN)) return TokenKind::unknown;
  if (has(LLAMA_TOKEN_ATTR_UNUSED)) return TokenKind::unused;
  if (has(LLAMA_TOKEN_ATTR_BYTE)) return TokenKind::byte;
  return has(LLAMA_TOKEN_ATTR_USER_DEFINED) ? TokenKind::userDefined : TokenKind::normal;
}

std::string_view Model::name(std::int32_t token) const {
  const std::string_view bytes = piece(token);
  if (!bytes.empty()) return bytes;
  const char* text = api().llama_vocab_get_text(vocabulary_, token);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

/// What is added lies around any text's own tokens.
void Model::readPromptEnds() {
  const auto bare = tokenizeAtOnce("a", false, false);
  const auto prompt = tokenizeAtOnce("a", true, false);
  const auto own = std::ranges::search(prompt, bare);
  // A vocabulary that has nothing for the letter tells only what it does with BOS.
  const auto begin = bare.empty() && !prompt.empty() && api().llama_vocab_get_add_bos(vocabulary_)
                         ? prompt.begin() + 1
                         : own.begin();
  promptStart_.assign(prompt.begin(), begin);
  promptEnd_.assign(begin + static_cast<std::ptrdiff_t>(bare.size()), prompt.end());
}

std::vector<std::int32_t> Model::tokenize(std::string_view text, bool addSpecial, bool parseSpecial,
                                          const std::function<bool()>& isStopped) const {
  std::vector<std::int32_t> tokens;
  if (addSpecial) tokens = promptStart_;
  // To llama.cpp what comes after a special token is a new beginning: the parts are the same by themselves.
  specialTexts_.split(text, parseSpecial, [&](const TextPart& part) {
    if (isStopped()) throw std::runtime_error(kStopped);
    if (part.token >= 0) {
      tokens.push_back(part.token);
    } else {
      tokenizeBetween(part.text, isStopped, tokens);
    }
  });
  if (addSpecial) tokens.insert(tokens.end(), promptEnd_.begin(), promptEnd_.end());
  return tokens;
}

/// Tokenizes what lies between special tokens. llama.cpp copies all tokens that it has for each unknown
/// character: a text with many is cut before some of them.
void Model::tokenizeBetween(std::string_view text, const std::function<bool()>& isStopped,
                            std::vector<std::int32_t>& tokens) const {
  std::size_t added = 0;
  while (!text.empty()) {
    if (isStopped()) throw std::runtime_error(kStopped);
    const std::string_view unknown = unknownCharacters_.next(text, kLeastPart);
    const std::size_t end =
        unknown.empty() ? text.size() : static_cast<std::size_t>(unknown.data() - text.data());
    const auto more = tokenizeAtOnce(text.substr(0, end), false, false);
    tokens.insert(tokens.end(), more.begin() + static_cast<std::ptrdiff_t>(added), more.end());
    text.remove_prefix(end);
    // A space may be put before a part as before a text. By itself, such a character has one token for each
    // byte.
    if (!unknown.empty()) added = tokenizeAtOnce(unknown, false, false).size() - unknown.size();
  }
}

std::vector<std::int32_t> Model::tokenizeAtOnce(std::string_view text, bool addSpecial,
                                                bool parseSpecial) const {
  // A byte gives at most one token; BOS and EOS come on top.
  std::vector<std::int32_t> tokens(text.size() + 2);
  const std::int32_t count =
      api().llama_tokenize(vocabulary_, text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                           static_cast<std::int32_t>(tokens.size()), addSpecial, parseSpecial);
  if (count < 0) throw std::runtime_error("the tokenizer gave more tokens than the text has bytes");
  tokens.resize(static_cast<std::size_t>(count));
  return tokens;
}

std::string Model::detokenize(std::span<const std::int32_t> tokens) const {
  std::string text;
  for (const std::int32_t token : tokens) text += piece(token);
  return text;
}

}  // namespace glossa
