import { z } from 'zod';

import type { ChatMessage } from '../../../chat/chat.js';
import { text } from '../../../generation/request-compounds.js';
import { withJsonForm } from '../../../json-forms.js';
import { boundedArray, passOn } from '../../../server/bounded-array.js';
import { isJsonObject } from '../../../server/json-body.js';
import { closedObject } from '../closed-object.js';
import { ArgumentsSize } from '../conversation/arguments-size.js';
import { absent, textContent, TEXT_ONLY } from '../conversation/content.js';
import { optional } from '../values.js';
import { MOST_CALLS, toolCalls } from './tool-calls.js';

/** Messages of one conversation at most. */
const MOST_MESSAGES = 4096;

const REFUSED_PARTS: Readonly<Record<string, string>> = {
  image_url: TEXT_ONLY,
  input_audio: TEXT_ONLY,
  file: TEXT_ONLY,
};

const parts = {
  text: closedObject({ type: z.literal('text'), text: text() }).transform((part) => part.text),
  /** Of an assistant's: what it said instead. */
  refusal: closedObject({ type: z.literal('refusal'), refusal: text() }).transform((part) => part.refusal),
};

function content(types: readonly (keyof typeof parts)[] = ['text']): z.ZodType<string> {
  return textContent(Object.fromEntries(types.map((type) => [type, parts[type]])), REFUSED_PARTS);
}

const name = optional(text());

const SCHEMAS = {
  system: closedObject({ role: z.literal('system'), name, content: content() }),
  developer: closedObject({ role: z.literal('developer'), name, content: content() }),
  user: closedObject({ role: z.literal('user'), name, content: content() }),
  assistant: closedObject({
    role: z.literal('assistant'),
    name,
    content: optional(content(['text', 'refusal'])),
    refusal: optional(text()),
    tool_calls: toolCalls(),
    audio: absent('nothing is spoken here'),
    function_call: absent('it is deprecated; use tool_calls'),
    reasoning_content: absent('no answer of this server has any'),
    // Answers come back with what clients have added to them: OpenAI's SDK the parsed content.
    annotations: z.unknown().optional(),
    parsed: z.unknown().optional(),
  }),
  tool: closedObject({ role: z.literal('tool'), name, content: content(), tool_call_id: text() }),
};

type Role = keyof typeof SCHEMAS;

function isRole(role: unknown): role is Role {
  return typeof role === 'string' && Object.hasOwn(SCHEMAS, role);
}

/** One message, whoever wrote it. */
function message(): z.ZodType<ChatMessage> {
  const schema = z.unknown().transform((given, context): ChatMessage => {
    const refuse = (path: string[], reason: string): never => {
      context.addIssue({ code: 'custom', path, message: reason });
      return z.NEVER;
    };
    if (!isJsonObject(given)) return refuse([], 'expected an object');
    const { role } = given;
    if (role === 'function')
      return refuse(
        ['role'],
        'function is not supported: it is deprecated; use tool_calls and the role tool',
      );
    if (!isRole(role)) return refuse(['role'], `expected ${Object.keys(SCHEMAS).join(', ')}`);
    const result = read(role, given);
    if (!result.success) return passOn(result.error, context, []);
    const { data } = result;
    if (data.content === null && data.toolCalls === undefined)
      return refuse(['content'], 'expected text, or tool_calls beside null');
    return data;
  });
  return withJsonForm(schema, (convert) => ({ anyOf: Object.values(SCHEMAS).map(convert) }));
}

type Read = { success: true; data: ChatMessage } | { success: false; error: z.ZodError };

function read(role: Role, given: unknown): Read {
  if (role === 'assistant') {
    const result = SCHEMAS.assistant.safeParse(given);
    if (!result.success) return result;
    const { name: writer, content: said, refusal, tool_calls: calls } = result.data;
    const called = calls === undefined ? {} : { toolCalls: calls };
    return { success: true, data: { role, content: said ?? refusal ?? null, ...nameOf(writer), ...called } };
  }
  if (role === 'tool') {
    const result = SCHEMAS.tool.safeParse(given);
    if (!result.success) return result;
    const { name: writer, content: said, tool_call_id: toolCallId } = result.data;
    return { success: true, data: { role, content: said, ...nameOf(writer), toolCallId } };
  }
  const result = SCHEMAS[role].safeParse(given);
  if (!result.success) return result;
  const { name: writer, content: said } = result.data;
  return { success: true, data: { role, content: said, ...nameOf(writer) } };
}

function nameOf(writer: string | undefined): { name?: string } {
  return writer === undefined ? {} : { name: writer };
}

/** A conversation, whose tool calls are all answered and whose tools answer nothing else. */
export function messages(): z.ZodType<readonly ChatMessage[]> {
  const array = boundedArray(message(), { least: 1, most: MOST_MESSAGES, of: 'message' });
  const sized = z.unknown().superRefine((given, context) => {
    const fault = argumentsFault(given);
    if (fault !== undefined) context.addIssue({ code: 'custom', ...fault, path: [...fault.path] });
  });
  const checked = withJsonForm(sized.pipe(array), (convert) => convert(array));
  return checked.transform((conversation, context): readonly ChatMessage[] => {
    const fault = orderFault(conversation);
    if (fault === undefined) return conversation;
    context.addIssue({ code: 'custom', path: [...fault.path], message: fault.message });
    return z.NEVER;
  });
}

/** Looked for before any message is read, which parses arguments. What is no list of messages is refused later. */
function argumentsFault(given: unknown): Fault | undefined {
  if (!Array.isArray(given) || given.length > MOST_MESSAGES) return undefined;
  const size = new ArgumentsSize();
  for (const [index, said] of (given as unknown[]).entries()) {
    const calls = isJsonObject(said) ? said['tool_calls'] : undefined;
    if (!Array.isArray(calls) || calls.length > MOST_CALLS) continue;
    for (const [number, call] of (calls as unknown[]).entries()) {
      const called = isJsonObject(call) ? call['function'] : undefined;
      const fault = isJsonObject(called) ? size.faultWith(called['arguments']) : undefined;
      if (fault === undefined) continue;
      return { path: [index, 'tool_calls', number, 'function', 'arguments'], message: fault };
    }
  }
  return undefined;
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const UNANSWERED =
  'expected a message of role tool for each of its tool_calls right after it, as they are what the model said';

/** What is wrong with the order of the messages: tools answer the calls of the assistant's message before them. */
function orderFault(conversation: readonly ChatMessage[]): Fault | undefined {
  let open = new Set<string>();
  let caller = 0;
  for (const [index, { role, toolCalls: calls, toolCallId }] of conversation.entries()) {
    if (role === 'tool') {
      if (!open.delete(toolCallId ?? ''))
        return {
          path: [index, 'tool_call_id'],
          message: 'expected the id of a tool call before it that has no answer yet',
        };
      continue;
    }
    if (open.size > 0) break;
    open = new Set(calls?.map(({ id }) => id));
    caller = index;
    if (open.size < (calls?.length ?? 0))
      return { path: [index, 'tool_calls'], message: 'expected ids that differ from each other' };
  }
  return open.size === 0 ? undefined : { path: [caller, 'tool_calls'], message: UNANSWERED };
}
