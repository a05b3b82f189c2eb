import { z } from 'zod';

import { text } from '../../../generation/request-compounds.js';
import { withJsonForm } from '../../../json-forms.js';
import { boundedArray, passOn, textOrArray } from '../../../server/bounded-array.js';
import { isJsonObject, type JsonObject } from '../../../server/json-body.js';
import { closedObject } from '../closed-object.js';
import { ArgumentsSize } from '../conversation/arguments-size.js';
import { argumentsText } from '../conversation/arguments-text.js';
import { absent, textContent, TEXT_ONLY } from '../conversation/content.js';
import { identifier } from '../conversation/names.js';

/** Items of one input at most. */
const MOST_ITEMS = 4096;

const REFUSED_PARTS: Readonly<Record<string, string>> = {
  input_image: TEXT_ONLY,
  input_file: TEXT_ONLY,
  input_audio: TEXT_ONLY,
};

/** What answers have beside their content, and clients send back with it. */
const kept = { id: z.unknown().optional(), status: z.unknown().optional() };

const inputText = closedObject({ type: z.literal('input_text'), text: text() }).transform(
  (part) => part.text,
);

const inputParts = { input_text: inputText };

const assistantParts = {
  output_text: closedObject({
    type: z.literal('output_text'),
    text: text(),
    annotations: z.unknown().optional(),
    logprobs: z.unknown().optional(),
    // OpenAI's SDK adds it to answers.
    parsed: z.unknown().optional(),
  }).transform((part) => part.text),
  ...inputParts,
  /** What it said instead. */
  refusal: closedObject({ type: z.literal('refusal'), refusal: text() }).transform((part) => part.refusal),
};

const ROLES = ['user', 'assistant', 'system', 'developer'] as const;

/** Of what is said in a conversation, one thing: a message, a call of a tool, or its result. */
export type InputItem =
  | { readonly type: 'message'; readonly role: (typeof ROLES)[number]; readonly content: string }
  | {
      readonly type: 'function_call';
      readonly callId: string;
      readonly name: string;
      readonly arguments: string;
    }
  | { readonly type: 'function_call_output'; readonly callId: string; readonly output: string };

const type = z.literal('message').optional();

const MESSAGES = {
  assistant: closedObject({
    type,
    role: z.literal('assistant'),
    content: textContent(assistantParts, REFUSED_PARTS),
    phase: absent('answers have one phase').optional(),
    ...kept,
  }),
  others: closedObject({
    type,
    role: z.enum(['user', 'system', 'developer']),
    content: textContent(inputParts, REFUSED_PARTS),
    ...kept,
  }),
};

function callId(): z.ZodType<string> {
  return text('an id').refine((id) => id !== '' && id.length <= 256, 'expected an id of 1 to 256 characters');
}

const functionCall = closedObject({
  type: z.literal('function_call'),
  call_id: callId(),
  name: identifier(),
  arguments: argumentsText(),
  // OpenAI's SDK adds it to answers.
  parsed_arguments: z.unknown().optional(),
  ...kept,
}).transform((given): InputItem => ({
  type: 'function_call',
  callId: given.call_id,
  name: given.name,
  arguments: given.arguments,
}));

const functionCallOutput = closedObject({
  type: z.literal('function_call_output'),
  call_id: callId(),
  output: textContent(inputParts, REFUSED_PARTS),
  ...kept,
}).transform((given): InputItem => ({
  type: 'function_call_output',
  callId: given.call_id,
  output: given.output,
}));

const BUILT_IN = 'there are no built-in tools';
const REFUSED_ITEMS: Readonly<Record<string, string>> = {
  reasoning: 'models are shown no reasoning, and no answer of this server has any; leave it out',
  item_reference: 'nothing is stored here; send the item itself',
  compaction: 'no answer of this server has any',
  custom_tool_call: 'tools take arguments that a JSON schema describes',
  custom_tool_call_output: 'tools take arguments that a JSON schema describes',
  ...Object.fromEntries(
    [
      ...['file_search_call', 'web_search_call', 'image_generation_call', 'code_interpreter_call'],
      ...['computer_call', 'computer_call_output', 'local_shell_call', 'local_shell_call_output'],
      ...['shell_call', 'shell_call_output', 'apply_patch_call', 'apply_patch_call_output'],
      ...['mcp_list_tools', 'mcp_approval_request', 'mcp_approval_response', 'mcp_call'],
    ].map((name) => [name, BUILT_IN]),
  ),
};

/** One item; without a type it is a message. */
function item(): z.ZodType<InputItem> {
  const schema = z.unknown().transform((given, context): InputItem => {
    const refuse = (path: string[], message: string): never => {
      context.addIssue({ code: 'custom', path, message });
      return z.NEVER;
    };
    if (!isJsonObject(given)) return refuse([], 'expected an object');
    const { type: kind = 'message', role } = given;
    if (kind === 'message' && !ROLES.some((known) => known === role))
      return refuse(['role'], `expected ${ROLES.join(', ')}`);
    const result = read(kind, given);
    if (result !== undefined) return result.success ? result.data : passOn(result.error, context, []);
    const reason =
      typeof kind === 'string' && Object.hasOwn(REFUSED_ITEMS, kind) ? REFUSED_ITEMS[kind] : undefined;
    const message =
      reason === undefined
        ? 'expected message, function_call or function_call_output'
        : `${String(kind)} is not supported: ${reason}`;
    return refuse(['type'], message);
  });
  const forms = [MESSAGES.others, MESSAGES.assistant, functionCall, functionCallOutput];
  return withJsonForm(schema, (convert) => ({ anyOf: forms.map((form) => convert(form)) }));
}

function read(kind: unknown, given: JsonObject): z.ZodSafeParseResult<InputItem> | undefined {
  if (kind === 'function_call') return functionCall.safeParse(given);
  if (kind === 'function_call_output') return functionCallOutput.safeParse(given);
  if (kind !== 'message') return undefined;
  const result = given['role'] === 'assistant' ? MESSAGES.assistant : MESSAGES.others;
  return result
    .transform(({ role, content }): InputItem => ({ type: 'message', role, content }))
    .safeParse(given);
}

/** What a response is to: a text, which is a user's message, or up to 4,096 items. */
export function input(): z.ZodType<readonly InputItem[]> {
  const items = boundedArray(item(), { least: 1, most: MOST_ITEMS, of: 'item' });
  const sized = z.unknown().superRefine((given, context) => {
    const size = new ArgumentsSize();
    if (!Array.isArray(given) || given.length > MOST_ITEMS) return;
    for (const [index, said] of (given as unknown[]).entries()) {
      const message = isJsonObject(said) ? size.faultWith(said['arguments']) : undefined;
      if (message === undefined) continue;
      context.addIssue({ code: 'custom', path: [index, 'arguments'], message });
      return;
    }
  });
  const read = textOrArray(text(), items);
  const checked = withJsonForm(sized.pipe(read), (convert) => convert(read));
  return checked.transform((given): readonly InputItem[] =>
    typeof given === 'string' ? [{ type: 'message', role: 'user', content: given }] : given,
  );
}
