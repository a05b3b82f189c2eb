import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { GlossaError } from '../../src/errors.js';
import { FormatError } from './format-error.js';
import { readGguf } from './gguf/reader.js';
import type { OutputTypeName } from './output-types.js';
import { TemporaryFile } from './temporary-file.js';
import type { ConversionListeners } from './write-tensors.js';

/** With less free than this, a quantiser that failed did so for want of space. */
const FULL_BELOW_BYTES = 1024 * 1024;

/** Quantises a GGUF file into another one. The addon's is src/engine/quantize.ts. */
export type QuantizeFile = (options: {
  readonly input: string;
  readonly output: string;
  /** llama.cpp's name of the file type in lower case, e.g. "q4_k_m". */
  readonly fileType: string;
  readonly threads?: number | undefined;
  /** Hears the share of the work that is done, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}) => Promise<void>;

interface QuantizeOptions extends ConversionListeners {
  readonly threads?: number | undefined;
  readonly quantize?: QuantizeFile | undefined;
}

/**
 * Has a file written unquantised beside another one and quantises it into that. The unquantised file is gone
 * afterwards, whatever happened; the other one is its owner's to commit or to discard.
 */
export async function quantizeInto(
  output: TemporaryFile,
  outtype: OutputTypeName,
  writeUnquantized: (target: TemporaryFile) => Promise<void>,
  options: QuantizeOptions,
): Promise<void> {
  const input = TemporaryFile.beside(output.finalPath);
  try {
    await writeUnquantized(input);
    const quantize = options.quantize ?? (await loadQuantizer());
    const onProgress = (fraction: number): void => options.onProgress?.({ phase: 'quantize', fraction });
    onProgress(0);
    await quantize({
      input: input.path,
      output: output.path,
      fileType: outtype,
      threads: options.threads,
      onProgress,
    }).catch(async (error: unknown) => {
      throw await explained(error, dirname(output.path));
    });
    onProgress(1);
    await checkSameTensors(input.path, output.path);
  } finally {
    await input.discard();
  }
}

/** llama.cpp calls a full disk "iostream error" (v0.5.0): whether it is one can still be seen. */
async function explained(error: unknown, folder: string): Promise<unknown> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= FULL_BELOW_BYTES) return error;
  return new GlossaError('CONVERSION_FAILED', 'no space is left on the device (quantiser)', { cause: error });
}

/** Only when it is needed: it loads the native addon. */
async function loadQuantizer(): Promise<QuantizeFile> {
  const { quantizeFile } = await import('../../src/engine/quantize.js');
  return quantizeFile;
}

/** The quantiser's word is not enough: the file must be whole and hold every tensor in its shape. */
async function checkSameTensors(input: string, output: string): Promise<void> {
  const shapes = async (path: string): Promise<string> => {
    const { tensors } = await readGguf(path);
    return tensors
      .map(({ name, dimensions }) => `${name} ${dimensions.join('x')}`)
      .sort()
      .join('\n');
  };
  if ((await shapes(input)) !== (await shapes(output))) {
    throw new FormatError('GGUF', 'the quantiser lost or changed tensors');
  }
}
