import type { DialectServices, ServerContext } from '../../server/dialect.js';
import { ignoredHeader } from '../../server/ignored-header.js';
import { readJsonObject, type JsonObject } from '../../server/json-body.js';
import { answerQuestion } from './answer.js';
import { CHAT_DEFAULTS } from './decoding.js';
import { randomIdentifier } from './identifier.js';
import { MODEL_NAME } from './model.js';
import { chatSchema, parseBody } from './schema.js';
import type { Message } from './template.js';

/** `POST /v1/chat/completions`: the whole conversation again, with its next answer. */
export async function handleChat(context: ServerContext, services: DialectServices): Promise<Response> {
  const given = await readJsonObject(context, services.settings.bodyLimit);
  const { body, ignored } = parseBody(chatSchema, given);
  const messages: Message[] =
    typeof body.messages === 'string'
      ? [{ role: 'user', text: body.messages }]
      : body.messages.map(({ role, message }) => ({ role, text: message }));
  const answer = await answerQuestion(context, services, {
    messages,
    source: 'messages',
    fields: body,
    defaults: CHAT_DEFAULTS,
  });
  const conversation: Message[] = [...messages, { role: 'assistant', text: answer.text }];
  const reply = {
    id: randomIdentifier('chatcmpl'),
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: MODEL_NAME,
    choices: conversation.map(({ role, text }, index) => ({ index, message: { role, content: text } })),
  };
  const names = [...ignored, ...answer.ignored, ...unknownKeys(body.messages)];
  return context.json(reply, 200, ignoredHeader(names));
}

/** Names of what messages hold besides their role and text. */
function unknownKeys(messages: string | readonly JsonObject[]): string[] {
  if (typeof messages === 'string') return [];
  const keys = new Set(messages.flatMap((message) => Object.keys(message)));
  return [...keys].filter((key) => key !== 'role' && key !== 'message').map((key) => `messages.${key}`);
}

/** Fields of OpenAI's chats that this API does without: one text beside any of them is a mistake in OpenAI's API. */
const OPENAIS_ALONE = [
  ...['n', 'stream', 'stream_options', 'response_format', 'logprobs', 'top_logprobs', 'logit_bias'],
  ...['tools', 'tool_choice', 'parallel_tool_calls', 'functions', 'function_call', 'max_completion_tokens'],
  ...['presence_penalty', 'frequency_penalty', 'user', 'metadata', 'store', 'service_tier', 'modalities'],
  ...['reasoning_effort', 'verbosity', 'safety_identifier', 'prompt_cache_key'],
];

/**
 * Whether a body is of this API rather than of OpenAI's, whose messages have `content`: any of its messages has a
 * `message`, or all of them are one text and no field beside it is OpenAI's alone.
 */
export function isAlpacaChat(body: JsonObject): boolean {
  const { messages } = body;
  if (typeof messages === 'string') return !OPENAIS_ALONE.some((name) => Object.hasOwn(body, name));
  if (!Array.isArray(messages)) return false;
  return messages.some(
    (message: unknown) => typeof message === 'object' && message !== null && 'message' in message,
  );
}
