import { checkMayFit } from '../engine/text-bounds.js';
import { GlossaError } from '../errors.js';
import type { ModelLease } from '../models/registry.js';
import type { ChatRequest, PreparedChat } from './chat.js';
import { modelTemplate, type ModelTemplate } from './model-template.js';
import { PlainReader } from './plain-reader.js';
import { promptTokens } from './prompt-tokens.js';
import { renderChat } from './render-chat.js';
import { replyGrammar } from './reply-grammar.js';
import { traitsOf } from './template-traits.js';
import { CallReader, type CallReaderOptions } from './tools/call-reader.js';
import { formatOf } from './tools/format.js';
import { writtenFormat, type WrittenFormat } from './tools/written-format.js';

/**
 * A conversation as a prompt in the words of a leased model, and how its reply is read.
 *
 * @throws GlossaError INVALID_REQUEST if the model has no template, its template refuses the conversation or fails, it
 *   knows no tools and is to call some, or a schema can't be turned into a grammar; CONTEXT_OVERFLOW for a
 *   conversation that cannot fit; CANCELLED, OVERLOADED
 */
export async function prepareChat(
  lease: ModelLease,
  request: ChatRequest,
  { signal }: { readonly signal: AbortSignal },
): Promise<PreparedChat> {
  const model = await modelTemplate(lease);
  const format = toolFormat(model, request);
  const tools = request.toolChoice === 'none' ? [] : request.tools;
  const written = tools.length === 0 ? undefined : format;
  const grammar = replyGrammar(request, written);
  const idOf = (id: string): string => format?.format.idOf(id) ?? id;
  const rendering = renderChat(model, { ...request, tools, idOf });
  checkMayFit(rendering.text, lease.engine.info, 'messages');
  const ids = await promptTokens(lease.engine, rendering, signal);
  const { bosId } = model;
  const { toolChoice, format: wanted } = request;
  const callOptions: CallReaderOptions = {
    names: new Set(tools.map(({ name }) => name)),
    besides: toolChoice !== 'auto' ? 'nothing' : wanted.type === 'text' ? 'text' : 'anything',
  };
  return {
    prompt: bosId === undefined || ids[0] === bosId ? ids : [bosId, ...ids],
    text: rendering.text,
    ...(grammar !== undefined && { grammar }),
    stopStrings: traitsOf(model.template).stopStrings,
    unread: unread(model, request),
    reader: () => (written === undefined ? new PlainReader() : new CallReader(written, callOptions)),
  };
}

/** Names that are told at most. */
const MOST_UNREAD = 32;

function unread({ template }: ModelTemplate, { messages, templateArguments = {} }: ChatRequest): string[] {
  const { words } = traitsOf(template);
  const names =
    !words.has('name') && messages.some(({ name }) => name !== undefined) ? ['messages.name'] : [];
  for (const name of Object.keys(templateArguments)) {
    if (names.length === MOST_UNREAD) break;
    if (!words.has(name)) names.push(`chat_template_kwargs.${name}`);
  }
  return names;
}

/** The format of the model's calls; undefined if it knows none. */
function toolFormat(model: ModelTemplate, request: ChatRequest): WrittenFormat | undefined {
  if (traitsOf(model.template).knowsTools) {
    return writtenFormat(formatOf(model.template.text), model.control);
  }
  const { messages, tools, toolChoice } = request;
  if (tools.length > 0 && toolChoice !== 'none') throw withoutTools(model, 'tools');
  const index = messages.findIndex(({ role, toolCalls = [] }) => role === 'tool' || toolCalls.length > 0);
  if (index < 0) return undefined;
  throw withoutTools(model, `messages[${index}].${messages[index]?.role === 'tool' ? 'role' : 'tool_calls'}`);
}

function withoutTools({ modelId }: ModelTemplate, param: string): GlossaError {
  return new GlossaError(
    'INVALID_REQUEST',
    `${param}: the chat template of the model ${modelId} knows no tools`,
    { param },
  );
}
