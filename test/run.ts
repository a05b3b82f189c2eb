import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

/**
 * Runs the compiled tests: all of them, or those whose path contains one of the arguments.
 *
 *     node dist/test/run.js [part-of-a-path ...]
 */
const TIMEOUT_MS = 300_000;

const folder = dirname(fileURLToPath(import.meta.url));
const filters = process.argv.slice(2);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => filters.length === 0 || filters.some((part) => file.includes(part)))
  .sort()
  .map((file) => join(folder, file));

if (files.length === 0) {
  console.error(`no test file matches ${filters.join(', ') || relative(process.cwd(), folder)}`);
  process.exit(1);
}

let passed = 0;
let failed = 0;
const tests = run({ files, concurrency: 2, timeout: TIMEOUT_MS });
tests.on('test:pass', ({ details, skip }) => {
  // A file and a describe count by what is in them.
  if (details.type !== 'suite' && skip === undefined) passed += 1;
});
tests.on('test:fail', () => {
  failed += 1;
  process.exitCode = 1;
});
tests.pipe(new spec()).pipe(process.stdout);
process.on('exit', () => {
  console.log(`${files.length} test files: ${passed} passed, ${failed} failed`);
});
