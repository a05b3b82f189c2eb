import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { ReplyPart } from '../../src/chat/chat.js';
import { SpecialTexts } from '../../src/chat/special-texts.js';
import { CallReader, type CallReaderOptions } from '../../src/chat/tools/call-reader.js';
import type { ToolFormat } from '../../src/chat/tools/format.js';
import { generic } from '../../src/chat/tools/generic.js';
import { hermes } from '../../src/chat/tools/hermes.js';
import { llama } from '../../src/chat/tools/llama.js';
import { mistral } from '../../src/chat/tools/mistral.js';
import { writtenFormat, type WrittenFormat } from '../../src/chat/tools/written-format.js';
import { randomNumbers } from '../e2e/random.js';

const NAMES = new Set(['weather', 'clock']);
const SILENT = new SpecialTexts([
  [7, '<tool_call>'],
  [8, '</tool_call>'],
  [9, '[TOOL_CALLS]'],
]);
const NONE = new SpecialTexts([]);

/** Content as text, calls as [name, arguments]; ids are looked at, and left out. */
function read(
  written: WrittenFormat,
  pieces: readonly string[],
  besides: CallReaderOptions['besides'] = 'text',
): (string | [string, string])[] {
  const reader = new CallReader(written, { names: NAMES, besides });
  const parts: ReplyPart[] = pieces.flatMap((piece) => [...reader.push(piece)]);
  parts.push(...reader.end());
  const found: (string | [string, string])[] = [];
  const called: [string, string][] = [];
  for (const part of parts) {
    const last = found.at(-1);
    if (part.type === 'content') {
      if (typeof last === 'string') found[found.length - 1] = last + part.text;
      else found.push(part.text);
    } else if (part.type === 'toolCall') {
      assert.equal(part.index, called.length);
      assert.match(part.id, written.format === mistral ? /^[a-zA-Z0-9]{9}$/ : /^call_[a-zA-Z0-9]{24}$/);
      const call: [string, string] = [part.name, ''];
      called.push(call);
      found.push(call);
    } else {
      assert.equal(part.index, called.length - 1, 'arguments of the call that was begun last');
      const call = called.at(-1) ?? assert.fail('arguments without a call');
      call[1] += part.text;
    }
  }
  return found;
}

const plain = (format: ToolFormat): WrittenFormat => writtenFormat(format, NONE);
const silent = (format: ToolFormat): WrittenFormat => writtenFormat(format, SILENT);

/** A format, a reply, what is in it. */
const REPLIES: readonly (readonly [string, WrittenFormat, string, (string | [string, string])[]])[] = [
  ['text alone', plain(hermes), 'No <tool is called.\n', ['No <tool is called.\n']],
  [
    'text and a call',
    plain(hermes),
    'I look.\n<tool_call>\n{"name": "weather", "arguments": {"city": "}\\"{"}}\n</tool_call>',
    ['I look.', ['weather', '{"city": "}\\"{"}']],
  ],
  [
    'two calls',
    plain(hermes),
    '<tool_call>{"name":"weather","arguments":{}}</tool_call>\n<tool_call>\n{"name": "clock", "arguments": {"a": [{"b": 1}]}}\n</tool_call>\n',
    [
      ['weather', '{}'],
      ['clock', '{"a": [{"b": 1}]}'],
    ],
  ],
  [
    'a call and text behind it',
    plain(hermes),
    '<tool_call>\n{"name": "clock", "arguments": {}}\n</tool_call>\n\nDone.',
    [['clock', '{}'], '\n\nDone.'],
  ],
  [
    'a call without arguments, with fields nobody asked for',
    plain(hermes),
    '<tool_call>{"id": "x", "name": "clock"}</tool_call>',
    [['clock', '{}']],
  ],
  [
    'a tool that does not exist',
    plain(hermes),
    '<tool_call>{"name": "launch", "arguments": {}}</tool_call>',
    ['<tool_call>{"name": "launch", "arguments": {}}</tool_call>'],
  ],
  ['no call behind the marker', plain(hermes), 'Write <tool_call> so.', ['Write <tool_call> so.']],
  ['an end within the marker', plain(hermes), 'a <tool_c', ['a <tool_c']],
  ['an end within the name', plain(hermes), 'So <tool_call>{"name": "wea', ['So']],
  ['an end behind the marker', plain(mistral), '[TOOL_CALLS]', []],
  ['an end within the name of the only thing', plain(llama), '{"name": "wea', []],
  ['an end before it is certain that it is a call', plain(llama), '{"name', ['{"name']],
  [
    'an end within the marker of a second call',
    plain(hermes),
    '<tool_call>{"name": "clock", "arguments": {}}\n</tool_call>\n<tool_',
    [['clock', '{}']],
  ],
  [
    'an end within the name of a second call',
    plain(hermes),
    '<tool_call>{"name": "clock", "arguments": {}}\n</tool_call>\n<tool_call>\n{"name": "wea',
    [['clock', '{}']],
  ],
  [
    'an end within the name of a second call of a list',
    plain(mistral),
    '[TOOL_CALLS][{"name": "clock", "arguments": {}}, {"na',
    [['clock', '{}']],
  ],
  [
    'an end within the arguments',
    plain(hermes),
    '<tool_call>{"name": "weather", "arguments": {"city": "Zü',
    [['weather', '{"city": "Zü']],
  ],
  [
    'an end within what closes a call',
    plain(hermes),
    '<tool_call>{"name": "clock", "arguments": {}}\n</tool_',
    [['clock', '{}']],
  ],
  [
    'markers that are tokens without a text',
    silent(hermes),
    'I look.\n\n{"name": "weather", "arguments": {"city": "x"}}\n\n\n{"name": "clock", "arguments": {}}\n',
    ['I look.', ['weather', '{"city": "x"}'], ['clock', '{}']],
  ],
  [
    "Mistral's list",
    plain(mistral),
    '[TOOL_CALLS][{"name": "weather", "arguments": {"city": "x"}}, {"name": "clock", "arguments": {}}]',
    [
      ['weather', '{"city": "x"}'],
      ['clock', '{}'],
    ],
  ],
  [
    "Mistral's list behind a token without a text",
    silent(mistral),
    'So: [1]\n[{"name": "clock", "arguments": {}}, {"name": "weather", "arguments": {}}]',
    ['So: [1]', ['clock', '{}'], ['weather', '{}']],
  ],
  [
    "Llama's object",
    plain(llama),
    '{"name": "weather", "parameters": {"city": "x"}}',
    [['weather', '{"city": "x"}']],
  ],
  [
    'an object that is no call',
    plain(llama),
    ' {"nome": "weather", "parameters": {}}',
    [' {"nome": "weather", "parameters": {}}'],
  ],
  [
    'an object that is not the first of the reply',
    plain(llama),
    'So {"name": "weather", "parameters": {}}',
    ['So {"name": "weather", "parameters": {}}'],
  ],
  [
    'the generic object and text behind it',
    plain(generic),
    '\n{"name": "clock", "arguments": {}} That was it.',
    [['clock', '{}'], ' That was it.'],
  ],
  [
    'a long gap before a call',
    plain(hermes),
    `a${' '.repeat(300)}<tool_call>{"name": "clock"}`,
    [`a${' '.repeat(44)}`, ['clock', '{}']],
  ],
  [
    'a long gap behind a call',
    plain(mistral),
    `[TOOL_CALLS][{"name": "clock"}${' '.repeat(300)}]`,
    [['clock', '{}'], `${' '.repeat(300)}]`],
  ],
];

describe('replies', () => {
  for (const [what, written, text, expected] of REPLIES) {
    test(`${what} (${written.format.name})`, () => {
      assert.deepEqual(read(written, [text]), expected);
    });
  }

  test('give the same parts in whatever pieces they come', () => {
    const next = randomNumbers(11);
    for (const [what, written, text, expected] of REPLIES) {
      assert.deepEqual(read(written, text.split('')), expected, what);
      for (let round = 0; round < 50; round += 1) {
        const pieces: string[] = [];
        for (let from = 0; from < text.length;) {
          const to = from + Math.floor(next() * 9);
          pieces.push(text.slice(from, to));
          from = to;
        }
        assert.deepEqual(read(written, pieces), expected, what);
      }
    }
  });

  test('of nonsense are read as well, the same in any pieces, and no character of text is lost', () => {
    const next = randomNumbers(12);
    const scraps = [
      '<tool_call>',
      '</tool_call>',
      '[TOOL_CALLS]',
      '[',
      ']',
      '{"name": "',
      'clock"',
      '"arguments": {',
      '}',
      ',',
      ' ',
      '\n',
      'x',
      '\\',
      '"',
      '{',
    ];
    for (let round = 0; round < 600; round += 1) {
      const text = Array.from({ length: 12 }, () => scraps[Math.floor(next() * scraps.length)] ?? '').join(
        '',
      );
      for (const format of [hermes, mistral, llama, generic]) {
        for (const written of [plain(format), silent(format)]) {
          const whole = read(written, [text]);
          assert.deepEqual(read(written, text.split('')), whole, `${format.name}: ${JSON.stringify(text)}`);
          if (whole.some((part) => typeof part !== 'string')) continue;
          const ink = (value: string): string => value.replaceAll(/\s/g, '');
          const said = ink(whole.join(''));
          assert.equal(said, ink(text).slice(0, said.length));
          // What is missing is a call that has begun.
          const missing = ink(text).slice(said.length);
          assert.ok(missing === '' || missing.startsWith(ink(written.trigger)), missing);
        }
      }
    }
  });

  test('arguments are told while they are written, and the name before them', () => {
    const reader = new CallReader(plain(hermes), { names: NAMES, besides: 'text' });
    assert.deepEqual(reader.push('Hi'), [{ type: 'content', text: 'Hi' }]);
    assert.deepEqual(reader.push(' <tool_call>\n{"name": "clock'), []);
    const [begun, ...none] = reader.push('"');
    assert.equal(begun?.type === 'toolCall' && begun.name, 'clock');
    assert.deepEqual(none, []);
    assert.deepEqual(reader.push(', "arguments": {"a'), [{ type: 'arguments', index: 0, text: '{"a' }]);
    assert.deepEqual(reader.push('": 1}'), [{ type: 'arguments', index: 0, text: '": 1}' }]);
    assert.deepEqual(reader.push('}\n</tool_call>'), []);
    assert.deepEqual(reader.end(), []);
  });

  const WRITTEN = [hermes, mistral, llama, generic].flatMap((format) => [plain(format), silent(format)]);
  /** Calls as the format writes them, without the tokens that have no text. */
  const seen = (written: WrittenFormat): string => {
    const { marker, opening, separator, closing, argumentsKey, severalCalls } = written.format;
    const visible = (text: string): string =>
      written.hasSilentMarker ? text.replaceAll(/<\/?tool_call>|\[TOOL_CALLS\]/g, '') : text;
    const first = `{"name": "weather", "${argumentsKey}": {"city": "a}\\"<tool_call>"}}`;
    const more = severalCalls ? `${visible(separator)}{"name": "clock", "${argumentsKey}": {}}` : '';
    return visible(marker + opening) + first + more + visible(closing);
  };

  test('that must be calls have no content, wherever they are cut off', () => {
    for (const written of WRITTEN) {
      const text = seen(written);
      for (let end = 0; end <= text.length; end += 1) {
        const found = read(written, [text.slice(0, end)], 'nothing');
        assert.ok(
          found.every((part) => typeof part !== 'string'),
          `${written.format.name}: ${text.slice(0, end)}: ${JSON.stringify(found)}`,
        );
        assert.deepEqual(read(written, text.slice(0, end).split(''), 'nothing'), found);
      }
      assert.ok(read(written, [text], 'nothing').length > 0);
    }
  });

  test('that may be text have no markup as content, once it is certain that it is a call', () => {
    for (const written of WRITTEN) {
      const before = written.onlyFirst ? '' : 'So.';
      const text = before + seen(written);
      for (let end = 0; end <= text.length; end += 1) {
        const [said = ''] = read(written, [text.slice(0, end)]).filter((part) => typeof part === 'string');
        const certain = end >= text.indexOf(written.trigger) + written.trigger.length;
        assert.equal(said.trim(), certain ? before : text.slice(0, end).trim());
      }
    }
  });

  test('that may be JSON lose nothing of it when they are cut off', () => {
    const json = '{"name": "wea';
    for (const written of [plain(llama), plain(generic), silent(hermes)])
      assert.deepEqual(read(written, [json], 'anything'), [json]);
    assert.deepEqual(read(plain(hermes), ['{"a": "<tool_call>'], 'anything'), ['{"a": "<tool_call>']);
    assert.deepEqual(read(plain(hermes), ['<tool_call>\n{"name": "we'], 'anything'), []);
  });
});
