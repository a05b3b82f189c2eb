/** In UTF-16 units; a list of all architectures takes 300. */
const MAX_MESSAGE = 1000;

/**
 * A file that breaks the rules of its format. The converter turns it into CONVERSION_FAILED, a model loader
 * into MODEL_LOAD_FAILED. The message names the offending key or tensor and never a path.
 */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  /** The format whose rules are broken, e.g. "GGUF" or "safetensors". */
  readonly format: string;

  constructor(format: string, message: string, options: { cause?: unknown } = {}) {
    super(
      oneLine(`${format}: ${message}`),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.format = format;
  }
}

/** Messages quote what files hold, and a file must not put lines of its own before the reader's eyes. */
function oneLine(message: string): string {
  const escaped = message.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
  return escaped.length > MAX_MESSAGE ? `${escaped.slice(0, MAX_MESSAGE - 3)}...` : escaped;
}

/** A name out of a file for use in a message: quoted, control characters escaped, at most 80 characters. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}
