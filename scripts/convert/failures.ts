import { GlossaError } from '../../src/errors.js';
import { FormatError, quote } from './format-error.js';
import { knownName } from './temporary-file.js';

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
  EISDIR: 'expected a file, received a folder',
  ENOTDIR: 'expected a folder, received a file',
  ELOOP: 'links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
};

/** Anything thrown in a conversion as a GlossaError; broken input and failing files become CONVERSION_FAILED. */
export function asConversionError(error: unknown): GlossaError {
  if (error instanceof FormatError)
    return new GlossaError('CONVERSION_FAILED', error.message, { cause: error });
  const { code, syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : SYSTEM_MESSAGES[code];
  // A failing system call is the world's fault, whether or not we have words for it.
  if (code === undefined || (known === undefined && syscall === undefined)) return GlossaError.from(error);
  const file = path === undefined ? '' : `: ${quote(knownName(path))}`;
  const message = `${known ?? 'a file operation failed'}${file} (${syscall ?? 'file system'}, ${code})`;
  return new GlossaError('CONVERSION_FAILED', message, { cause: error });
}
