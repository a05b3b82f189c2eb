import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { SentenceEnd } from '../../../src/dialects/autocomplete/sentence-end.js';

/** The first sentence of a text that comes in pieces of `size` characters, and how much had to be fed. */
function firstSentence(
  text: string,
  { context = '', size = 1 } = {},
): { sentence: string; fed: number; early: boolean } {
  const detector = new SentenceEnd(context);
  for (let at = 0; at < text.length; at += size) {
    const end = detector.feed(text.slice(at, at + size));
    if (end !== undefined) return { sentence: detector.text.slice(0, end), fed: at + size, early: true };
  }
  return { sentence: text.slice(0, detector.finish()), fed: text.length, early: false };
}

describe('the first sentence of', () => {
  // "|" marks where it should end.
  const marked = [
    ' barks at the moon.| Then it sleeps.',
    ' Is it late?| Yes.',
    ' Stop!| Now.',
    ' What?!| No.',
    ' He waited… and waited.| Then he left.',
    ' He waited...| Then he left.',
    ' He waited... then he left.| Yes.',
    ' It costs 3.14 dollars.| Good.',
    ' Version 2.0.1 is out.| Good.',
    ' See example.com for more.| Good.',
    ' He met Mr. Brown and Mrs. Brown there.| They smiled.',
    ' He met Dr. Green.| They smiled.',
    ' We walked down St. James Street.| It rained.',
    ' It was J. Smith who came.| He sat down.',
    ' It was J. R. R. Tolkien who wrote.| He sat down.',
    ' So did I.| He smiled.',
    ' I. Newton wrote it.| He smiled.',
    ' He sold apples, pears, etc. to the people.| They ate.',
    ' He sold apples, pears, etc.| They ate.',
    ' At 5 p.m. he left.| It rained.',
    ' He left at 5 p.m.| It rained.',
    ' That was in 1990.| He left.',
    '\n1. Open the box.| 2. Close it.',
    ' "Hello!" she said.| He smiled.',
    ' “Hello!” she said.| He smiled.',
    ' "Hello! How are you?" she asked.| He smiled.',
    ' "Hello."| The man smiled.',
    ' (It was late.)| He left.',
    " 'Come!' he said.| She came.",
    ' She said, "I am here."| Then she left.',
    ' no end in sight|',
    ' no end in sight|\n\nNew paragraph.',
    ' no end in sight|\n  \n New paragraph.',
    '\n\n A text after a break.| More.',
    ' One line\nand another.| More.',
    ' The end.|\nMore.',
    ' The end.|\n\nMore.',
    ' The end.|',
    ' "The end."|',
    '。|',
    ' 今日は天気がいい。|明日は雨です。',
    ' 「こんにちは。」|彼は言った。',
    ' 你好！|再见。',
    ' नमस्ते दुनिया।| फिर।',
    ' Who knows؟| Yes.',
    ' Wow!!!| Yes.',
    ' Yahoo!s are fun.| Yes.',
    ' a "quote that is never closed and goes on. Still it is not the end|',
  ];
  for (const line of marked) {
    const text = line.replace('|', '');
    const expected = line.slice(0, line.indexOf('|'));
    test(JSON.stringify(line), () => {
      for (const size of [1, 3, text.length]) {
        assert.equal(firstSentence(text, { size }).sentence, expected, `in pieces of ${size}`);
      }
    });
  }
});

describe('how much is needed to be sure', () => {
  test('a space after a plain period is enough', () => {
    assert.equal(firstSentence(' It barks. ').fed, ' It barks. '.length);
    assert.ok(firstSentence(' It barks. ').early);
    assert.ok(!firstSentence(' It barks.').early);
  });

  test('after a quotation the next word decides', () => {
    assert.ok(!firstSentence(' "Hello!" ').early);
    assert.ok(firstSentence(' "Hello!" T').early);
  });

  test('a line break after a quotation is enough', () => {
    assert.ok(firstSentence(' "Hello!"\n').early);
  });
});

describe('the context', () => {
  test('may leave a quotation open', () => {
    const text = ' are you? I am well," said Tom. He smiled.';
    assert.equal(
      firstSentence(text, { context: 'Ann said, "How' }).sentence,
      ' are you? I am well," said Tom.',
    );
    assert.equal(firstSentence(text).sentence, ' are you?');
  });

  test('counts only in its last paragraph', () => {
    const context = 'He said, "never closed.\n\nThe dog';
    assert.equal(firstSentence(' barks. It runs.', { context }).sentence, ' barks.');
  });
});

test('a quotation that never closes counts for 300 characters', () => {
  const text = ` "Hello ${'and so on '.repeat(40)}. Then it went on.`;
  assert.ok(firstSentence(text, { size: 7 }).sentence.endsWith(' .'));
});

test('long texts take little time', () => {
  const detector = new SentenceEnd();
  const begin = performance.now();
  for (let index = 0; index < 2000; index += 1) detector.feed(' Mr. Brown and 3.14 "so');
  assert.ok(performance.now() - begin < 2000);
});
