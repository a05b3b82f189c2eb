/**
 * The one error family of Glossa. A dialect renders these in its API's own shape, in one place.
 *
 * Messages are safe to show to a client: they never hold a prompt, a key or a local path. What only the
 * operator may see goes into `cause`, which is logged and never sent.
 */
export type ErrorCode =
  | 'INVALID_REQUEST' // the request breaks a rule that its sender can mend; never worth repeating unchanged
  | 'CONTEXT_OVERFLOW' // prompt plus new tokens exceed what one sequence can hold
  | 'MODEL_NOT_FOUND' // no model of that id or alias is configured
  | 'TASK_NOT_FOUND' // the key that asks has no task of that id, or none any more
  | 'MODEL_LOAD_FAILED' // the model's file is missing, malformed or does not fit
  | 'MODEL_LOADING' // the model is still loading; worth repeating
  | 'OVERLOADED' // a bounded queue is full; worth repeating later
  | 'RATE_LIMITED' // the API key has used up one of its limits; worth repeating later
  | 'OUT_OF_MEMORY' // the model runs, but has no memory for what this request needs
  | 'ENGINE_CRASHED' // the model's process died under the request
  | 'CANCELLED' // the request was cancelled by its own side
  | 'CLOSED' // the engine or the server is shutting down
  | 'UNAUTHORIZED' // API keys are configured and the request carries none of them
  | 'FORBIDDEN' // the request's Host is none that this server answers to
  | 'ROUTE_NOT_FOUND' // no such method and path
  | 'BODY_TOO_LARGE' // the request's body exceeds the limit
  | 'REQUEST_TIMEOUT' // the request did not arrive in time
  | 'CONFIG_INVALID' // configuration file, environment or flags
  | 'NATIVE_UNAVAILABLE' // the addon or the requested backend (CUDA, ...) can't be opened
  | 'CONVERSION_FAILED' // a checkpoint can't be converted
  | 'INTERNAL'; // a defect of ours

/** What an error may have besides its code and message. */
export interface GlossaErrorOptions {
  readonly cause?: unknown;
  readonly param?: string;
  readonly retryAfterSeconds?: number;
}

export class GlossaError extends Error {
  override readonly name = 'GlossaError';
  readonly code: ErrorCode;
  /** The offending parameter, in the vocabulary of the request ("prompt", "temperature"), if there is one. */
  readonly param: string | undefined;
  /** After how many whole seconds repeating makes sense, where that is known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: GlossaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.param = options.param;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** Any thrown value as a GlossaError; what is not ours becomes INTERNAL with the original as its cause. */
  static from(error: unknown): GlossaError {
    if (error instanceof GlossaError) return error;
    return new GlossaError('INTERNAL', 'an internal error occurred', { cause: error });
  }
}
