import { stat } from 'node:fs/promises';
import path from 'node:path';

/** Lines of llama.cpp that only say that loading failed. */
const EMPTY_WORDS = /failed to load model(?: from .*)?$/;
/** What llama.cpp's lines begin with: names of functions and of what they were at. */
const PREFIXES = /^(?:(?:\w+|error loading model(?: \w+)?|failed to load model): )+/;
/** Lines that follow a more exact one, if there is one. */
const GENERAL = /^(?:failed to read |found tensors with invalid data)/;

/**
 * Refuses what llama.cpp would explain badly, or wait for without end, such as a pipe.
 *
 * @throws Error with a reason that `reasonOf` gives as it is
 */
export async function checkModelFile(modelPath: string): Promise<void> {
  // What can't be looked at is left to llama.cpp, which names the system's reason.
  const found = await stat(modelPath).catch(() => undefined);
  if (found === undefined) return;
  if (found.isDirectory()) throw new Error('it is a folder, not a GGUF file');
  if (!found.isFile()) throw new Error('it is not a regular file');
  if (found.size === 0) throw new Error('the file is empty');
}

/**
 * The same for an adapter, which the message names.
 *
 * @throws Error with a reason that `reasonOf` gives as it is
 */
export async function checkAdapterFile(adapterPath: string): Promise<void> {
  const name = `adapter ${path.basename(adapterPath)}`;
  const found = await stat(adapterPath).catch(() => undefined);
  if (found === undefined) throw new Error(`${name}: the file is missing or can't be read`);
  if (!found.isFile()) throw new Error(`${name}: it is not a regular file`);
}

/** Why a model could not be loaded, without the folder of its file, which is the operator's business alone. */
export function reasonOf(error: unknown, modelPath: string): string {
  const lines = error instanceof Error ? error.message.split('\n') : [];
  const reasons = lines
    .filter((line) => line.trim() !== '' && !EMPTY_WORDS.test(line))
    .map((line) =>
      line
        .replaceAll(path.dirname(modelPath) + path.sep, '')
        .replace(PREFIXES, '')
        .trim(),
    );
  return reasons.findLast((reason) => !GENERAL.test(reason)) ?? reasons.at(-1) ?? 'llama.cpp gave no reason';
}

/** The failed assertion in the output of a process that aborted; undefined if there is none. */
export function failedAssertion(output: readonly string[]): string | undefined {
  // Without the place in llama.cpp's sources, which stands before it.
  return output
    .map((line) => /GGML_ASSERT\(.*\) failed/.exec(line)?.[0])
    .findLast((found) => found !== undefined);
}
