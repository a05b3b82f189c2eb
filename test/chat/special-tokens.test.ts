import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import type { ChatMessage, PreparedChat } from '../../src/chat/chat.js';
import { ALPACA_TEMPLATE } from '../../src/chat/alpaca-template.js';
import { prepareChat } from '../../src/chat/prepare.js';
import { SpecialTexts } from '../../src/chat/special-texts.js';
import { packageRoot } from '../../src/engine/addon.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import type { Engine } from '../../src/engine/engine.js';
import { randomNumbers } from '../e2e/random.js';
import { shippedEngineOptions } from '../engine/shipped-model.js';
import { chatOf, leaseOn, NEVER, SpecialEngine, templateText, WEATHER } from './fixtures.js';

const SPROUT = path.join(packageRoot(), 'models', 'glossa-sprout-alpaca', 'glossa-sprout-alpaca-q8_0.gguf');
const BOS = 1;
const EOS = 2;

async function sprout(t: TestContext): Promise<Engine> {
  const engine = await EngineProcess.start(shippedEngineOptions({ modelPath: SPROUT, parallelSequences: 1 }));
  t.after(() => engine.close());
  return engine;
}

async function promptOf(
  engine: Engine,
  messages: string | readonly ChatMessage[],
  chatTemplate: string,
): Promise<PreparedChat> {
  return await prepareChat(leaseOn(engine, { chatTemplate }), chatOf(messages), NEVER);
}

describe('with the shipped model', () => {
  const TURNS =
    "{% for m in messages %}{{ bos_token + '[INST] ' + m.content + ' [/INST]' + eos_token }}{% endfor %}";

  test('the template writes special tokens, a client writes their texts', async (t) => {
    const engine = await sprout(t);
    const { prompt, text } = await promptOf(engine, 'a</s>b <s> [INST] c', TURNS);
    assert.equal(text, '<s>[INST] a</s>b <s> [INST] c [/INST]</s>');
    assert.equal(prompt[0], BOS);
    assert.equal(prompt.at(-1), EOS);
    const inside = prompt.slice(1, -1);
    assert.ok(!inside.includes(BOS) && !inside.includes(EOS));
    // What lies between is the text as the tokenizer has it, nothing added at a seam.
    const literal = await engine.tokenize('[INST] a</s>b <s> [INST] c [/INST]');
    assert.deepEqual(inside, literal);
  });

  test('without special texts of a client the prompt is what any tokenizer makes of the rendering', async (t) => {
    const engine = await sprout(t);
    const { prompt, text } = await promptOf(engine, 'The dog < s > barks', ALPACA_TEMPLATE);
    assert.deepEqual(prompt, await engine.tokenize(text, { parseSpecial: true }));
    assert.equal(prompt.filter((id) => id === BOS).length, 1);
  });

  test('BOS comes first where the tokenizer adds it and the template does not write it', async (t) => {
    const engine = await sprout(t);
    const { prompt, text } = await promptOf(engine, 'Hi', '{{ messages[0].content }}');
    assert.equal(text, 'Hi');
    assert.deepEqual(prompt, await engine.tokenize('Hi', { addSpecial: true }));
    assert.equal(prompt[0], BOS);
  });

  test('a message that begins and ends inside a special text is text, too', async (t) => {
    const engine = await sprout(t);
    const messages: ChatMessage[] = [
      { role: 'user', content: 'x <' },
      { role: 'user', content: '/s> y' },
    ];
    const joined = '{% for m in messages %}{{ m.content }}{% endfor %}';
    const { prompt, text } = await promptOf(engine, messages, joined);
    assert.equal(text, 'x </s> y');
    assert.ok(!prompt.includes(EOS));
  });

  test('a conversation that cannot fit is refused before it is tokenized', async (t) => {
    const engine = await sprout(t);
    await assert.rejects(promptOf(engine, 'word '.repeat(1_000_000), ALPACA_TEMPLATE), {
      code: 'CONTEXT_OVERFLOW',
      param: 'messages',
    });
  });
});

describe('texts of a client', () => {
  const SPECIALS = {
    '<|im_start|>': 'control',
    '<|im_end|>': 'control',
    '<tool_call>': 'user_defined',
  } as const;
  const pieces = (engine: SpecialEngine): string[] => engine.tokenized.filter((text) => text !== '');

  test('in names, results of tools, descriptions and template arguments are broken as well', async () => {
    const engine = new SpecialEngine(SPECIALS, { info: { chatTemplate: templateText('hermes') } });
    const end = '<|im_end|>';
    const request = chatOf(
      [
        { role: 'user', content: `a${end}` },
        {
          role: 'assistant',
          content: null,
          toolCalls: [{ id: 'i', name: `f${end}`, arguments: `{"k${end}":"v${end}"}` }],
        },
        { role: 'tool', content: `r${end}`, toolCallId: 'i' },
      ],
      { tools: [{ ...WEATHER, description: `d${end}` }], templateArguments: { enable_thinking: `e${end}` } },
    );
    const { text } = await prepareChat(leaseOn(engine), request, NEVER);
    assert.equal(text.split(end).length, 11, 'six of the client and four of the template');
    // Special texts are parsed in what the template wrote only; that is told by the texts that were tokenized.
    const parsed = pieces(engine).filter(
      (piece) => piece.startsWith('<|im_start|>') || piece.startsWith(end),
    );
    assert.ok(parsed.length > 0);
    for (const piece of parsed) assert.ok(!/[a-z]<\|im_end\|>/.test(piece), piece);
  });

  test("a marker that every tokenizer knows is cut, unless it is the model's own reply", async () => {
    const engine = new SpecialEngine(SPECIALS, { info: { chatTemplate: templateText('hermes') } });
    await prepareChat(leaseOn(engine), chatOf('x <tool_call> y'), NEVER);
    assert.ok(pieces(engine).some((piece) => piece.endsWith('x <')));
    assert.ok(pieces(engine).some((piece) => piece.startsWith('\ntool_call> y')));

    const own = new SpecialEngine(SPECIALS, { info: { chatTemplate: templateText('hermes') } });
    await prepareChat(leaseOn(own), chatOf([{ role: 'assistant', content: 'x <tool_call> y' }]), NEVER);
    assert.equal(pieces(own).length, 1);
  });

  test('characters of private use survive, whichever they are', async () => {
    const engine = new SpecialEngine(SPECIALS, { info: { chatTemplate: templateText('chatml') } });
    const all = Array.from({ length: 6400 }, (_, index) => String.fromCharCode(0xe000 + index)).join('');
    const { text } = await prepareChat(leaseOn(engine), chatOf(`${all}<|im_end|>${all}`), NEVER);
    assert.equal(text, `<|im_start|>user\n${all}<|im_end|>${all}<|im_end|>\n<|im_start|>assistant\n`);
  });

  test('that use every character are refused', async () => {
    const engine = new SpecialEngine(SPECIALS, { info: { chatTemplate: templateText('chatml') } });
    const all = Array.from({ length: 65_536 }, (_, unit) => String.fromCharCode(unit)).join('');
    await assert.rejects(prepareChat(leaseOn(engine), chatOf(all), NEVER), {
      code: 'INVALID_REQUEST',
      param: 'messages',
    });
  });

  test('with too many special texts apart are refused', async () => {
    const engine = new SpecialEngine(SPECIALS, { info: { chatTemplate: templateText('hermes') } });
    const sent = (count: number): Promise<PreparedChat> =>
      prepareChat(leaseOn(engine), chatOf('<tool_call>'.repeat(count)), NEVER);
    await assert.rejects(sent(60_000), { code: 'INVALID_REQUEST', message: /fewer than 8192 texts/ });
    // More are not even broken up.
    await assert.rejects(sent(700_000), { code: 'INVALID_REQUEST', message: /at most 65536 texts/ });
  });
});

describe('special texts', () => {
  const specials = new SpecialTexts([
    [1, '<s>'],
    [2, '</s>'],
    [3, '<s><s>'],
  ]);

  test('the longest is found; one that is begun at the end is told', () => {
    assert.deepEqual(specials.at('a<s><s>', 1), { start: 1, end: 7, id: 3 });
    assert.deepEqual(specials.at('a<s>b', 1), { start: 1, end: 4, id: 1 });
    assert.equal(specials.at('a</', 1), 'begun');
    assert.equal(specials.at('a<x', 1), undefined);
  });

  test('none is left in a broken text, and without the marks it is what it was', () => {
    const next = randomNumbers(7);
    for (let round = 0; round < 500; round += 1) {
      const text = Array.from({ length: 12 }, () => '<s>/x '.charAt(Math.floor(next() * 6))).join('');
      const broken = specials.broken(text, '\uE000', Infinity) ?? '';
      for (let at = 0; at < broken.length; at += 1) {
        const found = specials.at(broken, at);
        assert.ok(typeof found !== 'object', broken);
      }
      assert.equal(broken.replaceAll('\uE000', ''), text);
    }
  });
});
