/**
 * Runs the published npm client, unmodified, in a process of its own: it reads its server's address when it is loaded.
 * Arguments: a list of calls as JSON, each a function's name and its arguments. Prints the list of their results.
 */
import { createRequire } from 'node:module';
import process from 'node:process';

type Call = readonly [name: string, ...arguments_: unknown[]];

const booste = createRequire(import.meta.url)('booste') as Record<string, (...given: unknown[]) => unknown>;
const calls = JSON.parse(process.argv[2] ?? '[]') as readonly Call[];

const results = await Promise.all(
  calls.map(async ([name, ...given]) => {
    try {
      return { value: await booste[name]?.(...given) };
    } catch (thrown) {
      return { thrown: String(thrown) };
    }
  }),
);
process.stdout.write(JSON.stringify(results));
