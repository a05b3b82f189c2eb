import { statSync } from 'node:fs';

import type { Command } from 'commander';
import { z } from 'zod';

import type { Configuration } from '../config/load.js';
import type { ModelDefinition } from '../config/models.js';
import { formatByteSize } from '../config/values.js';
import { addConfigFlags, configurationOf } from './config-flags.js';

/** The part of `GET /glossa/models` that is shown. */
const answerSchema = z.object({
  models: z.array(z.object({ id: z.string(), state: z.string(), memory_bytes: z.number().optional() })),
});

type RunningModels = z.output<typeof answerSchema>['models'];

/** `glossa models`. */
export function registerModels(program: Command): void {
  const command = program
    .command('models')
    .description('List the known models, and which of them are loaded');
  addConfigFlags(command).action(async () => {
    const configuration = configurationOf(command);
    const running = await askServer(configuration);
    const isLocked = running === 'locked';
    for (const line of modelLines(configuration, isLocked ? undefined : running)) console.log(line);
    if (isLocked) console.log('(a server is running, but wants another API key)');
    else if (running === undefined) console.log('(no server is running at the configured address)');
  });
}

/** A table of all configured models, with what a running server says of them. */
export function modelLines({ catalogue }: Configuration, running: RunningModels | undefined): string[] {
  const rows = catalogue.models.map((model) => {
    const state = running?.find((candidate) => candidate.id === model.id)?.state ?? '-';
    const name = model.id === catalogue.defaultModel ? `${model.id} (default)` : model.id;
    return [name, fileSize(model), state, model.aliases.join(', ')];
  });
  const table = [['MODEL', 'FILE', 'STATE', 'ALIASES'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The size of a model's file, or the base that it shares it with; "missing" if one of its files is. */
function fileSize({ base, engine, lora }: ModelDefinition): string {
  try {
    for (const { path } of lora) statSync(path);
    const { size } = statSync(engine.modelPath);
    return base === undefined ? formatByteSize(size) : `on ${base}`;
  } catch {
    return 'missing';
  }
}

/**
 * What the server at the configured address has loaded; "locked" if it wants a key that is not configured here, undefined
 * if there is none, or it is none of ours.
 */
async function askServer({
  settings,
  apiKeys,
}: Configuration): Promise<RunningModels | 'locked' | undefined> {
  // A server on all addresses is asked on this machine's own.
  const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host;
  const name = host.includes(':') ? `[${host}]` : host;
  const [key] = apiKeys;
  const headers = key === undefined ? {} : { authorization: `Bearer ${key.key}` };
  try {
    const response = await fetch(`http://${name}:${settings.port}/glossa/models`, {
      headers,
      signal: AbortSignal.timeout(2000),
    });
    if (response.status === 401) return 'locked';
    return answerSchema.parse(await response.json()).models;
  } catch {
    return undefined;
  }
}
