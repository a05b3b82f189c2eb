// clang-tidy over native/, with the compile commands of the last build. Two files at a time.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

import { nativeSources, root } from './native-sources.mjs';

const platform = { linux: 'linux_x64', darwin: 'darwin_x64', win32: 'win32' }[process.platform];
const tidy = path.join(root, `node_modules/clang-tidy/binaries/${platform}/clang-tidy`);

/** The npm package holds the program without clang's builtin headers (stddef.h and the like): GCC's will do. */
function builtinHeaders() {
  const { stdout } = spawnSync('c++', ['-print-file-name=include'], { encoding: 'utf8' });
  return stdout?.trim() ? ['--extra-arg=-isystem', `--extra-arg=${stdout.trim()}`] : [];
}

/** The analyzer gives up on a function at a ninth of its usual effort: most of the time goes into few functions. */
const LESS_ANALYSIS = ['-Xclang', '-analyzer-config', '-Xclang', 'max-nodes=25000'].map(
  (argument) => `--extra-arg=${argument}`,
);

function check(file) {
  return new Promise((resolve) => {
    execFile(
      tidy,
      ['-p', path.join(root, 'build'), '--quiet', ...builtinHeaders(), ...LESS_ANALYSIS, file],
      (error, stdout) => {
        if (error) console.error(stdout || String(error));
        resolve(error === null);
      },
    );
  });
}

async function main() {
  if (!existsSync(tidy) || (process.platform === 'linux' && process.arch !== 'x64')) {
    console.log(
      `clang-tidy: skipped, the npm package has no program for ${process.platform}-${process.arch}`,
    );
    return true;
  }
  const files = nativeSources('.cc');
  let passed = true;
  const worker = async () => {
    for (let file = files.pop(); file !== undefined; file = files.pop())
      passed = (await check(file)) && passed;
  };
  await Promise.all([worker(), worker()]);
  return passed;
}

process.exitCode = (await main()) ? 0 : 1;
