#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>

#include "decoding/score_row.h"

namespace glossa {

/// A constraint can't say what may come next: its grammar can be read in too many ways.
class ConstraintError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a row may go on with, as far as it has been generated: the state of a grammar. Forked with its row.
class RowConstraint {
 public:
  virtual ~RowConstraint() = default;
  virtual std::unique_ptr<RowConstraint> clone() const = 0;
  /// Drops every token that may not come next; all of them in a dead end, where not even the end may come.
  /// The row is dense.
  /// @throws ConstraintError
  virtual void restrict(ScoreRow& row) const = 0;
  /// Moves on by a generated token; one that was not permitted is a logic error.
  /// @throws ConstraintError
  virtual void accept(std::int32_t token) = 0;
  /// Whether nothing but the end may come next, or the end has come. Right at any time, and cheap: no mask.
  virtual bool isComplete() const = 0;
};

}  // namespace glossa
