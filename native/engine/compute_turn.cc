#include "engine/compute_turn.h"

#ifndef _WIN32
#include <fcntl.h>

#include <cerrno>
#endif

namespace glossa {

#ifdef _WIN32

ComputeTurn::Holder::~Holder() = default;
ComputeTurn::Holder ComputeTurn::take() const {
  return Holder(-1);
}

#else

namespace {

/// Record locks belong to a process, so that inherited copies of one descriptor exclude each other.
bool setLock(int file, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  int result = 0;
  do {
    result = fcntl(file, F_SETLKW, &lock);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

}  // namespace

ComputeTurn::Holder::~Holder() {
  if (file_ >= 0) setLock(file_, F_UNLCK);
}

ComputeTurn::Holder ComputeTurn::take() const {
  // A descriptor that can't be locked is no reason not to compute.
  return Holder(file_ >= 0 && setLock(file_, F_WRLCK) ? file_ : -1);
}

#endif

}  // namespace glossa
