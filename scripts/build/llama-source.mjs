// Reads files of llama.cpp's source from the git bundle that node-llama-cpp carries: the very release that its
// prebuilt libraries were made from, so headers, vocabularies and libraries always agree. Nothing is downloaded.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Folder `llama/` of the installed node-llama-cpp package. */
function bundleFolder() {
  // The package exports no path but its entry, dist/index.js.
  return path.resolve(path.dirname(fileURLToPath(import.meta.resolve('node-llama-cpp'))), '../llama');
}

/** The llama.cpp release of the bundle, for example "v0.5.0". */
export async function llamaRelease() {
  const info = JSON.parse(await readFile(path.join(bundleFolder(), 'llama.cpp.info.json'), 'utf8'));
  return info.tag;
}

export async function extractFromBundle(paths, destination) {
  const repository = await mkdtemp(path.join(tmpdir(), 'glossa-bundle-'));
  const git = (...args) => run('git', ['--git-dir', repository, ...args], { maxBuffer: 1 << 26 });
  try {
    await mkdir(destination, { recursive: true });
    await git('init', '--quiet', '--bare');
    await git('fetch', '--quiet', '--depth=1', path.join(bundleFolder(), 'gitRelease.bundle'), 'HEAD');
    await git('--work-tree', destination, 'checkout', 'FETCH_HEAD', '--', ...paths);
  } finally {
    await rm(repository, { recursive: true, force: true });
  }
}
