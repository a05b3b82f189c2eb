/**
 * A file that breaks the rules of its format. The converter turns it into CONVERSION_FAILED, a model loader
 * into MODEL_LOAD_FAILED. The message names the offending key or tensor and never a path.
 */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  /** The format whose rules are broken, e.g. "GGUF" or "safetensors". */
  readonly format: string;

  constructor(format: string, message: string, options: { cause?: unknown } = {}) {
    super(`${format}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.format = format;
  }
}

/** A name out of a file for use in a message: quoted, control characters escaped, at most 80 characters. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}
