#include "engine/embed_jobs.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <stdexcept>
#include <utility>

namespace glossa {

namespace {

/// How long a batch may take while streams are decoding: what their readers wait.
constexpr double kMsBesideStreams = 100;
/// Fewer tokens than this in a batch would waste the pass over the weights.
constexpr std::int32_t kLeastTokens = 32;
/// Reproducible mode cuts inputs at multiples of this.
constexpr std::int32_t kFixedChunk = 128;

}  // namespace

void EmbedJobs::add(EmbedSpec spec) {
  if (spec.inputs.empty()) {
    spec.onDone({});
    return;
  }
  try {
    jobs_.push_back(std::make_shared<Job>());
  } catch (const std::exception& error) {
    spec.onDone({{}, error.what()});
    return;
  }
  Job& job = *jobs_.back();
  job.unfinished = spec.inputs.size();
  job.spec = std::move(spec);
}

void EmbedJobs::cancel(std::uint64_t id) {
  const auto found =
      std::find_if(jobs_.begin(), jobs_.end(), [id](const auto& job) { return job->spec.id == id; });
  if (found == jobs_.end()) return;
  const std::shared_ptr<Job> job = std::move(*found);
  jobs_.erase(found);
  if (job->evaluated > 0) source_.embeddings().removeCells(job->sequence);
  job->spec.onDone({{}, "the request was cancelled"});
}

void EmbedJobs::advance(bool besideStreams) {
  if (jobs_.empty()) return;
  try {
    buildBatch(budget(besideStreams));
    evaluate();
  } catch (const std::exception& error) {
    failBatch(error.what());
  }
  // They keep jobs alive.
  pieces_.clear();
}

/// Tokens that the next batch may have.
std::int32_t EmbedJobs::budget(bool besideStreams) const {
  // All inputs share the cells. The one that is partly there fits, as it is no longer than the context.
  const std::int32_t cells = source_.contextSize() - jobs_.front()->evaluated;
  const std::int32_t largest = std::min(source_.embeddings().batchSize(), cells);
  if (reproducible_) return std::min(kFixedChunk, largest);
  if (!besideStreams) return largest;
  const double affordable = msPerToken_ > 0 ? kMsBesideStreams / msPerToken_ : kLeastTokens;
  const auto tokens = static_cast<std::int32_t>(std::min<double>(affordable, largest));
  return std::min(std::max(tokens, kLeastTokens), largest);
}

void EmbedJobs::buildBatch(std::int32_t budget) {
  batch_.clear();
  if (jobs_.front()->evaluated == 0) {
    source_.embeddings().clear();
    nextSequence_ = 0;
  }
  const std::int32_t adapterSet = jobs_.front()->spec.adapterSet;
  // Inputs that are together decide how kernels group their sums.
  const std::size_t most = reproducible_ ? 1 : static_cast<std::size_t>(source_.embeddings().sequences());
  while (budget > 0 && pieces_.size() < most && !jobs_.empty()) {
    const std::shared_ptr<Job> job = jobs_.front();
    if (job->spec.adapterSet != adapterSet) return;
    const auto left = static_cast<std::int32_t>(job->spec.inputs[job->next].size()) - job->evaluated;
    addPiece(job, std::min(left, budget));
    if (left > budget) return;
    budget -= left;
    job->evaluated = 0;
    ++job->next;
    jobs_.pop_front();
    if (job->next < job->spec.inputs.size()) jobs_.push_back(job);
  }
}

void EmbedJobs::addPiece(const std::shared_ptr<Job>& job, std::int32_t tokens) {
  if (job->evaluated == 0) {
    // Consecutive numbers, so that none is met twice in a batch, nor the one whose cells are kept.
    job->sequence = nextSequence_;
    nextSequence_ = (nextSequence_ + 1) % source_.embeddings().sequences();
  }
  const auto& input = job->spec.inputs[job->next];
  pieces_.push_back({job, job->next, job->sequence, job->evaluated, tokens, batch_.size()});
  for (std::int32_t position = job->evaluated; position < job->evaluated + tokens; ++position) {
    batch_.push_back({input[static_cast<std::size_t>(position)], position, job->sequence, true});
  }
  job->evaluated += tokens;
}

void EmbedJobs::evaluate() {
  const auto start = Clock::now();
  const std::int32_t adapterSet = pieces_.front().job->spec.adapterSet;
  switch (source_.embeddings().decode(batch_, adapterSet)) {
    case DecodeStatus::ok:
      break;
    case DecodeStatus::aborted:
      return;
    default:
      throw std::runtime_error("the backend failed to decode a batch of inputs");
  }
  const auto size = static_cast<std::int32_t>(batch_.size());
  if (size >= std::min(kLeastTokens, source_.embeddings().batchSize())) {
    const double measured = std::chrono::duration<double, std::milli>(Clock::now() - start).count() / size;
    msPerToken_ = msPerToken_ <= 0 ? measured : 0.75 * msPerToken_ + 0.25 * measured;
  }
  for (const Piece& piece : pieces_) {
    if (piece.job->unfinished == 0) continue;
    try {
      accept(piece);
    } catch (const std::exception& error) {
      failJob(piece.job, error.what());
    }
  }
}

/// Adds up in double precision, so that it does not matter where an input was cut.
void EmbedJobs::accept(const Piece& piece) {
  EmbeddingSource& embeddings = source_.embeddings();
  Job& job = *piece.job;
  const auto size = static_cast<std::int32_t>(job.spec.inputs[piece.input].size());
  if (piece.from == 0) job.sum.assign(embeddings.width(), 0.0);
  for (std::int32_t i = 0; i < piece.tokens; ++i) {
    const std::int32_t position = piece.from + i;
    if (embeddings.pooling() == Pooling::cls && position != 0) break;
    if (embeddings.pooling() == Pooling::last && position + 1 != size) continue;
    const auto state = embeddings.hiddenState(piece.first + static_cast<std::size_t>(i));
    for (std::size_t k = 0; k < state.size(); ++k) job.sum[k] += static_cast<double>(state[k]);
  }
  if (piece.from + piece.tokens == size) finishInput(piece);
}

/// Dividing by the number of tokens would change nothing, as the vector is normalised.
void EmbedJobs::finishInput(const Piece& piece) {
  Job& job = *piece.job;
  source_.embeddings().removeCells(piece.sequence);
  const std::size_t width = job.sum.size();
  double squares = 0;
  for (const double value : job.sum) squares += value * value;
  const double norm = std::sqrt(squares);
  if (!std::isfinite(norm)) throw std::runtime_error("the model's hidden states are no finite numbers");
  job.outcome.vectors.resize(job.spec.inputs.size() * width);
  for (std::size_t k = 0; k < width; ++k) {
    job.outcome.vectors[piece.input * width + k] = static_cast<float>(norm > 0 ? job.sum[k] / norm : 0);
  }
  if (--job.unfinished == 0) job.spec.onDone(std::exchange(job.outcome, {}));
}

/// Ends one job of the batch; the others keep their cells.
void EmbedJobs::failJob(const std::shared_ptr<Job>& job, const std::string& reason) {
  // Its onDone has been called.
  if (job->unfinished == 0) return;
  job->unfinished = 0;
  jobs_.remove(job);
  for (const Piece& piece : pieces_) {
    if (piece.job == job) source_.embeddings().removeCells(piece.sequence);
  }
  job->spec.onDone({{}, reason});
}

/// Ends the jobs that have inputs in the batch.
void EmbedJobs::failBatch(const std::string& reason) {
  // Without a batch there was no memory to build it: whoever is first has asked for too much.
  if (pieces_.empty()) pieces_.push_back({jobs_.front(), 0, 0, 0, 0, 0});
  for (const Piece& piece : pieces_) {
    if (piece.job->unfinished == 0) continue;
    piece.job->unfinished = 0;
    jobs_.remove(piece.job);
    piece.job->spec.onDone({{}, reason});
  }
  // Another job's input is not among the cells: only the first can have a part of one there.
}

}  // namespace glossa
