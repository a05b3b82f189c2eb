import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Larger files, which are sparse here, are compared by size and time of change alone. */
const HASHED_BYTES = 4 * 1024 * 1024;

/** Everything below a folder, by its path in it: kind, and content or target. Links are not followed. */
export async function snapshot(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), await describeEntry(path)] as const;
    }),
  );
  return Object.fromEntries(found.sort());
}

async function describeEntry(path: string): Promise<string> {
  const stats = await lstat(path);
  if (stats.isDirectory()) return 'folder';
  if (stats.isSymbolicLink()) return `link to ${await readlink(path)}`;
  if (!stats.isFile()) return 'neither file nor folder';
  if (stats.size > HASHED_BYTES) return `file of ${stats.size} bytes, ${stats.mtimeMs}`;
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
