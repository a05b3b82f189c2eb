import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { chatServer, QUESTION, TEMPLATE } from './chat-server.js';

const engine = { script: () => [' a', '<eos>'] };
const named = { messages: [{ role: 'user', name: 'Ada', content: 'A' }] };

describe('what a template never reads', () => {
  const server = chatServer(engine);

  test('is named in the header, streamed or not', async () => {
    const body = { ...named, chat_template_kwargs: { enable_thinking: false, 'no word': 1 } };
    const expected = 'messages.name, chat_template_kwargs.enable_thinking, chat_template_kwargs.no?word';
    assert.equal(await server.ignoredIn(body), expected);
    assert.equal(await server.ignoredIn({ ...body, stream: true }), expected);
    assert.equal(await server.ignoredIn(QUESTION), null);
    assert.equal(await server.ignoredIn({ ...QUESTION, tool_choice: 'none' }), null);
  });

  test('is not what it reads', async () => {
    const chatTemplate = `{% if enable_thinking %}Think. {% endif %}{{ messages[0]['name'] }}${TEMPLATE}`;
    const reading = chatServer({ ...engine, info: { chatTemplate } });
    const body = { ...named, chat_template_kwargs: { enable_thinking: true, enable: 1 } };
    assert.equal(await reading.ignoredIn(body), 'chat_template_kwargs.enable');
    assert.match(reading.engine.tokenized.at(-1) ?? '', /^Think\. Ada/);
  });

  test('is named 32 times at most', async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, 1]));
    const names = await server.ignoredIn({ ...named, chat_template_kwargs: many });
    assert.equal(names?.split(', ').length, 32);
  });
});
