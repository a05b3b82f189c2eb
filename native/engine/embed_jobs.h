#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "engine/embedding_source.h"
#include "engine/request.h"

namespace glossa {

/// What became of a job.
struct EmbedOutcome {
  std::vector<float> vectors;  ///< one after the other, each of Euclidean norm 1
  std::string failure;         ///< why there are none; empty if there are
};

/// Inputs to be embedded together.
struct EmbedSpec {
  std::uint64_t id = 0;
  std::vector<std::vector<std::int32_t>> inputs;  ///< each of 1 to contextSize() tokens
  std::int32_t adapterSet = 0;
  /// Called once, on the scheduler's thread, unless that ends before.
  std::function<void(EmbedOutcome)> onDone;
};

/// Jobs that wait for their vectors. They take turns, input by input; those beside each other share batches,
/// and one that is longer than a batch is cut. Used by the scheduler thread only.
class EmbedJobs {
 public:
  EmbedJobs(LogitsSource& source, bool reproducible) : source_(source), reproducible_(reproducible) {}

  /// Without memory for it, the job fails.
  void add(EmbedSpec spec);
  /// An unknown or finished one is passed over.
  void cancel(std::uint64_t id);
  bool isEmpty() const { return jobs_.empty(); }
  /// Evaluates one batch, a small one if streams wait for it. If that fails, so do the jobs in it; if an
  /// input's hidden states are not finite, only its own.
  void advance(bool besideStreams);

 private:
  struct Job {
    EmbedSpec spec;
    EmbedOutcome outcome;
    std::size_t unfinished = 0;  ///< inputs
    std::size_t next = 0;        ///< first input that is not wholly in a batch yet
    std::int32_t evaluated = 0;  ///< tokens of it whose cells exist
    std::int32_t sequence = 0;   ///< where these are
    std::vector<double> sum;     ///< of its hidden states, as far as pooling wants them
  };
  /// An input's part of the batch.
  struct Piece {
    std::shared_ptr<Job> job;
    std::size_t input;
    std::int32_t sequence;
    std::int32_t from;
    std::int32_t tokens;
    std::size_t first;  ///< batch index of its first token
  };

  std::int32_t budget(bool besideStreams) const;
  void buildBatch(std::int32_t budget);
  void addPiece(const std::shared_ptr<Job>& job, std::int32_t tokens);
  void evaluate();
  void accept(const Piece& piece);
  void finishInput(const Piece& piece);
  void failJob(const std::shared_ptr<Job>& job, const std::string& reason);
  void failBatch(const std::string& reason);

  LogitsSource& source_;
  const bool reproducible_;
  /// In the order in which they are served. Only the first can have an input that is partly evaluated.
  std::list<std::shared_ptr<Job>> jobs_;
  std::vector<BatchToken> batch_;
  std::vector<Piece> pieces_;  ///< of the batch; empty between batches
  std::int32_t nextSequence_ = 0;
  double msPerToken_ = 0;  ///< moving average; 0 until it is known
};

}  // namespace glossa
