#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace glossa {

/// Work on libuv's pool behind a promise: `work` runs off the JavaScript thread and may throw, `convert`
/// turns its result into a value on the JavaScript thread. Every asynchronous function of the addon goes
/// through here.
template <typename Result>
class AsyncTask final : public Napi::AsyncWorker {
 public:
  using Work = std::function<Result()>;
  using Convert = std::function<Napi::Value(Napi::Env, Result)>;

  static Napi::Value run(Napi::Env env, Work work, Convert convert) {
    return run(env, {}, std::move(work), std::move(convert));
  }

  /// @param used values whose memory `work` reads or writes: not collected before it is done
  static Napi::Value run(Napi::Env env, std::initializer_list<Napi::Object> used, Work work,
                         Convert convert) {
    auto* task = new AsyncTask(env, std::move(work), std::move(convert));  // deletes itself when done
    for (const Napi::Object& value : used) task->alive_.push_back(Napi::Persistent(value));
    const Napi::Promise promise = task->deferred_.Promise();
    task->Queue();
    return promise;
  }

 protected:
  void Execute() override {
    try {
      result_.emplace(work_());
    } catch (const std::exception& error) {
      SetError(error.what());
    }
  }
  void OnOK() override { deferred_.Resolve(convert_(Env(), std::move(*result_))); }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  AsyncTask(Napi::Env env, Work work, Convert convert)
      : Napi::AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        work_(std::move(work)),
        convert_(std::move(convert)) {}

  Napi::Promise::Deferred deferred_;
  Work work_;
  Convert convert_;
  std::optional<Result> result_;
  /// Released with this task, that is on the JavaScript thread.
  std::vector<Napi::ObjectReference> alive_;
};

/// For work that has no result.
struct Nothing {};
inline Napi::Value toUndefined(Napi::Env env, Nothing /*nothing*/) {
  return env.Undefined();
}

}  // namespace glossa
