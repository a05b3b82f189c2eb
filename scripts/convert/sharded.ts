import { basename, join } from 'node:path';

import { z } from 'zod';

import type { Checkpoint, CheckpointTensor } from './checkpoint.js';
import { FormatError, quote } from './format-error.js';
import { parseJsonFile } from './json-file.js';

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * Opens the shards that an index (`model.safetensors.index.json`, `pytorch_model.bin.index.json`) names, sorted
 * by their names.
 *
 * @param openShard opens one file of the format that the index is for
 * @throws FormatError if a shard is missing, holds a name twice, or its names are not those of the index
 */
export async function openSharded(
  folder: string,
  indexName: string,
  openShard: (path: string) => Promise<Checkpoint>,
): Promise<Checkpoint> {
  const { weight_map: weightMap } = await parseJsonFile(join(folder, indexName), indexSchema);
  const shardNames = [...new Set(Object.values(weightMap))].sort();
  const escaping = shardNames.find((name) => name !== basename(name) || name === '..' || name.includes('\\'));
  if (escaping !== undefined) throw new FormatError(indexName, `${quote(escaping)} is no plain file name`);
  const shards: Checkpoint[] = [];
  try {
    for (const name of shardNames) {
      shards.push(await orMissing(openShard(join(folder, name)), indexName, name));
    }
    return new ShardedCheckpoint(shards, weightMap, indexName);
  } catch (error) {
    await Promise.all(shards.map((shard) => shard.close()));
    throw error;
  }
}

async function orMissing(opening: Promise<Checkpoint>, indexName: string, name: string): Promise<Checkpoint> {
  try {
    return await opening;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new FormatError(indexName, `the shard ${quote(name)} is missing`, { cause: error });
  }
}

class ShardedCheckpoint implements Checkpoint {
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  readonly files: readonly string[];
  readonly #shards: readonly Checkpoint[];
  readonly #indexName: string;
  readonly #shardOf = new Map<string, Checkpoint>();

  constructor(shards: readonly Checkpoint[], weightMap: Readonly<Record<string, string>>, indexName: string) {
    const tensors = new Map<string, CheckpointTensor>();
    for (const shard of shards) {
      for (const [name, tensor] of shard.tensors) {
        if (tensors.has(name)) throw new FormatError(indexName, `tensor ${quote(name)} is in two shards`);
        if (!Object.hasOwn(weightMap, name))
          throw new FormatError(indexName, `does not list tensor ${quote(name)}`);
        tensors.set(name, tensor);
        this.#shardOf.set(name, shard);
      }
    }
    const absent = Object.keys(weightMap).find((name) => !tensors.has(name));
    if (absent !== undefined)
      throw new FormatError(indexName, `names tensor ${quote(absent)}, which no shard holds`);
    this.tensors = tensors;
    this.files = shards.flatMap((shard) => shard.files);
    this.#shards = shards;
    this.#indexName = indexName;
  }

  read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const shard = this.#shardOf.get(name);
    if (shard === undefined) throw new FormatError(this.#indexName, `there is no tensor ${quote(name)}`);
    return shard.read(name);
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.close()));
  }
}
