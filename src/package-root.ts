import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = findPackageRoot(dirname(fileURLToPath(import.meta.url)));

/** Folder of this package: where package.json, native/ and models/ are, from the sources and from dist/ alike. */
export function packageRoot(): string {
  return root;
}

function findPackageRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('package.json is missing');
  return findPackageRoot(parent);
}
