import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { loadAddon, type NativeModel } from '../../src/engine/addon.js';
import type { NativeGrammar } from '../../src/engine/addon-parts.js';
import { openBackend } from '../../src/engine/backend.js';
import { checkGrammar } from '../../src/generation/grammar.js';
import { shippedModel } from '../engine/shipped-model.js';

const addon = loadAddon();
let model: NativeModel;
let texts: string[];
before(async () => {
  await openBackend(addon, 'off');
  model = await addon.loadModel({ path: shippedModel, gpuLayers: 0, adapters: [] }, () => undefined);
  texts = Array.from({ length: model.info().vocabularySize }, (_, id) => model.detokenize([id]));
});

function grammar(gbnf: string): NativeGrammar {
  checkGrammar(gbnf);
  return addon.createGrammar(model, gbnf, false);
}

/** A word of four letters, another for each number below 10,000. */
function word(index: number): string {
  return String(index)
    .padStart(4, '0')
    .replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)));
}

/** The token that has just this text. */
function token(text: string): number {
  const id = texts.indexOf(text);
  assert.ok(id >= 0, `no token ${JSON.stringify(text)}`);
  return id;
}

function textsOf(row: NativeGrammar): string[] {
  const ends = model.info().eosTokenIds;
  return [...row.mask()].flatMap((bit, id) =>
    bit === 0 ? [] : [ends.includes(id) ? 'END' : (texts[id] ?? '')],
  );
}

describe('ambiguity', () => {
  test('costs what distinct readings cost, not what all of them do', () => {
    // llama.cpp tries every way to read a token of letters.
    const row = grammar(`root ::= ${'[a-z ]? '.repeat(100)}"."`);
    for (let i = 0; i < 20; i += 1) row.accept(token(' the'));
    assert.equal(textsOf(row).includes(' the'), true);
    for (let i = 0; i < 5; i += 1) row.accept(token(' the'));
    assert.deepEqual(textsOf(row), ['.']);
    assert.equal(textsOf(grammar('root ::= (((.+)+)+ " "*)* "!"')).includes(' the'), true);
  });

  test('beyond measure ends with an error, and the row stays good', () => {
    const row = grammar('root ::= . root "b" | . root "c" | "."');
    const a = token('a');
    const message =
      /^the grammar is left-recursive or too ambiguous: (there are more than 10000 ways to go on|what may come next takes too long to find)$/;
    for (let i = 0; i < 10; i += 1) row.accept(a);
    assert.throws(() => row.mask(), { message });
    row.accept(a);
    assert.throws(
      () => {
        for (let i = 0; i < 3; i += 1) row.accept(a);
      },
      { message },
    );
    assert.equal(row.isComplete(), false);
    const chain = Array.from({ length: 40 }, (_, i) => `a${i} ::= a${i + 1} "x" | a${i + 1} "y"\n`).join('');
    assert.throws(() => grammar(`root ::= a0\n${chain}a40 ::= "q"`), { message });
  });
});

describe('limits of one step', () => {
  const words = Array.from({ length: 2000 }, (_, i) => `"${word(i)}"`).join(' | ');

  test('let pass long repetitions and long choices', () => {
    const row = grammar('root ::= ([a-z ]?){1000} "."');
    for (let i = 0; i < 50; i += 1) row.accept(token(' the'));
    assert.equal(textsOf(row).includes(' the') && textsOf(row).includes('.'), true);
    const choice = grammar(`root ::= word ("," word)*\nword ::= ${words}`);
    for (const text of ['a', 'a', 'a', 'b', ',', 'b']) choice.accept(token(text));
    assert.deepEqual([textsOf(choice).includes('a'), textsOf(choice).includes('1')], [true, false]);
  });

  test('refuse what takes too long, and more ways than fit', () => {
    const slow = grammar(`root ::= (${'[a-z ]? '.repeat(4)}){1000} "."`);
    assert.throws(() => slow.mask(), {
      message: 'the grammar is left-recursive or too ambiguous: what may come next takes too long to find',
    });
    assert.equal(slow.isComplete(), false);
    assert.throws(() => grammar(`root ::= ${'"a"|'.repeat(10_001)}`), {
      message: 'the grammar is left-recursive or too ambiguous: there are more than 10000 ways to go on',
    });
  });
});

describe('what native code refuses by itself', () => {
  const refused: Record<string, [gbnf: string, message: string]> = {
    'a reversed range': ['[z-a]', 'line 1: expected the ends of a range in ascending order'],
    'a text with U+0000': [
      String.raw`"\x00"`,
      'line 1: expected a text without U+0000, which no token holds',
    ],
    'a class of U+0000': [String.raw`[\x00]`, 'line 1: expected a class that some character of a text is in'],
    'a class of nothing': [
      String.raw`[^\uE000-\U0010FFFF\x01-\uD7FF]`,
      'line 1: expected a class that some character of a text is in',
    ],
    'beyond Unicode': [
      String.raw`"\U00110000"`,
      'line 1: expected code points up to U+10FFFF that are no surrogates',
    ],
    'a surrogate': [
      String.raw`[\uD800]`,
      'line 1: expected code points up to U+10FFFF that are no surrogates',
    ],
  };
  for (const [name, [gbnf, message]] of Object.entries(refused)) {
    test(name, () => {
      assert.throws(() => addon.createGrammar(model, `root ::= ${gbnf}`, false), { message });
    });
  }
});

describe('memory', () => {
  test('is tidied up without moving a row', () => {
    // Every step has a state of its own with some 400 stacks; 500,000 are remembered.
    const row = grammar('root ::= "(" ([a-z ]?){400} root? ")"');
    const [open, a, close] = [token('('), token('a'), token(')')];
    const forks: NativeGrammar[] = [];
    for (let depth = 0; depth < 60; depth += 1) {
      row.accept(open);
      for (let i = 0; i < 40; i += 1) row.accept(a);
      if (depth % 20 === 0) forks.push(row.clone());
    }
    forks.push(row);
    forks.forEach((fork, index) => {
      for (let depth = Math.min(index * 20, 59); depth >= 0; depth -= 1) {
        assert.equal(fork.isComplete(), false);
        fork.accept(close);
      }
      assert.deepEqual([fork.isComplete(), textsOf(fork)], [true, ['END']]);
    });
  });
});
