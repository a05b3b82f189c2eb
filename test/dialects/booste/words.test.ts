import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  joinWords,
  lastCodeUnits,
  lastWords,
  LONGEST_WORD,
  splitWords,
  WindowWords,
} from '../../../src/dialects/booste/words.js';

describe('words of a text', () => {
  test('are what stands between white space, and newlines', () => {
    assert.deepEqual(splitWords(' A  dog,\tor\u00A0two.\r\n\n Then '), [
      ...['A', 'dog,', 'or', 'two.', '\n', '\n', 'Then'],
    ]);
    assert.deepEqual(splitWords(' \t '), []);
  });

  test('are joined by single spaces, and nothing beside a newline', () => {
    assert.equal(joinWords(['Dear', 'dog,', '\n', '\n', 'barks', '\n']), 'Dear dog,\n\nbarks\n');
    assert.equal(joinWords([]), '');
  });

  test('joined and split are the same words', () => {
    const words = ['\n', 'a', '\n', '\n', 'b,', 'c', '\n'];
    assert.deepEqual(splitWords(joinWords(words)), words);
    assert.deepEqual(splitWords(words.join(' ')), words);
  });

  test('the last ones are counted without newlines', () => {
    const words = ['a', 'b', '\n', '\n', 'c', '\n', 'd'];
    assert.deepEqual(lastWords(words, 1), ['d']);
    assert.deepEqual(lastWords(words, 2), ['c', '\n', 'd']);
    assert.deepEqual(lastWords(words, 3), words.slice(1));
    assert.deepEqual(lastWords(['\n', '\n'], 1), ['\n', '\n']);
    assert.deepEqual(lastWords(words, 99), words);
  });

  test('an end of a text has no half of a code point', () => {
    assert.equal(lastCodeUnits('ab🐕', 3), 'b🐕');
    assert.equal(lastCodeUnits('ab🐕', 1), '');
    assert.equal(lastCodeUnits('ab', 9), 'ab');
  });
});

describe('the words of a window', () => {
  test('are complete when white space follows', () => {
    const found = new WindowWords('');
    for (const text of [' do', 'g', ' bar', 'ks', '.\n', '\n The', ' ']) found.feed(text);
    assert.deepEqual(found.complete, ['dog', 'barks.', '\n', '\n', 'The']);
  });

  test('the one that the end cut off is dropped, and the one before may go on', () => {
    const found = new WindowWords('');
    found.feed(' dog barks lou');
    assert.deepEqual(found.end(), { words: ['dog'], open: 'barks' });
  });

  test('a newline does not go on', () => {
    const found = new WindowWords('');
    found.feed(' dog\n ba');
    assert.deepEqual(found.end(), { words: ['dog', '\n'], open: '' });
  });

  test('the open one is carried on by text and closed by white space', () => {
    const carried = new WindowWords('dog');
    carried.feed('s bark');
    assert.deepEqual(carried.complete, ['dogs']);
    const closed = new WindowWords('dog');
    closed.feed(' barks');
    assert.deepEqual(closed.complete, ['dog']);
  });

  test('a cut-off word is kept where the window has no other: it would not get anywhere', () => {
    const begun = new WindowWords('dog');
    begun.feed(' barks');
    assert.deepEqual(begun.end(), { words: ['dog'], open: 'barks' });
    const first = new WindowWords('');
    first.feed('bar');
    assert.deepEqual(first.end(), { words: [], open: 'bar' });
  });

  test('a run without white space is cut into words, between code points', () => {
    const found = new WindowWords('');
    for (let index = 0; index < LONGEST_WORD; index += 1) found.feed(index === 0 ? 'x' : '🐕');
    assert.ok(found.complete.length >= 1);
    for (const word of found.complete) {
      assert.ok(word.isWellFormed() && word.length <= LONGEST_WORD && word.length >= LONGEST_WORD - 1);
    }
    assert.ok(`x${'🐕'.repeat(LONGEST_WORD)}`.startsWith(found.complete.join('')));
  });
});
