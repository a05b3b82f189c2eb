import { GlossaError } from '../../src/errors.js';
import { FormatError } from './format-error.js';

/** What a failing file operation means to the person converting, by the system's code. */
const SYSTEM_MESSAGES: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is exhausted',
  EFBIG: 'the file would be too large for its file system',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'a file disappeared or never was there',
  EIO: 'the device failed',
  EMFILE: 'too many files are open',
};

/** Anything thrown in a conversion as a GlossaError; broken input and failing files become CONVERSION_FAILED. */
export function asConversionError(error: unknown): GlossaError {
  if (error instanceof FormatError)
    return new GlossaError('CONVERSION_FAILED', error.message, { cause: error });
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  const message = code === undefined ? undefined : SYSTEM_MESSAGES[code];
  if (message === undefined) return GlossaError.from(error);
  return new GlossaError('CONVERSION_FAILED', `${message} (${syscall ?? 'file system'}, ${code ?? ''})`, {
    cause: error,
  });
}
