#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "engine/embed_jobs.h"
#include "engine/kv_cache.h"
#include "engine/logits_source.h"
#include "engine/request.h"
#include "engine/token_step.h"

namespace glossa {

struct SchedulerOptions {
  std::size_t cacheRamBytes = 0;  ///< budget of kept prefixes
  /// Every sequence is decoded by itself, prompts in fixed chunks, and no prefix is reused, so that a result
  /// depends on its own request only.
  bool reproducible = false;
};

struct SchedulerStats {
  std::int64_t queuedRequests = 0;
  std::int64_t activeRequests = 0;
  std::int64_t activeSequences = 0;
  std::int64_t usedCells = 0;   ///< of streams' pool, by streams
  std::int64_t totalCells = 0;  ///< of streams' pool
  std::int64_t usedBeamCells = 0;
  std::int64_t totalBeamCells = 0;  ///< of beams' pool; in the unified layout the same one
  std::int64_t cachedPrefixes = 0;
  std::int64_t cachedPrefixBytes = 0;
  std::int64_t decodeSteps = 0;
  std::int64_t generatedTokens = 0;
  std::int64_t promptTokens = 0;
  std::int64_t cachedPromptTokens = 0;
  std::int64_t preemptions = 0;
  double samplingMs = 0;
};

/// Continuous batching: one thread that, step by step, admits requests, decodes the next tokens of all
/// sequences together with chunks of new prompts, chooses tokens and reports them.
///
/// Public members may be called on any thread.
class Scheduler {
 public:
  /// Receives all events of a step at once, on the scheduler's thread. Each call must be answered by
  /// acknowledge().
  using StepCallback = std::function<void(std::vector<Event>)>;

  Scheduler(std::unique_ptr<LogitsSource> source, const SchedulerOptions& options, StepCallback onStep);
  /// Stops; running requests get no further events.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Makes room for requests with beams; needed before the first is submitted.
  /// @throws std::runtime_error if there is no memory for them
  void prepareBeams();
  void submit(RequestSpec spec);
  /// Makes room for hidden states; needed before the first embed().
  /// @throws std::runtime_error if there is no memory for them
  void prepareEmbeddings();
  /// Hidden states are computed between steps, a batch after each.
  void embed(EmbedSpec spec);
  /// Ends a job, which hears of it. Unknown or finished ones are passed over.
  void cancelEmbed(std::uint64_t id);
  /// Ends one sequence, or all if `sequence` is negative. Unknown or finished ones are passed over.
  void cancel(std::uint64_t requestId, std::int32_t sequence);
  /// A paused request keeps its slots and is not decoded.
  void setPaused(std::uint64_t requestId, bool paused);
  /// Says that a step's events have left the process. The scheduler waits while too many are unacknowledged.
  void acknowledge();
  /// Ends the thread, also in the middle of a decode. Idempotent; not for the scheduler's own thread.
  void stop();
  SchedulerStats stats() const;

 private:
  struct Cancel {
    std::uint64_t requestId;
    std::int32_t sequence;
  };
  struct Pause {
    std::uint64_t requestId;
    bool paused;
  };
  struct CancelEmbed {
    std::uint64_t id;
  };
  using Command = std::variant<RequestSpec, Cancel, Pause, EmbedSpec, CancelEmbed>;
  /// A sequence's part of the batch.
  struct Share {
    Sequence* sequence;
    std::int32_t tokens;
    std::size_t last;  ///< batch index of its last token
  };

  // scheduler.cc: the thread, its commands and what it reports
  void enqueue(Command command);
  void run();
  bool waitForWork(std::vector<Command>& commands);
  std::optional<Clock::time_point> nextDeadline() const;
  void executeAll(std::vector<Command>& commands);
  void executeOne(Command& command);
  void execute(RequestSpec spec);
  void execute(const Cancel& cancel);
  void execute(const Pause& pause);
  void execute(EmbedSpec spec) { embedJobs_.add(std::move(spec)); }
  void execute(const CancelEmbed& cancel) { embedJobs_.cancel(cancel.id); }
  void expireDeadlines();
  void removeFinished();
  void publish();
  void report(const Sequence& sequence, Event event);
  void reportResult(const Request& request, std::int32_t result, Event event);
  std::string endOf(std::span<const std::int32_t> tokens, std::size_t bytes) const;
  TextStart textStart(const RequestSpec& spec) const;

  // admission.cc: who has a slot
  void admitWaiting();
  Sequence* nextWaiting(bool admitsStreams, bool admitsBeams) const;
  Sequence* nextWaiting(Priority priority, bool hasStreamSlot, std::int32_t& beamSlots) const;
  bool mayJoin(const Request& search) const;
  bool hasRoomFor(const Sequence& sequence) const;
  static std::int64_t rowCells(const Sequence& sequence);
  void admit(Sequence& sequence);
  void admitBeams(Request& request);
  Failure tooLarge(const Sequence& sequence) const;
  bool makeRoom();
  void preempt(Sequence& sequence);
  void leaveLead(Sequence& lead);

  // priority.cc: what gives way
  void freeSlotsForInteractive();
  bool freeCellsForInteractive(const Sequence& waiting);
  Sequence* youngestBackground(std::int32_t pool, bool orSearch) const;
  void holdBackground(std::vector<Sequence*>& active);
  std::int32_t promptShare(const Sequence& sequence, std::int32_t budget) const;
  void bookBackground();

  // stepping.cc: one step
  void step();
  std::vector<Sequence*> activeSequences() const;
  void decodeByThemselves(const std::vector<Sequence*>& active);
  std::vector<Sequence*> takeTurn(const std::vector<Sequence*>& active);
  void buildBatch(const std::vector<Sequence*>& sequences);
  std::int32_t pendingChunk(const Sequence& sequence) const;
  std::int32_t promptBudget() const;
  std::int32_t scoredRowsPerBatch() const;
  void learnPromptSpeed(Clock::duration elapsed);
  void addShare(Sequence& sequence, std::int32_t tokens);
  void decode(const std::vector<Sequence*>& sequences);
  void accept(const Share& share);
  void scorePrompt(const Share& share);
  void takeLogits(Sequence& sequence, std::span<const float> logits);
  void finishWithPrompt(Sequence& lead);
  void completePrompt(Sequence& lead);
  void chooseNext(Sequence& sequence, std::span<const float> logits);
  void finish(Sequence& sequence, FinishReason reason);
  void fail(Request& request, const Failure& failure);

  // beam_stepping.cc: one step of a search
  void proposeNext(Sequence& beam, std::span<const float> logits);
  void resumeFollowers(Sequence& lead);
  std::optional<FinishReason> beamEnd(const Sequence& beam, std::int32_t token) const;
  void advanceBeams(Request& request);
  void stopBeams(Request& request, FinishReason reason);
  void finishBeams(Request& request, FinishReason otherwise = FinishReason::exhausted);
  void reportHypothesis(const Request& request, std::int32_t result, const Hypothesis& hypothesis,
                        const SearchTokens& search);
  void cancelResult(Request& request, std::int32_t result);
  void releaseBeams(Request& request);
  void giveSlotsBack(Request& search);

  const std::unique_ptr<LogitsSource> source_;
  const SchedulerOptions options_;
  const StepCallback onStep_;

  // Scheduler thread only.
  KvCache cache_;
  TokenStep tokenStep_;
  EmbedJobs embedJobs_;
  std::list<std::unique_ptr<Request>> requests_;  ///< in order of arrival
  std::unordered_map<std::uint64_t, Request*> byId_;
  std::vector<BatchToken> batch_;
  std::vector<Share> shares_;
  std::int32_t activeCount_ = 0;        ///< sequences that have work in this step, whatever their adapters;
                                        ///< not those that give way to others
  std::int32_t decodingElsewhere_ = 0;  ///< those that are decoding but have other adapters than the batch
  std::int32_t adapterSet_ = 0;         ///< whose turn it is
  Clock::time_point turnStart_;
  bool besideInteractive_ = false;  ///< background sequences have work, and interactive ones have
  double backgroundRest_ = 0;       ///< steps that background sequences still leave to interactive ones
  std::vector<Event> events_;
  SchedulerStats counters_;
  double msPerPromptToken_ = 0;  ///< moving average; 0 until it is known
  bool stalled_ = true;  ///< the last step could do nothing: only a command or a deadline changes that

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Command> commands_;
  int unacknowledged_ = 0;
  bool stopping_ = false;
  SchedulerStats published_;

  std::thread thread_;  // last, so that it starts when everything else is there
};

}  // namespace glossa
