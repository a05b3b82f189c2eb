#pragma once

namespace glossa {

/// A turn at computing, which engine processes of one server take by locking a file that they all hold.
///
/// ggml's threads wait for each other in spin loops, several hundred times in a step. When two models compute
/// at once on the same cores, each wait can last until the operating system's scheduler puts the missing
/// thread back on a core, and a step can become many times slower than two in a row. So only one model's step
/// runs at a time.
class ComputeTurn {
 public:
  class Holder {
   public:
    explicit Holder(int file) : file_(file) {}
    ~Holder();
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

   private:
    int file_;
  };

  /// @param file a descriptor shared with the other processes; -1 (and any on Windows) computes without
  /// waiting
  explicit ComputeTurn(int file) : file_(file) {}

  /// Waits for the turn and keeps it as long as the holder lives. The system takes it from a process that
  /// dies.
  Holder take() const;

 private:
  int file_;
};

}  // namespace glossa
