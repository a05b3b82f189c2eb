import type { DialectServices, ServerContext } from '../../server/dialect.js';
import { ignoredHeader } from '../../server/ignored-header.js';
import { readJsonObject } from '../../server/json-body.js';
import { answerQuestion } from './answer.js';
import { COMPLETION_DEFAULTS } from './decoding.js';
import { randomIdentifier } from './identifier.js';
import { MODEL_NAME } from './model.js';
import { completionSchema, parseBody } from './schema.js';

/** `POST /v1/completions`: the response to one instruction. */
export async function handleCompletion(context: ServerContext, services: DialectServices): Promise<Response> {
  const given = await readJsonObject(context, services.settings.bodyLimit);
  const { body, ignored } = parseBody(completionSchema, given);
  const answer = await answerQuestion(context, services, {
    messages: [{ role: 'user', text: body.prompt }],
    source: 'prompt',
    fields: body,
    defaults: COMPLETION_DEFAULTS,
  });
  const reply = {
    id: randomIdentifier('cmpl'),
    object: 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model: MODEL_NAME,
    choices: [{ index: 0, text: answer.text }],
  };
  return context.json(reply, 200, ignoredHeader([...ignored, ...answer.ignored]));
}
