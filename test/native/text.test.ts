import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { TableEngine } from './table-engine.js';

describe('stop strings', () => {
  /** A chain a -> b -> c -> ... so that the text is the alphabet. */
  function chain(vocabularySize: number): Float32Array {
    const table = new Float32Array(vocabularySize * vocabularySize);
    for (let id = 0; id < vocabularySize; id += 1)
      table[id * vocabularySize + ((id + 1) % vocabularySize)] = 5;
    return table;
  }

  test('end a sequence across tokens and are not in its text', async () => {
    const engine = await TableEngine.create({ table: chain(12) });
    const { texts, reasons, tokens } = await engine.run({ prompt: [0], stopStrings: ['xyz', 'fgh'] });
    assert.deepEqual(texts, ['bcde']);
    assert.deepEqual(reasons, ['stop']);
    assert.equal(tokens[0]?.length, 7);
    await engine.stop();
  });

  test('hold text back only while it could still become one', async () => {
    const engine = await TableEngine.create({ table: chain(12) });
    const { texts } = await engine.run({ prompt: [0], stopStrings: ['cdx', 'ijj'], maxNewTokens: 9 });
    const pieces = engine.steps.flat().flatMap((event) => (event[0] === 'token' ? [event[5]] : []));
    assert.deepEqual(pieces, ['b', '', '', 'cde', 'f', 'g', 'h', '', '']);
    assert.deepEqual(texts, ['bcdefghij']);
    await engine.stop();
  });

  test('of several, the one that starts first cuts', async () => {
    const engine = await TableEngine.create({
      table: chain(12),
      pieces: ['a', 'b', 'c', 'd', 'efgh', 'i', 'j', 'k', 'l', 'm', 'n', 'o'],
    });
    const { texts } = await engine.run({ prompt: [0], stopStrings: ['gh', 'de'] });
    assert.deepEqual(texts, ['bc']);
    await engine.stop();
  });
});

describe('text', () => {
  /** A model that repeats its tokens in order for ever. */
  async function recite(pieces: Uint8Array[], count: number): Promise<{ texts: string[]; parts: string[] }> {
    const size = pieces.length;
    const table = new Float32Array(size * size);
    for (let id = 0; id < size; id += 1) table[id * size + ((id + 1) % size)] = 5;
    const engine = await TableEngine.create({ table, pieces });
    const { texts } = await engine.run({ prompt: [size - 1], maxNewTokens: count });
    const parts = engine.steps.flat().flatMap((event) => (event[0] === 'token' ? [event[5]] : []));
    await engine.stop();
    return { texts, parts };
  }

  test('never splits a code point, however tokens cut it', async () => {
    const bytes = new TextEncoder().encode('a€🐕é');
    const { texts, parts } = await recite(
      [...bytes].map((byte) => Uint8Array.of(byte)),
      bytes.length,
    );
    assert.deepEqual(texts, ['a€🐕é']);
    assert.deepEqual(parts, ['a', '', '', '€', '', '', '', '🐕', '', 'é']);
  });

  test('that is no UTF-8 becomes U+FFFD, one for each ill-formed part', async () => {
    const bytes = [0x61, 0xff, 0xe2, 0x82, 0x62, 0xed, 0xa0, 0x80, 0xc0, 0xf0, 0x9f, 0x90];
    const { texts } = await recite(
      bytes.map((byte) => Uint8Array.of(byte)),
      bytes.length,
    );
    assert.deepEqual(texts, [new TextDecoder().decode(Uint8Array.from(bytes))]);
  });
});
