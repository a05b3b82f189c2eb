import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of this package: where package.json and models/ are, from the sources and from dist/ alike. */
export const packageRoot = findPackageRoot(dirname(fileURLToPath(import.meta.url)));

/** Version in package.json. */
export function packageVersion(): string {
  const content = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  return content.version;
}

function findPackageRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('package.json is missing');
  return findPackageRoot(parent);
}
