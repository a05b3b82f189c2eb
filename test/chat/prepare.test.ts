import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { chatAbilities } from '../../src/chat/abilities.js';
import type { ChatRequest, PreparedChat, ReplyPart } from '../../src/chat/chat.js';
import { prepareChat } from '../../src/chat/prepare.js';
import { packageRoot } from '../../src/engine/addon.js';
import { EngineProcess } from '../../src/engine/engine-process.js';
import type { Engine } from '../../src/engine/engine.js';
import { checkGrammar } from '../../src/generation/grammar.js';
import { shippedEngineOptions } from '../engine/shipped-model.js';
import { FakeEngine } from '../fakes/engine.js';
import { chatOf, CLOCK, leaseOn, NEVER, SpecialEngine, templateText, WEATHER } from './fixtures.js';

const TOOLS = { tools: [WEATHER, CLOCK] };
const FORMATS = ['hermes', 'mistral', 'llama', 'deepseek'];

async function prepare(template: string, request: ChatRequest): Promise<PreparedChat> {
  const engine = new FakeEngine({ info: { chatTemplate: templateText(template) } });
  return await prepareChat(leaseOn(engine), request, NEVER);
}

async function refusal(template: string, request: ChatRequest): Promise<unknown> {
  return await prepare(template, request).then(
    () => assert.fail('nothing was refused'),
    (error: unknown) => error,
  );
}

describe('which template', () => {
  test("a configured one goes before the file's own", async () => {
    const engine = new FakeEngine({ info: { chatTemplate: 'own' } });
    const chatTemplate = 'set';
    assert.equal((await prepareChat(leaseOn(engine), chatOf('x'), NEVER)).text, 'own');
    assert.equal((await prepareChat(leaseOn(engine, { chatTemplate }), chatOf('x'), NEVER)).text, 'set');
  });

  test('a model without one says so', async () => {
    await assert.rejects(prepareChat(leaseOn(new FakeEngine()), chatOf('x'), NEVER), {
      code: 'INVALID_REQUEST',
      param: 'model',
      message: 'model: parrot has no chat template; its chatTemplate can be configured',
    });
  });

  test('one of a file that is broken is named with its model', async () => {
    const engine = new FakeEngine({ info: { chatTemplate: '{% if %}' } });
    await assert.rejects(prepareChat(leaseOn(engine), chatOf('x'), NEVER), {
      code: 'INVALID_REQUEST',
      message: /^messages: the chat template of the model parrot fails: /,
    });
  });

  test('tells what the model can be asked for; nothing is known before it is loaded', () => {
    const info = (chatTemplate: string | null): { info: { chatTemplate: string | null } } => ({
      info: { chatTemplate },
    });
    assert.equal(chatAbilities({}), undefined);
    assert.deepEqual(chatAbilities(info(null)), { chat: false, tools: false });
    assert.deepEqual(chatAbilities(info(templateText('chatml'))), { chat: true, tools: false });
    assert.deepEqual(chatAbilities(info(templateText('hermes'))), { chat: true, tools: true });
    assert.deepEqual(chatAbilities({ chatTemplate: templateText('alpaca') }), { chat: true, tools: false });
  });
});

describe('messages', () => {
  test("a developer's are the system's where the template does not know them", async () => {
    const request = chatOf([{ role: 'developer', content: 'x' }]);
    assert.match((await prepare('chatml', request)).text, /^<\|im_start\|>system\nx/);
    const knows = new FakeEngine({ info: { chatTemplate: "{{ messages[0].role }}{# 'developer' #}" } });
    assert.equal((await prepareChat(leaseOn(knows), request, NEVER)).text, 'developer');
  });

  test('arguments of template, but none that has a meaning already', async () => {
    const thinking = chatOf('x', { templateArguments: { enable_thinking: false } });
    assert.match((await prepare('hermes', thinking)).text, /<think>\n\n<\/think>\n\n$/);
    for (const name of ['messages', 'bos_token', 'range', 'none']) {
      const error = await refusal('chatml', chatOf('x', { templateArguments: { [name]: 1 } }));
      assert.ok(error instanceof Error && error.message.startsWith(`chat_template_kwargs.${name}: `));
    }
  });

  test('calls have arguments that are objects, and ids as the format has them', async () => {
    const call = { id: 'call_long-id', name: 'clock', arguments: '{"a": 1}' };
    const messages = (text: string): ChatRequest =>
      chatOf([
        { role: 'user', content: 'x' },
        { role: 'assistant', content: null, toolCalls: [{ ...call, arguments: text }] },
        { role: 'tool', content: 'r', toolCallId: call.id },
      ]);
    const { text } = await prepare('mistral', messages(call.arguments));
    const [, id, answered] = /"id": "(\w{9})".*"call_id": "(\w{9})"/.exec(text) ?? [];
    assert.ok(id !== undefined && id === answered);
    for (const wrong of ['nonsense', '[1]', '"{}"', '['.repeat(100_000)]) {
      const error = await refusal('mistral', messages(wrong));
      assert.ok(
        error instanceof Error && error.message.startsWith('messages[1].tool_calls[0].function.arguments: '),
      );
    }
    const deep = `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
    assert.match(String(await refusal('mistral', messages(deep))), /nested at most/);
  });

  test('that a template refuses are refused with its own words', async () => {
    const error = await refusal('mistral', chatOf([...chatOf('a').messages, ...chatOf('b').messages]));
    assert.equal(String(error), 'GlossaError: messages: user and assistant have to take turns');
  });
});

describe('tools', () => {
  test('are told to the template unless they may not be called', async () => {
    assert.match((await prepare('hermes', chatOf('x', TOOLS))).text, /"name": "weather"/);
    const none = await prepare('hermes', chatOf('x', { ...TOOLS, toolChoice: 'none' }));
    assert.doesNotMatch(none.text, /weather/);
    assert.equal(none.grammar, undefined);
    assert.deepEqual(none.reader().push('<tool_call>'), [{ type: 'content', text: '<tool_call>' }]);
  });

  test('of a model whose template knows none are refused', async () => {
    const error = await refusal('chatml', chatOf('x', TOOLS));
    assert.match(String(error), /tools: the chat template of the model parrot knows no tools/);
    await prepare('chatml', chatOf('x', { ...TOOLS, toolChoice: 'none' }));
    const results = chatOf([{ role: 'tool', content: 'x', toolCallId: 'y' }]);
    assert.match(String(await refusal('chatml', results)), /messages\[0\]\.role: /);
  });

  test('that are wanted and not there are refused', async () => {
    for (const toolChoice of ['required', { name: 'launch' }] as const) {
      const tools = toolChoice === 'required' ? [] : TOOLS.tools;
      assert.match(String(await refusal('hermes', chatOf('x', { tools, toolChoice }))), /tool_choice: /);
    }
  });

  test('whose schema makes no grammar are named', async () => {
    const tools = [CLOCK, { name: 'x', parameters: { type: 'string' } }];
    assert.match(
      String(await refusal('hermes', chatOf('x', { tools }))),
      /tools\[1\]\.function\.parameters: /,
    );
  });

  test('every format has grammars that can be read, for every choice', async () => {
    for (const template of FORMATS) {
      for (const toolChoice of ['auto', 'required', { name: 'clock' }] as const) {
        for (const type of ['text', 'json_object'] as const) {
          const request = chatOf('x', { ...TOOLS, toolChoice, format: { type } });
          const { grammar } = await prepare(template, request);
          assert.ok(grammar !== undefined, template);
          checkGrammar(grammar);
          assert.equal(grammar.includes('weather'), typeof toolChoice === 'string');
        }
      }
    }
  });

  test('a marker that is a control token is one in the grammar', async () => {
    const specials = { '[TOOL_CALLS]': 'control' } as const;
    const engine = new SpecialEngine(specials, { info: { chatTemplate: templateText('mistral') } });
    const { grammar } = await prepareChat(leaseOn(engine), chatOf('x', TOOLS), NEVER);
    assert.match(grammar ?? '', new RegExp(`<\\[${engine.words.idOf('[TOOL_CALLS]')}\\]> `));
  });
});

describe('with the shipped model', () => {
  async function reply(
    engine: Engine,
    template: string,
    request: ChatRequest,
  ): Promise<readonly ReplyPart[]> {
    const prepared = await prepareChat(
      leaseOn(engine, { chatTemplate: templateText(template) }),
      request,
      NEVER,
    );
    const { prompt, grammar } = prepared;
    const reader = prepared.reader();
    const parts: ReplyPart[] = [];
    // The model is small: only the end of a long prompt fits.
    const asked = { prompt: prompt.slice(-64), maxNewTokens: 60, ...(grammar !== undefined && { grammar }) };
    for await (const event of engine.generate(asked)) {
      if (event.type === 'token') parts.push(...reader.push(event.text));
    }
    return [...parts, ...reader.end()];
  }

  async function start(t: TestContext): Promise<Engine> {
    const modelPath = path.join(
      packageRoot(),
      'models',
      'glossa-sprout-alpaca',
      'glossa-sprout-alpaca-q8_0.gguf',
    );
    const engine = await EngineProcess.start(shippedEngineOptions({ modelPath, parallelSequences: 1 }));
    t.after(() => engine.close());
    return engine;
  }

  test('a call that is required is one, with arguments of its schema', async (t) => {
    const engine = await start(t);
    const parameters = {
      type: 'object',
      properties: { colour: { enum: ['red', 'blue'] } },
      required: ['colour'],
      additionalProperties: false,
    };
    const tools = [{ name: 'paint', parameters }];
    for (const template of FORMATS) {
      for (const toolChoice of ['required', { name: 'paint' }] as const) {
        const parts = await reply(
          engine,
          template,
          chatOf('Paint', { tools, toolChoice, parallelToolCalls: false }),
        );
        assert.ok(parts[0]?.type === 'toolCall' && parts[0].name === 'paint', JSON.stringify(parts));
        const text = parts.map((part) => (part.type === 'arguments' ? part.text : '')).join('');
        const { colour } = JSON.parse(text) as { colour: string };
        assert.ok(['red', 'blue'].includes(colour));
        assert.ok(parts.every((part) => part.type !== 'content'));
      }
    }
  });

  test('a reply that may be text is text, unless the model calls', async (t) => {
    const engine = await start(t);
    for (const template of FORMATS) {
      const parts = await reply(engine, template, chatOf('What is a dog?', TOOLS));
      assert.ok(parts.every((part) => part.type === 'content'));
    }
  });
});
