import { hashTable } from '../../native/table-engine.js';
import type { TableSpec } from './stored.js';

function mixed(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 15), 2246822519) >>> 0;
  x = Math.imul(x ^ (x >>> 13), 3266489917) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}

/** A row shaped like a model's, exact in float32: row_logits() of scripts/goldens/decoding/tables.py. */
export function rowLogits(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size }, (_, id) => {
    let total = 0;
    for (let part = 0; part < 3; part += 1) {
      const input = Math.imul(id, 2654435761) + Math.imul(3 * seed + part, 668265263) + 12345;
      total += mixed(input) >>> 11;
    }
    return (total - 3 * 2 ** 20) / 2 ** 19;
  });
}

/** The whole table: logits of the next id after each id. */
export function tableOf({ seed, size, bias = [[], 0], rows = {} }: TableSpec): Float32Array {
  const table = hashTable(size, seed);
  const [ids, amount] = bias;
  for (let after = 0; after < size; after += 1) {
    for (const id of ids) {
      const index = after * size + id;
      table[index] = (table[index] ?? 0) + amount;
    }
  }
  for (const [after, row] of Object.entries(rows)) {
    table.set(
      row.map((logit) => logit ?? -Infinity),
      Number(after) * size,
    );
  }
  return table;
}
