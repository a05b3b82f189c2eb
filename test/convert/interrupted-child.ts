import { join } from 'node:path';

import { convertCheckpoint } from '../../scripts/convert/convert.js';

// Run by interrupted.test.ts: starts a conversion that never ends by itself, in the phase that the second
// argument names, and says when it has got there.
const [folder = '', phase = 'quantize'] = process.argv.slice(2);

const forever = (): Promise<never> => new Promise(() => setInterval(() => undefined, 1000));

function announce(): void {
  process.stdout.write('ready\n');
}

await convertCheckpoint({
  source: join(folder, 'tiny-model'),
  outtype: 'q4_0',
  outfile: join(folder, 'out', 'model.gguf'),
  onProgress: ({ fraction }) => {
    if (phase !== 'tensors' || fraction < 0.5) return;
    announce();
    // Keeps the process inside this call, so that the signal meets a file half written.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  },
  quantize: () => {
    announce();
    if (phase === 'exit') process.exit(7);
    return forever();
  },
});
