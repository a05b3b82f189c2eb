import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Temporary files of this process that must not outlive it. */
const pending = new Set<string>();

/**
 * A name beside a final one, in the same folder so that it can be renamed over it in one step. Whatever ends
 * the process before `commit`, an error, a signal, `process.exit`, removes the file; only SIGKILL and a
 * power cut leave it, and nothing ever stands under the final name but a complete file.
 */
export class TemporaryFile {
  readonly path: string;
  /** The name it gets by `commit`. */
  readonly finalPath: string;

  private constructor(finalPath: string) {
    this.finalPath = finalPath;
    const unique = `${process.pid}-${randomBytes(4).toString('hex')}`;
    this.path = join(dirname(finalPath), `.${basename(finalPath)}.${unique}.tmp`);
  }

  /** Reserves a name; no file is made yet. */
  static beside(finalPath: string): TemporaryFile {
    const file = new TemporaryFile(finalPath);
    if (pending.size === 0) watchProcess();
    pending.add(file.path);
    return file;
  }

  /** Flushes the file to the device and renames it to its final name. */
  async commit(): Promise<void> {
    const handle = await open(this.path, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(this.path, this.finalPath);
    forget(this.path);
    await syncFolder(dirname(this.finalPath));
  }

  /**
   * Removes the file if it is there. Idempotent; harmless after `commit`. Never throws: it cleans up after
   * another failure, which must not be hidden; what cannot be removed now is tried again when the process ends.
   */
  async discard(): Promise<void> {
    if (!pending.has(this.path)) return;
    await rm(this.path, { force: true }).then(
      () => {
        forget(this.path);
      },
      () => undefined,
    );
  }
}

/** The name a person knows a file by: for a temporary one, the final name. */
export function knownName(path: string): string {
  return basename(path).replace(/^\.(.+)\.\d+-[\da-f]{8}\.tmp$/s, '$1');
}

function forget(path: string): void {
  pending.delete(path);
  if (pending.size === 0) unwatchProcess();
}

function removePending(): void {
  for (const path of pending) {
    try {
      rmSync(path, { force: true });
    } catch {
      // The process is ending: there is nobody left to tell, and the others are to be removed still.
    }
  }
  pending.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  removePending();
  unwatchProcess();
  // Having listened suppressed the signal's default, so it is repeated, unless somebody else handles it.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function watchProcess(): void {
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('exit', removePending);
}

function unwatchProcess(): void {
  for (const signal of SIGNALS) process.off(signal, onSignal);
  process.off('exit', removePending);
}

/** Makes a rename durable. Windows cannot open folders and needs no such call. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
