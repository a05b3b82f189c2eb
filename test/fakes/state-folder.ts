import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** A new folder for a server's state, gone at the end of this process unless that is killed. */
export function temporaryStateFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'glossa-state-'));
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
