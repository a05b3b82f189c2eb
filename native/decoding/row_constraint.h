#pragma once

#include <cstdint>
#include <memory>

#include "decoding/score_row.h"

namespace glossa {

/// What a row may go on with, as far as it has been generated: the state of a grammar. Forked with its row.
class RowConstraint {
 public:
  virtual ~RowConstraint() = default;
  virtual std::unique_ptr<RowConstraint> clone() const = 0;
  /// Drops every token that may not come next. The row is dense.
  virtual void restrict(ScoreRow& row) const = 0;
  /// Moves on by a generated token; one that was not permitted is a logic error.
  virtual void accept(std::int32_t token) = 0;
  /// Whether nothing but the end may come next.
  virtual bool isComplete() const = 0;
};

}  // namespace glossa
