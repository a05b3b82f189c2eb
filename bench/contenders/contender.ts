import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Trial, Workload } from '../workload.js';

/** Main function of a contender's process: reads its workload from the arguments, prints its trial. */
export async function runContender(measure: (workload: Workload) => Promise<Trial>): Promise<void> {
  const workload = JSON.parse(process.argv[2] ?? '{}') as Workload;
  console.log(JSON.stringify(await measure(workload)));
}

/** Runs one trial in a fresh process, so that no contender profits or suffers from what another left behind. */
export async function runInProcess(name: 'bare-loop' | 'node-llama-cpp', workload: Workload): Promise<Trial> {
  const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, JSON.stringify(workload)]);
  const line = stdout.trim().split('\n').at(-1) ?? '';
  return JSON.parse(line) as Trial;
}
