import { FormatError } from '../format-error.js';
import { GGUF_MAGIC } from './limits.js';

/** What people hand over instead of a GGUF file, by its first four bytes. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  vers: 'a Git LFS pointer; fetch the real file with "git lfs pull"',
  '<!DO': 'a web page',
  '<htm': 'a web page',
  'PK\u0003\u0004': 'a zip archive, perhaps a PyTorch checkpoint',
  lmgg: 'a file in the old GGML format',
  tjgg: 'a file in the old GGJT format',
  fmgg: 'a file in the old GGMF format',
};

/**
 * Checks a file's first bytes.
 *
 * @throws FormatError that says what the file is instead, where that can be told
 */
export function checkMagic(bytes: Uint8Array): void {
  const magic = Buffer.from(bytes).toString('latin1');
  if (magic === GGUF_MAGIC) return;
  const lookalike = LOOKALIKES[magic];
  const received = lookalike ?? `the bytes ${Buffer.from(bytes).toString('hex')}`;
  throw new FormatError('GGUF', `expected the magic "${GGUF_MAGIC}", received ${received}`);
}
