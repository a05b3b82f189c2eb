import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { inOurNames } from '../../../src/dialects/openai/errors.js';
import { GlossaError } from '../../../src/errors.js';
import { chatServer, QUESTION } from './chat-server.js';

const invalid = (param: string, message: string): GlossaError =>
  new GlossaError('INVALID_REQUEST', message, { param });

describe('the words of an error', () => {
  const server = chatServer();

  test("that are a schema's stay as the client wrote them", async () => {
    const schemas: readonly (readonly [object, string])[] = [
      [{ type: 'array', additionalItems: false }, 'additionalItems'],
      [{ type: 'string', minLength: -1 }, '#/minLength'],
      [{ properties: { firstName: { type: 'nothing' } } }, 'properties/firstName'],
      [{ $ref: '#/$defs/maxNewTokens' }, 'maxNewTokens'],
    ];
    for (const [schema, word] of schemas) {
      const response_format = { type: 'json_schema', json_schema: { name: 'a', schema } };
      const { status, param, message } = await server.refusal({ ...QUESTION, response_format });
      assert.equal(status, 400);
      assert.match(param ?? '', /^response_format\.json_schema\.schema/);
      assert.ok(message.includes(word), message);
    }
  });

  test("that are a template's or a grammar's stay as they are", async () => {
    const chatTemplate = "{{ raise_exception('say maxNewTokens and firstName') }}";
    const refused = await chatServer({ info: { chatTemplate } }).refusal(QUESTION);
    assert.equal(refused.param, 'messages');
    assert.match(refused.message, /say maxNewTokens and firstName/);
    const error = inOurNames(invalid('grammar', 'grammar: no rule is called topK'), { grammar: 'tools' });
    assert.deepEqual([error.param, error.message], ['tools', 'tools: no rule is called topK']);
  });

  test("that are the engine's parameters are translated, and no others", () => {
    const error = inOurNames(
      invalid('stopStrings.0', 'stopStrings.0: like maxNewTokens with topK, but fooBar'),
      { maxNewTokens: 'max_output_tokens' },
    );
    assert.equal(error.param, 'stop[0]');
    assert.equal(error.message, 'stop[0]: like max_output_tokens with top_k, but fooBar');
  });

  test('say whose template is missing', async () => {
    const refused = await chatServer({ info: { chatTemplate: null } }).refusal(QUESTION);
    assert.deepEqual([refused.status, refused.param], [400, 'model']);
    assert.match(refused.message, /^model: \S+ has no chat template; its chatTemplate can be configured$/);
  });
});
