/**
 * What `promise` gives, unless `signal` is aborted first; then it rejects with `reason()`. The promise itself
 * goes on: others may be waiting for it too.
 */
export async function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  reason: () => Error,
): Promise<T> {
  if (signal.aborted) throw reason();
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      reject(reason());
    };
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}
