import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { writeTinyGpt2 } from '../tiny-gpt2.js';
import { type BadInput, DEFAULT_ARGS, describeRefusals } from './refusals.js';

/** A refused command line around a sound model. */
function command(args: readonly string[], message: RegExp, env?: NodeJS.ProcessEnv): BadInput {
  return { args, prepare: (parent) => writeTinyGpt2(parent), message, ...(env && { env }) };
}

/** What is said must not depend on whose machine it is. */
const NO_TOKEN = { HF_TOKEN: '' };

/** An address where nobody listens any more. */
async function closedAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

describeRefusals('a command line', {
  'without a source': command([], /missing required argument 'SOURCE'/),
  'with an unknown type': command(
    ['tiny-model', '--outtype', 'q9_9', '--outfile', 'out'],
    /option '--outtype <TYPE>' argument 'q9_9' is invalid. Allowed choices are .*q8_0.*q4_k_m/,
  ),
  'with an unknown option': command([...DEFAULT_ARGS, '--merge'], /unknown option '--merge'/),
  'with no threads': command([...DEFAULT_ARGS, '--threads', '0'], /expected a whole number from 1 to 1024/),
  'with --verify and --dry-run': command(
    [...DEFAULT_ARGS, '--verify', '--dry-run'],
    /a dry run writes nothing that could be verified/,
  ),
});

describeRefusals('a model on the hub', {
  'without an owner': command(
    ['hf:gpt2', '--outfile', 'out'],
    /expected hf:owner\/name or hf:owner\/name@revision, received "hf:gpt2"/,
  ),
  'whose name leads out of the cache': command(
    ['hf:../..', '--outfile', 'out'],
    /expected hf:owner\/name or hf:owner\/name@revision, received "hf:\.\.\/\.\."/,
  ),
  'that cannot be reached': command(
    ['hf:owner/name', '--outfile', 'out'],
    /no connection to the hub at 127\.0\.0\.1:1: /,
    { ...NO_TOKEN, HF_ENDPOINT: 'http://127.0.0.1:1' },
  ),
  'as an adapter that cannot be reached': command(
    [...DEFAULT_ARGS, '--lora', 'hf:owner/name'],
    /no connection to the hub at 127\.0\.0\.1:\d+: connection refused/,
    { ...NO_TOKEN, HF_ENDPOINT: await closedAddress() },
  ),
});
