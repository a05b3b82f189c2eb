import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The descriptor under which a model's process finds the file that turns are taken with: the first after IPC. */
export const TURN_FILE = 4;

let file: number | 'ignore' | null = null;

/**
 * A file without a name that all engine processes of this server inherit and lock in turn
 * (native/engine/compute_turn.h), as an entry of their stdio. Without a writable temporary folder they do without.
 */
export function turnFile(): number | 'ignore' {
  file ??= openNameless();
  return file;
}

function openNameless(): number | 'ignore' {
  // Windows keeps no file without its name; there, turns are not taken.
  if (process.platform === 'win32') return 'ignore';
  try {
    const folder = mkdtempSync(path.join(tmpdir(), 'glossa-'));
    const opened = openSync(path.join(folder, 'turn'), 'w+');
    rmSync(folder, { recursive: true });
    process.once('exit', () => {
      closeSync(opened);
    });
    return opened;
  } catch {
    return 'ignore';
  }
}
