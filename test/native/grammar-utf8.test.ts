import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { loadAddon, type NativeModel } from '../../src/engine/addon.js';
import type { NativeGrammar } from '../../src/engine/addon-parts.js';
import { openBackend } from '../../src/engine/backend.js';
import { checkGrammar } from '../../src/generation/grammar.js';
import { shippedModel } from '../engine/shipped-model.js';
import { shippedTokenBytes } from './token-bytes.js';

const addon = loadAddon();
let model: NativeModel;
/** The token that is just this byte, by byte. */
let tokens: number[];
/** The byte that a token is alone, by token id. */
let bytes: Map<number, number>;
before(async () => {
  await openBackend(addon, 'off');
  model = await addon.loadModel({ path: shippedModel, gpuLayers: 0, adapters: [] }, () => undefined);
  bytes = new Map(
    shippedTokenBytes(model).flatMap((each, id) => (each.length === 1 ? [[id, each[0] ?? 0]] : [])),
  );
  tokens = Array.from({ length: 256 }, (_, byte) => [...bytes].find(([, each]) => each === byte)?.[0] ?? -1);
  assert.equal(tokens.includes(-1), false);
});

/** A constraint after a text of which each byte is a token of its own. */
function after(gbnf: string, text: readonly number[]): NativeGrammar {
  checkGrammar(gbnf);
  const row = addon.createGrammar(model, gbnf, false);
  for (const byte of text) row.accept(tokens[byte] ?? -1);
  return row;
}

/** The bytes that may come next as tokens of their own: by the mask, which must say what can be accepted. */
function bytesAfter(gbnf: string, text: readonly number[]): number[] {
  const row = after(gbnf, text);
  const mask = row.mask();
  return tokens.flatMap((id, byte) => {
    const accepted = isAccepted(row, id);
    assert.equal(mask[id] === 1, accepted, `mask and advance disagree on ${byte.toString(16)}`);
    return accepted ? [byte] : [];
  });
}

function isAccepted(row: NativeGrammar, id: number): boolean {
  try {
    row.clone().accept(id);
    return true;
  } catch {
    return false;
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const ANY = 'root ::= .*';

describe('characters that come byte by byte are well-formed UTF-8 (Unicode 15, table 3-7)', () => {
  test('first bytes: C0, C1 and all from F5 on are none, nor are 80 to BF', () => {
    // llama.cpp's sampler takes no NUL either.
    assert.deepEqual(bytesAfter(ANY, []), [...range(0x01, 0x7f), ...range(0xc2, 0xf4)]);
  });

  for (const [first, low, high] of [
    [0xc2, 0x80, 0xbf],
    [0xdf, 0x80, 0xbf],
    [0xe0, 0xa0, 0xbf],
    [0xe1, 0x80, 0xbf],
    [0xec, 0x80, 0xbf],
    [0xed, 0x80, 0x9f],
    [0xee, 0x80, 0xbf],
    [0xef, 0x80, 0xbf],
    [0xf0, 0x90, 0xbf],
    [0xf1, 0x80, 0xbf],
    [0xf3, 0x80, 0xbf],
    [0xf4, 0x80, 0x8f],
  ] as const) {
    const name = [first, low, high].map((byte) => byte.toString(16).toUpperCase());
    test(`after ${name[0] ?? ''} comes ${name[1] ?? ''} to ${name[2] ?? ''}, in third and fourth place 80 to BF`, () => {
      assert.deepEqual(bytesAfter(ANY, [first]), range(low, high));
      for (const second of [low, high]) {
        const rest = first < 0xe0 ? 0 : first < 0xf0 ? 1 : 2;
        for (const length of range(0, rest - 1)) {
          const text = [first, second, 0x80, 0xbf].slice(0, 2 + length);
          assert.deepEqual(bytesAfter(ANY, text), range(0x80, 0xbf), `after ${String(text)}`);
        }
        assert.ok(bytesAfter(ANY, [first, second, 0x80, 0xbf].slice(0, 2 + rest)).includes(0x20));
      }
    });
  }

  test('a character has no other form than its own', () => {
    const forms = { A: [0x41], é: [0xc3, 0xa9], 東: [0xe6, 0x9d, 0xb1], '😀': [0xf0, 0x9f, 0x98, 0x80] };
    for (const [character, form] of Object.entries(forms)) {
      for (let length = 0; length < form.length; length += 1) {
        assert.deepEqual(bytesAfter(`root ::= "${character}"`, form.slice(0, length)), [form[length]]);
      }
      assert.equal(after(`root ::= "${character}"`, form).isComplete(), true);
    }
  });

  test('a character begun among others goes on as any of them that it can still be', () => {
    const gbnf = 'root ::= ("😀" | "東" | "杲" | [\\uD000-\\uE000] | "𐀀")+';
    assert.deepEqual(bytesAfter(gbnf, []), [0xe6, 0xed, 0xee, 0xf0]);
    assert.deepEqual(bytesAfter(gbnf, [0xf0]), [0x90, 0x9f]);
    assert.deepEqual(bytesAfter(gbnf, [0xe6, 0x9d]), [0xb1, 0xb2]);
    assert.deepEqual(bytesAfter(gbnf, [0xed]), range(0x80, 0x9f));
    assert.deepEqual(bytesAfter(gbnf, [0xee]), [0x80]);
  });

  test('a token that goes on with a character, or begins one, keeps to that', () => {
    const begins = shippedTokenBytes(model).findIndex((each) => each.equals(Buffer.from([0x66, 0xc3])));
    assert.ok(begins >= 0);
    const row = after(ANY, []);
    row.accept(begins);
    const mask = row.mask();
    assert.deepEqual(
      tokens.flatMap((id, byte) => (mask[id] === 1 ? [byte] : [])),
      range(0x80, 0xbf),
    );
    assert.equal(after('root ::= [a-z]+ [😀]', [0x61, 0xf0]).mask()[begins], 0);
  });
});
