// What the scheduler works on: requests and their sequences. Touched by the scheduler thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "decoding/beam_search.h"
#include "decoding/chooser.h"
#include "decoding/finish_reason.h"
#include "decoding/logprobs.h"
#include "decoding/processor.h"
#include "decoding/row_constraint.h"
#include "decoding/token_history.h"
#include "engine/logits_source.h"
#include "engine/stop_strings.h"
#include "engine/text_stream.h"

namespace glossa {

using Clock = std::chrono::steady_clock;

enum class SequenceState {
  waiting,     ///< has no slot: new, or preempted
  following,   ///< has a slot and waits for a sibling to evaluate what they have in common; a beam that does
               ///< not run follows until it does
  prefilling,  ///< tokens of its row are still to be evaluated before its next choice
  decoding,    ///< one token is to be evaluated, then the next is chosen
  proposed,    ///< a beam whose continuations are known, while those of other beams are not
  finished,
};

/// Who is served first.
enum class Priority {
  interactive,
  background,  ///< gives way to the others
};

/// What a client asks for.
struct RequestSpec {
  std::uint64_t id = 0;
  std::vector<std::int32_t> prompt;  ///< at least one token
  DecodingParameters decoding;
  std::int32_t numReturnSequences = 1;
  std::vector<std::string> stopStrings;
  /// Whether a stop string may begin in the prompt, as in transformers.
  bool stopStringsSpanPrompt = true;
  /// State of the grammar before the first generated token, of earlier calls, too; null for none. Sequences
  /// clone it.
  std::shared_ptr<const RowConstraint> grammar;
  std::int32_t adapterSet = 0;  ///< what its tokens are decoded with, see LogitsSource
  Priority priority = Priority::interactive;
  /// Tokens at the prompt's end that earlier calls generated, from 0 to all of it. Sequences go on where
  /// those ended: in their random stream, in what processors take for generated, and in the grammar. Of a
  /// search only the text goes on.
  std::int32_t continuedTokens = 0;
  /// Likeliest tokens that are told of at each generated token besides itself, 0 to kMostLogprobs; nothing:
  /// no token comes with what the model's own scores say of it. Not with beams.
  std::optional<std::int32_t> logprobs;
  /// The same of the prompt's tokens. All of them are computed, no kept prefix is used.
  std::optional<std::int32_t> promptLogprobs;
  std::optional<Clock::time_point> deadline;
};

struct Request;

/// A row that is being generated: one of the sequences that a request returns, or a running beam of its
/// search.
struct Sequence {
  Sequence(Request& owner, std::int32_t indexInRequest, TokenHistory row, const TextStart& start);

  Request& request;
  const std::int32_t index;
  SequenceState state = SequenceState::waiting;
  std::int32_t slot = -1;
  std::int32_t evaluated = 0;  ///< leading tokens of the row whose cells are in the slot
  TokenHistory history;
  TextStream text;                        ///< not of a beam
  StopTail tail;                          ///< of a beam only
  std::unique_ptr<TokenChooser> chooser;  ///< not of a beam
  bool hasProposed = false;               ///< a beam: in this step of the search

  /// New tokens. The history's own count has those of earlier calls besides.
  std::int32_t generated() const;
  std::int32_t pendingTokens() const { return static_cast<std::int32_t>(history.size()) - evaluated; }
  /// Leading tokens of its row whose logits nobody needs: all but the last, or, of a prompt that is being
  /// scored, those that have been.
  std::size_t reusableTokens() const;
  bool active() const { return state == SequenceState::prefilling || state == SequenceState::decoding; }
  bool holdsSlot() const { return slot >= 0; }
};

struct Request {
  /// @param start what the text of its sequences goes on from
  Request(RequestSpec given, std::size_t vocabularySize, const TextStart& start);

  const RequestSpec spec;
  const LogitsProcessorList processors;
  const StopStrings stopStrings;
  /// What is returned; with beams the search's rows, of which the first beams->runningBeams() run.
  std::vector<std::unique_ptr<Sequence>> sequences;
  std::unique_ptr<BeamSearch> beams;  ///< null without
  std::vector<bool> endedResults;     ///< with beams: results that were cancelled before the others
  bool paused = false;
  bool promptReported = false;
  std::int32_t cachedTokens = 0;  ///< of the prompt, reused when its first sequence was admitted
  /// With promptLogprobs: what is known so far of the prompt's tokens. The first, of which nothing is (NaN);
  /// then of each itself and the likeliest ones.
  std::vector<TokenLogprob> promptScores;
  std::size_t scoredTokens = 0;  ///< of the prompt: those whose logits have told of the next one

  bool isFinished() const;
  bool givesWay() const { return spec.priority == Priority::background; }
  /// Whether logits of prompt tokens are still to be read for promptLogprobs.
  bool scoresPrompt() const { return spec.promptLogprobs && scoredTokens + 1 < spec.prompt.size(); }
  /// Reads the logits of the prompt token that is the next to be scored.
  void scorePrompt(std::span<const float> logits);
  SlotKind slotKind() const { return beams ? SlotKind::beam : SlotKind::stream; }
  /// A sequence that is evaluating what all siblings need, if one is.
  Sequence* lead() const;
  /// A sequence that waits in its slot for the lead, if one does.
  Sequence* follower() const;
};

/// Who is to blame when a request fails.
enum class Fault {
  engine,
  request,   ///< it asks for something that can't be done
  capacity,  ///< it is too large for the KV cache
};

/// Why a request fails.
struct Failure {
  Fault fault = Fault::engine;
  std::string reason;
  std::string parameter;  ///< what the request should change (GenerationRequest's name); empty if nothing
};

/// One message to the client of a request.
struct Event {
  enum class Type { prompt, token, finish, failed };
  Type type = Type::token;
  std::uint64_t requestId = 0;
  std::int32_t sequence = 0;
  std::int32_t tokenId = 0;
  float logprob = 0;
  /// token: what its request's logprobs ask for; prompt: Request::promptScores
  std::vector<TokenLogprob> logprobs;
  std::string text;                  ///< token, finish: final text
  bool endsInsideCharacter = false;  ///< finish: see FinalText
  FinishReason finishReason = FinishReason::eos;
  std::optional<float> score;  ///< finish: of a beam search's hypothesis
  /// finish: with beams; of all that the search took, in the last one of its request, 0 in the others
  std::optional<SearchTokens> search;
  Failure failure;  ///< failed
  std::int32_t promptTokens = 0;
  std::int32_t cachedTokens = 0;
  std::int32_t generatedTokens = 0;
};

}  // namespace glossa
