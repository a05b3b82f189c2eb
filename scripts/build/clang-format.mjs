// clang-format over all of native/; the arguments are its own (-i to write, --dry-run --Werror to check).
import { spawnSync } from 'node:child_process';
import path from 'node:path';

import { nativeSources, root } from './native-sources.mjs';

const cli = path.join(root, 'node_modules/clang-format-node/build/cli.js');
const result = spawnSync(process.execPath, [cli, ...process.argv.slice(2), ...nativeSources('.h', '.cc')], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = result.status ?? 1;
