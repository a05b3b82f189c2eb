#include "engine/scheduler.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace glossa {

namespace {

/// Steps that may be on their way out of the process. A slow consumer then stops the decoding, not the
/// memory.
constexpr int kUnacknowledgedLimit = 32;
/// Of a UTF-8 character that is not whole there are so many bytes at most.
constexpr std::size_t kUnfinishedBytes = 3;

}  // namespace

Scheduler::Scheduler(std::unique_ptr<LogitsSource> source, const SchedulerOptions& options,
                     StepCallback onStep)
    : source_(std::move(source)),
      options_(options),
      onStep_(std::move(onStep)),
      cache_(*source_, options.cacheRamBytes, !options.reproducible),
      tokenStep_(*source_),
      embedJobs_(*source_, options.reproducible),
      thread_([this] { run(); }) {}

Scheduler::~Scheduler() {
  stop();
}

void Scheduler::enqueue(Command command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  wake_.notify_one();
}

void Scheduler::prepareBeams() {
  source_->prepareBeams();
}
void Scheduler::submit(RequestSpec spec) {
  enqueue(std::move(spec));
}
void Scheduler::cancel(std::uint64_t requestId, std::int32_t sequence) {
  enqueue(Cancel{requestId, sequence});
}
void Scheduler::setPaused(std::uint64_t requestId, bool paused) {
  enqueue(Pause{requestId, paused});
}

void Scheduler::prepareEmbeddings() {
  source_->embeddings().prepare();
}
void Scheduler::embed(EmbedSpec spec) {
  enqueue(std::move(spec));
}
void Scheduler::cancelEmbed(std::uint64_t id) {
  enqueue(CancelEmbed{id});
}

void Scheduler::acknowledge() {
  {
    const std::lock_guard lock(mutex_);
    --unacknowledged_;
  }
  wake_.notify_one();
}

void Scheduler::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  source_->requestAbort();
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

SchedulerStats Scheduler::stats() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

void Scheduler::run() {
  publish();
  std::vector<Command> commands;
  while (waitForWork(commands)) {
    if (!commands.empty()) stalled_ = false;
    try {
      executeAll(commands);
      expireDeadlines();
      admitWaiting();
      step();
    } catch (const std::exception& error) {
      // A defect of ours or no memory left: the requests at hand are lost, the engine is not.
      for (const auto& request : requests_) fail(*request, {Fault::engine, error.what(), {}});
    }
    removeFinished();
    publish();
    embedJobs_.advance(!stalled_);
  }
}

/// Blocks until there is something to do; false when the scheduler stops.
bool Scheduler::waitForWork(std::vector<Command>& commands) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] {
    const bool hasWork = !stalled_ || !embedJobs_.isEmpty();
    return stopping_ || !commands_.empty() || (hasWork && unacknowledged_ < kUnacknowledgedLimit);
  };
  if (const auto deadline = nextDeadline()) {
    if (!wake_.wait_until(lock, *deadline, ready)) stalled_ = false;
  } else {
    wake_.wait(lock, ready);
  }
  commands.swap(commands_);
  return !stopping_;
}

std::optional<Clock::time_point> Scheduler::nextDeadline() const {
  std::optional<Clock::time_point> next;
  for (const auto& request : requests_) {
    if (request->spec.deadline && (!next || *request->spec.deadline < *next)) next = request->spec.deadline;
  }
  return next;
}

/// One that can't be executed, for lack of memory, takes none of the others with it.
/// @throws what the first one threw that could not be told of it, when all were tried
void Scheduler::executeAll(std::vector<Command>& commands) {
  std::exception_ptr firstError;
  for (Command& command : std::exchange(commands, {})) {
    try {
      executeOne(command);
    } catch (const std::exception&) {
      if (!firstError) firstError = std::current_exception();
    }
  }
  if (firstError) std::rethrow_exception(firstError);
}

/// Ends a request that can't be begun; embedJobs_ does so for its own.
void Scheduler::executeOne(Command& command) {
  const auto* spec = std::get_if<RequestSpec>(&command);
  const std::uint64_t id = spec == nullptr ? 0 : spec->id;
  try {
    std::visit([this](auto&& content) { execute(std::forward<decltype(content)>(content)); },
               std::move(command));
  } catch (const std::exception& error) {
    if (spec == nullptr || byId_.contains(id)) throw;
    events_.push_back(
        {.type = Event::Type::failed, .requestId = id, .failure = {Fault::engine, error.what(), {}}});
  }
}

void Scheduler::execute(RequestSpec spec) {
  const TextStart start = textStart(spec);
  auto request = std::make_unique<Request>(std::move(spec), source_->vocabularySize(), start);
  requests_.push_back(std::move(request));
  byId_.emplace(requests_.back()->spec.id, requests_.back().get());
}

void Scheduler::execute(const Cancel& cancel) {
  const auto found = byId_.find(cancel.requestId);
  if (found == byId_.end()) return;
  Request& request = *found->second;
  const std::int32_t results = request.spec.numReturnSequences;
  for (std::int32_t index = 0; index < results; ++index) {
    if (cancel.sequence >= 0 && cancel.sequence != index) continue;
    if (request.beams) {
      cancelResult(request, index);
    } else {
      finish(*request.sequences[static_cast<std::size_t>(index)], FinishReason::cancelled);
    }
  }
}

void Scheduler::execute(const Pause& pause) {
  const auto found = byId_.find(pause.requestId);
  if (found != byId_.end()) found->second->paused = pause.paused;
}

void Scheduler::expireDeadlines() {
  const auto now = Clock::now();
  for (const auto& request : requests_) {
    if (!request->spec.deadline || *request->spec.deadline > now) continue;
    if (request->isFinished()) continue;
    if (request->beams) {
      stopBeams(*request, FinishReason::deadline);
      continue;
    }
    for (const auto& sequence : request->sequences) finish(*sequence, FinishReason::deadline);
  }
}

void Scheduler::removeFinished() {
  requests_.remove_if([this](const auto& request) {
    if (!request->isFinished()) return false;
    byId_.erase(request->spec.id);
    return true;
  });
}

void Scheduler::report(const Sequence& sequence, Event event) {
  event.generatedTokens = sequence.generated();
  reportResult(sequence.request, sequence.index, std::move(event));
}

void Scheduler::reportResult(const Request& request, std::int32_t result, Event event) {
  event.requestId = request.spec.id;
  event.sequence = result;
  events_.push_back(std::move(event));
}

/// The text of the last tokens, of as many as it takes for so many bytes.
std::string Scheduler::endOf(std::span<const std::int32_t> tokens, std::size_t bytes) const {
  std::string text;
  for (auto token = tokens.rbegin(); token != tokens.rend() && text.size() < bytes; ++token) {
    text.insert(0, source_->piece(*token));
  }
  return text;
}

/// What a request's text goes on from: the prompt, as far as a stop string may begin in it, and a character
/// that the continued tokens leave unfinished.
TextStart Scheduler::textStart(const RequestSpec& spec) const {
  const std::span<const std::int32_t> prompt(spec.prompt);
  const std::string continued =
      endOf(prompt.last(static_cast<std::size_t>(spec.continuedTokens)), kUnfinishedBytes);
  TextStart start{{}, continued.substr(wholeCodePoints(continued))};
  if (!spec.stopStringsSpanPrompt) return start;
  const std::size_t reach = StopStrings(spec.stopStrings).reach();
  // A code point that is cut at the beginning lies before what is kept.
  std::string bytes = endOf(prompt, reach + kUnfinishedBytes + start.unfinished.size());
  bytes.resize(bytes.size() - start.unfinished.size());
  const std::string context = toValidUtf8(bytes);
  start.context = context.substr(context.size() - std::min(context.size(), reach));
  return start;
}

void Scheduler::publish() {
  SchedulerStats stats = counters_;
  for (const auto& request : requests_) {
    const auto& sequences = request->sequences;
    const auto holding =
        std::count_if(sequences.begin(), sequences.end(), [](const auto& s) { return s->holdsSlot(); });
    stats.activeSequences += holding;
    (holding > 0 ? stats.activeRequests : stats.queuedRequests) += 1;
  }
  stats.usedCells = cache_.usedCells(SlotKind::stream);
  stats.totalCells = source_->slotGroup(SlotKind::stream).cells;
  stats.usedBeamCells = cache_.usedCells(SlotKind::beam);
  stats.totalBeamCells = source_->slotGroup(SlotKind::beam).cells;
  stats.cachedPrefixes = static_cast<std::int64_t>(cache_.store().size());
  stats.cachedPrefixBytes = static_cast<std::int64_t>(cache_.store().usedBytes());
  {
    const std::lock_guard lock(mutex_);
    published_ = stats;
    if (!events_.empty()) ++unacknowledged_;
  }
  if (!events_.empty()) onStep_(std::exchange(events_, {}));
}

}  // namespace glossa
