import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import { CACHE_ENV } from '../../../src/config/options.js';

/**
 * Where a snapshot of a model is kept: `<cache>/hub/<owner>--<name>/<commit>/<name>`, with `<cache>` being
 * $GLOSSA_CACHE, else `glossa` in $XDG_CACHE_HOME, else in `~/.cache`. The last part is the model's name
 * because the name of a checkpoint's folder names the result.
 *
 * @param id owner/name
 * @param commit its hash
 */
export function snapshotFolder(id: string, commit: string, env: NodeJS.ProcessEnv): string {
  const name = id.slice(id.indexOf('/') + 1);
  return join(cacheFolder(env), 'hub', id.replace('/', '--'), commit, name);
}

/** Where everything is kept that can be fetched or made again: see `snapshotFolder`. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const { [CACHE_ENV]: own, XDG_CACHE_HOME: shared } = env;
  if (own !== undefined && own !== '') return resolve(own);
  // The XDG base directory specification has relative paths ignored.
  return join(shared !== undefined && isAbsolute(shared) ? shared : join(homedir(), '.cache'), 'glossa');
}
