import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';

import { convertCheckpoint } from '../../scripts/convert/convert.js';
import { loadAddon, type NativeModel, packageRoot } from '../../src/engine/addon.js';
import type { NativeGrammar } from '../../src/engine/addon-parts.js';
import { openBackend } from '../../src/engine/backend.js';
import { checkGrammar } from '../../src/generation/grammar.js';
import { scratchFolder } from '../convert/scratch.js';
import { shippedModel } from '../engine/shipped-model.js';
import { canBecomeText, sentencePieceBytes, shippedTokenBytes } from './token-bytes.js';

const addon = loadAddon();
let tales: NativeModel;
before(async () => {
  await openBackend(addon, 'off');
  tales = await load(shippedModel);
});

function load(path: string): Promise<NativeModel> {
  return addon.loadModel({ path, gpuLayers: 0, adapters: [] }, () => undefined);
}

/** A constraint by Glossa or llama.cpp, of a grammar that has passed the checks. */
function grammar(
  gbnf: string,
  { model = tales, byLlama = false, eos = model.info().eosTokenIds }: GrammarOptions = {},
): NativeGrammar {
  checkGrammar(gbnf);
  return addon.createGrammar(model, gbnf, byLlama, eos);
}

interface GrammarOptions {
  readonly model?: NativeModel;
  readonly byLlama?: boolean;
  readonly eos?: readonly number[];
}

/** The token that has just this text. */
function token(text: string, model = tales): number {
  const { vocabularySize } = model.info();
  const id = Array.from({ length: vocabularySize }, (_, each) => each).find(
    (each) => model.detokenize([each]) === text,
  );
  assert.ok(id !== undefined, `no token ${JSON.stringify(text)}`);
  return id;
}

function permitted(row: NativeGrammar): number[] {
  return [...row.mask()].flatMap((bit, id) => (bit === 1 ? [id] : []));
}

function textsOf(row: NativeGrammar): string[] {
  const ends = tales.info().eosTokenIds;
  return permitted(row).map((id) => (ends.includes(id) ? 'END' : tales.detokenize([id])));
}

const GRAMMARS: Record<string, string> = {
  'objects and lists': String.raw`
    root ::= thing
    thing ::= (map | list | word | count | "null") gap
    map ::= "{" gap (word gap ":" gap thing ("," gap word gap ":" gap thing)*)? "}"
    list ::= "[" gap (thing ("," gap thing)*)? "]"
    word ::= "\"" ([^"\\\x00-\x1f] | "\\" (["\\nt] | "u" [0-9a-f]{4}))* "\""
    count ::= "-"? ("0" | [1-9] [0-9]{0,5}) ("." [0-9]+)?
    gap ::= [ \n]{0,4}`.replaceAll('\n    ', '\n'),
  'ranges of Unicode': 'root ::= ([à-ÿ] | [Ѐ-ӿ] | [一-龥]+ "。" | [😀-😏] | "é" "è")+ "." ',
  'negated classes': 'root ::= [^a-zé]+ ([^ ] [^一-龥😀])* "!"',
  'much ambiguity, as far as llama.cpp bears it':
    'root ::= ("a" | [a-e] | "ab" | "abc")+ gap gap gap [b-z ]* tail? tail? "."\ngap ::= " "*\ntail ::= [a-z]+ | " " tail',
  counting: 'root ::= ([A-Z] [a-z]{1,9} " "){2,4} ("the" | "then" | "there"){2} .?',
  'what only repeats': 'root ::= (("ab"? "c")* [d-z]?)+ "."',
  'any text': 'root ::= .{3,40}',
  'named tokens': 'root ::= [A-Z] <[70]> <[71]> [a-z]+ <[72]>',
};

/** How many masks were compared, and how many tokens only llama.cpp permitted as they made no UTF-8. */
interface Compared {
  readonly masks: number;
  readonly illFormed: number;
}

/** Takes the tokens out of a mask that make what has been generated ill-formed UTF-8. Returns how many there were. */
function withoutIllFormed(mask: Uint8Array, text: readonly number[], bytes: readonly Buffer[]): number {
  const before = text.map((id) => bytes[id] ?? Buffer.alloc(0));
  let found = 0;
  for (const [id, piece] of bytes.entries()) {
    if (mask[id] !== 1 || piece.every((byte) => byte < 0x80)) continue;
    if (canBecomeText(Buffer.concat([...before, piece]))) continue;
    mask[id] = 0;
    found += 1;
  }
  return found;
}

/** Generates at random under both, comparing all that can be seen. */
function compare(model: NativeModel, bytes: readonly Buffer[], gbnf: string, rounds: number): Compared {
  const ends = model.info().eosTokenIds;
  let state = 99;
  let masks = 0;
  let illFormed = 0;
  for (let round = 0; round < rounds; round += 1) {
    const ours = grammar(gbnf, { model });
    const theirs = grammar(gbnf, { model, byLlama: true });
    const text: number[] = [];
    for (let step = 0; step < 24; step += 1) {
      const [mask, expected] = [ours.mask(), theirs.mask()];
      // llama.cpp lets a text end within a code point; we do not.
      if (model.detokenize(text).endsWith('\uFFFD')) for (const id of ends) expected[id] = mask[id] ?? 0;
      // It takes overlong forms, surrogates and what is no UTF-8 at all; we do not. Nothing else may differ.
      illFormed += withoutIllFormed(expected, text, bytes);
      if (!Buffer.from(mask).equals(expected))
        assert.deepEqual(mask, expected, `after ${JSON.stringify(model.detokenize(text))}`);
      assert.equal(ours.isComplete(), theirs.isComplete());
      masks += 1;
      const choices = permitted(ours);
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const choice = choices[Math.floor((state / 2 ** 32) * choices.length)];
      if (choice === undefined || ends.includes(choice)) break;
      ours.accept(choice);
      theirs.accept(choice);
      text.push(choice);
    }
  }
  return { masks, illFormed };
}

describe("permitted tokens are those of llama.cpp's sampler", () => {
  for (const [name, gbnf] of Object.entries(GRAMMARS)) {
    test(`${name}, with a vocabulary of byte pairs`, () => {
      const { masks, illFormed } = compare(tales, shippedTokenBytes(tales), gbnf, 5);
      assert.ok(masks > 20);
      if (name === 'ranges of Unicode') assert.ok(illFormed > 0);
    });
  }

  test('all of these with a vocabulary of SentencePiece', async (context) => {
    const outfile = join(await scratchFolder(context), 'sprout.gguf');
    await convertCheckpoint({
      source: join(packageRoot(), 'models', 'glossa-sprout'),
      outtype: 'q8_0',
      align: true,
      outfile,
    });
    const sprout = await load(outfile);
    const bytes = sentencePieceBytes(sprout);
    for (const gbnf of Object.values(GRAMMARS)) assert.ok(compare(sprout, bytes, gbnf, 2).masks > 5);
  });
});

describe('a grammar', () => {
  test('ends where it may, and is complete where it must', () => {
    const row = grammar('root ::= "a" "b"?');
    assert.deepEqual([textsOf(row).sort(), row.isComplete()], [['a', 'ab'], false]);
    row.accept(token('a'));
    assert.deepEqual([textsOf(row).sort(), row.isComplete()], [['END', 'b'], false]);
    row.accept(token('b'));
    assert.deepEqual([textsOf(row), row.isComplete()], [['END'], true]);
    for (const end of tales.info().eosTokenIds) row.accept(end);
    assert.equal(row.isComplete(), true);
  });

  test('refuses tokens that it does not permit and stays where it was', () => {
    const row = grammar('root ::= "a" "b"');
    const { eosTokenIds, vocabularySize } = tales.info();
    for (const id of [token('b'), token(' the'), ...eosTokenIds, -1, vocabularySize, 2 ** 31 - 1]) {
      assert.throws(
        () => {
          row.accept(id);
        },
        { message: `the grammar does not permit token ${id} here` },
      );
    }
    row.accept(token('a'));
    assert.deepEqual(textsOf(row), ['b']);
  });

  test('is forked with its row', () => {
    const row = grammar('root ::= ("a" | "b") [c-d]{2}');
    row.accept(token('a'));
    const fork = row.clone();
    fork.accept(token('c'));
    fork.accept(token('d'));
    assert.deepEqual([fork.isComplete(), row.isComplete()], [true, false]);
    assert.ok(textsOf(row).includes('c') && textsOf(row).includes('d'));
    row.accept(token('d'));
    assert.deepEqual([textsOf(row).includes('c'), textsOf(fork)], [true, ['END']]);
  });

  test('never ends within a code point', () => {
    const row = grammar('root ::= .*');
    const bytes = permitted(row).filter((id) => tales.detokenize([id]) === '\uFFFD');
    const whole = textsOf(row).includes('END');
    for (const id of bytes) {
      const fork = row.clone();
      fork.accept(id);
      assert.equal(textsOf(fork).includes('END'), false);
    }
    assert.ok(whole && bytes.length > 10);
  });

  test('counts parentheses however deep', () => {
    const row = grammar('root ::= "a" root "b" | "c"');
    const [a, b, c] = ['a', 'b', 'c'].map((text) => token(text)) as [number, number, number];
    const depth = 30_000;
    for (let i = 0; i < depth; i += 1) row.accept(a);
    const fork = row.clone();
    row.accept(c);
    for (let i = 0; i < depth; i += 1) {
      assert.equal(row.isComplete(), false);
      row.accept(b);
    }
    assert.equal(row.isComplete(), true);
    assert.throws(() => {
      row.accept(b);
    }, /does not permit/);
    fork.accept(a);
    assert.deepEqual(textsOf(fork).includes('b'), false);
  });

  test('lets control tokens come only where it names them', () => {
    const [end = -1] = tales.info().eosTokenIds;
    assert.deepEqual(textsOf(grammar(`root ::= <[${end}]> | "a"`)), ['a']);
    const any = permitted(grammar('root ::= !<[70]>'));
    assert.equal(any.includes(70) || any.includes(end), false);
    assert.ok(any.length > 2000);
    // llama.cpp permits the rest of a token to be a token of its own, and then fails to accept it.
    assert.deepEqual(textsOf(grammar('root ::= "a" !<[70]>')), ['a']);
  });

  test('that only the model can judge is refused with a reason', () => {
    assert.throws(() => grammar('root ::= "x" |\n  <no such token>'), {
      message: 'line 2: expected the text of exactly one token between < and >',
    });
    const { vocabularySize } = tales.info();
    for (const id of [vocabularySize, 99_999_999]) {
      assert.throws(() => grammar(`root ::= "x" |\n  !<[${id}]>`), {
        message: `line 2: expected token ids below ${vocabularySize}, received ${id}`,
      });
    }
    assert.equal(grammar(`root ::= <[${vocabularySize - 1}]>`).isComplete(), false);
  });
});

describe("a request's end tokens", () => {
  test('are permitted where the grammar may end, and no others', () => {
    const x = token('x');
    const row = grammar('root ::= "a" "b"?', { eos: [x] });
    assert.deepEqual(textsOf(row).sort(), ['a', 'ab']);
    row.accept(token('a'));
    assert.deepEqual([textsOf(row).sort(), row.isComplete()], [['b', 'x'], false]);
    for (const end of tales.info().eosTokenIds) {
      assert.throws(() => {
        row.accept(end);
      }, /does not permit/);
    }
    const fork = row.clone();
    row.accept(x);
    assert.deepEqual([textsOf(row), row.isComplete(), row.clone().isComplete()], [['x'], true, true]);
    assert.throws(() => {
      row.accept(token('b'));
    }, /does not permit/);
    fork.accept(token('b'));
    assert.deepEqual([textsOf(fork), fork.isComplete()], [['x'], true]);
  });

  test('may come as text where their text fits', () => {
    const [a, dot] = [token('a'), token('.')];
    const row = grammar('root ::= "a" "." "a"? "."*', { eos: [dot] });
    row.accept(a);
    assert.deepEqual([textsOf(row), row.isComplete()], [['.'], false]);
    row.accept(dot);
    assert.deepEqual([textsOf(row).includes('a'), textsOf(row).includes('.')], [true, true]);
    assert.equal(row.isComplete(), false);
    row.accept(dot);
    assert.deepEqual([textsOf(row), row.isComplete()], [['.'], true]);
  });

  test('may be none: nothing marks the end then', () => {
    const row = grammar('root ::= "a" "b"?', { eos: [] });
    row.accept(token('a'));
    assert.deepEqual(textsOf(row), ['b']);
    row.accept(token('b'));
    assert.deepEqual([permitted(row), row.isComplete()], [[], true]);
  });

  test("that are the model's, but not the request's, are like other control tokens", () => {
    const [end = -1] = tales.info().eosTokenIds;
    const row = grammar(`root ::= "a" <[${end}]> "b"`, { eos: [] });
    row.accept(token('a'));
    assert.deepEqual([permitted(row), row.isComplete()], [[end], false]);
    row.accept(end);
    assert.deepEqual([textsOf(row), row.isComplete()], [['b'], false]);
  });

  test('that a grammar names before it may end leave nothing', () => {
    const [end = -1] = tales.info().eosTokenIds;
    const row = grammar(`root ::= "a" <[${end}]> "b"`);
    row.accept(token('a'));
    assert.deepEqual([permitted(row), row.isComplete()], [[], false]);
  });
});

describe('being complete', () => {
  test('is known before any mask, in every fork', () => {
    const row = grammar('root ::= "a" ("b" "c"?)?');
    assert.equal(row.isComplete(), false);
    const seen: boolean[] = [];
    for (const text of ['a', 'b', 'c']) {
      const fork = row.clone();
      fork.accept(token(text));
      seen.push(fork.isComplete());
      row.accept(token(text));
    }
    assert.deepEqual(seen, [false, false, true]);
    assert.equal(grammar('root ::= ""').isComplete(), true);
  });

  test('does not count an end token that the grammar names', () => {
    const [end = -1] = tales.info().eosTokenIds;
    const row = grammar(`root ::= "a" <[${end}]>?`);
    row.accept(token('a'));
    assert.deepEqual([permitted(row), row.isComplete()], [[...tales.info().eosTokenIds], true]);
    const other = grammar(`root ::= "a" <[${end}]>?`, { eos: [token('b')] });
    other.accept(token('a'));
    assert.equal(other.isComplete(), false);
  });
});
