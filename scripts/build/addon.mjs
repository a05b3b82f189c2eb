// Builds the native addon: llama.cpp's public headers out of node-llama-cpp's bundle, then cmake-js.
// Runs as the package's install script, so its errors are what a new user reads first.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { extractFromBundle, llamaRelease } from './llama-source.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
// Not in build/: cmake-js empties that when it starts over.
const headers = path.join(root, '.cache/llama.cpp');

const advice = {
  linux: 'Debian, Ubuntu: sudo apt-get install git cmake g++ make',
  darwin: 'macOS: xcode-select --install && brew install cmake',
  win32:
    'Windows: winget install Git.Git Kitware.CMake Microsoft.VisualStudio.2022.BuildTools, and in the Visual Studio ' +
    'installer choose "Desktop development with C++"',
};

function answers(program, args = ['--version']) {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/** Names of the tools that the build needs and this machine lacks. */
function missingTools() {
  const missing = [];
  if (!answers('git')) missing.push('git');
  if (!answers('cmake')) missing.push('cmake');
  // On Windows cmake itself finds Visual Studio, which is on no PATH; its own error names what is absent.
  if (process.platform !== 'win32') {
    const compilers = process.env.CXX ? [process.env.CXX] : ['c++', 'g++', 'clang++'];
    if (!compilers.some((compiler) => answers(compiler))) missing.push('a C++20 compiler');
    if (!answers('make') && !answers('ninja')) missing.push('make');
  }
  return missing;
}

async function ensureHeaders() {
  const stamp = path.join(headers, 'release');
  const release = await llamaRelease();
  const present = existsSync(stamp) ? await readFile(stamp, 'utf8') : '';
  if (present === release) return;
  await rm(headers, { recursive: true, force: true });
  await extractFromBundle(['include', 'ggml/include', 'LICENSE'], headers);
  await writeFile(stamp, release);
}

function compile() {
  const cmakeJs = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const child = spawn(process.execPath, [cmakeJs, 'compile'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) return resolve();
      console.error(output);
      reject(new Error('the compiler failed; its output is above'));
    });
  });
}

async function main() {
  const missing = missingTools();
  if (missing.length > 0) {
    console.error(`glossa: the native addon can't be built: ${missing.join(' and ')} not found. Install:`);
    console.error(`  ${advice[process.platform] ?? advice.linux}`);
    for (const [platform, line] of Object.entries(advice)) {
      if (platform !== process.platform) console.error(`  (${line})`);
    }
    return 1;
  }
  await ensureHeaders();
  await compile();
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`glossa: building the native addon failed: ${error.message}`);
  console.error(`  tools needed: ${advice[process.platform] ?? advice.linux}`);
  process.exitCode = 1;
}
