import type { ChatRequest, PreparedChat } from '../../../chat/chat.js';
import { prepareChat } from '../../../chat/prepare.js';
import type { Generation, ModelInfo, Vocabulary } from '../../../engine/engine.js';
import { GlossaError } from '../../../errors.js';
import { tellConfigured } from '../../../generation/configured-parameters.js';
import { resolveMaxNewTokens } from '../../../generation/request-lengths.js';
import type { GenerationDefaults, GenerationRequestInput } from '../../../generation/request.js';
import { checkToldLogprobs } from '../../../generation/told-logprobs.js';
import type { ModelLease } from '../../../models/registry.js';
import type { RequestRecord } from '../../../server/dialect.js';
import { decodingOf, namesInVain, type DecodingFields } from '../decoding.js';

/** A conversation that is being answered. */
export interface RunningChat {
  readonly generation: Generation;
  readonly prepared: PreparedChat;
  /** Choices that each sequence stands for. */
  readonly copies: number;
  /** There if tokens are told of. */
  readonly vocabulary: Vocabulary | undefined;
  /** Names of the fields that have no effect. */
  readonly ignored: readonly string[];
}

/** What a checked request asks for, whichever route it came by. */
export interface ConversationCall {
  readonly body: DecodingFields & { readonly stream?: boolean | undefined };
  /** What is to be answered. */
  readonly chat: ChatRequest;
  /** Answers that are wanted. */
  readonly choices: number;
  /** Likeliest tokens told of at each place; undefined: tokens are not told of at all. */
  readonly topLogprobs: number | undefined;
  /** New tokens of an answer at most; undefined: as many as there is room for. */
  readonly maxNewTokens: number | undefined;
  /** The name by which the client knows them. */
  readonly lengthField: string;
  /** The name by which it knows the conversation. */
  readonly source: 'messages' | 'input';
  /** Names of the fields that have no effect. */
  readonly ignored: readonly string[];
}

/** What an answer is made with. */
export interface ChatParts<Call extends ConversationCall = ConversationCall> {
  readonly lease: ModelLease;
  readonly call: Call;
  readonly record: RequestRecord;
  readonly signal: AbortSignal;
}

/**
 * Puts a conversation into the model's own words and begins its answers.
 *
 * @throws GlossaError in the engine's names; CONTEXT_OVERFLOW names the conversation
 */
export async function startChat({ lease, call, record, signal }: ChatParts): Promise<RunningChat> {
  const { engine, defaults } = lease;
  const { body, chat } = call;
  if (body.stream === true) refuseBeams(call, defaults);
  const prepared = await prepareChat(lease, chat, { signal });
  record.prompt = prepared.text;
  const { parameters, copies } = decodingOf(body, call.choices, defaults);
  const sequences = Math.max(
    parameters.numReturnSequences ?? 1,
    parameters.numBeams ?? defaults.numBeams ?? 1,
  );
  const maxNewTokens = newTokens({ promptTokens: prepared.prompt.length, sequences }, call, lease);
  refuseTooManyLogprobs(call, maxNewTokens);
  const asked: GenerationRequestInput = {
    ...parameters,
    prompt: prepared.prompt,
    ...(call.maxNewTokens !== undefined && { maxNewTokens }),
    ...(call.topLogprobs !== undefined && { logprobs: call.topLogprobs }),
    ...(prepared.grammar !== undefined && { grammar: prepared.grammar }),
  };
  const stopStrings = [...(asked.stopStrings ?? defaults.stopStrings ?? []), ...prepared.stopStrings];
  const vocabulary = call.topLogprobs === undefined ? undefined : await engine.vocabulary();
  const generation = runOrTell({ ...asked, maxNewTokens, stopStrings }, asked, { lease, signal });
  const { request } = generation;
  const eosTokenIds = request.eosTokenId ?? engine.info.eosTokenIds;
  const running = { request, eosTokenIds, promptTokens: prepared.prompt.length };
  const ignored = [...call.ignored, ...prepared.unread, ...namesInVain(body, running, asked)];
  return { generation, prepared, copies, vocabulary, ignored };
}

/** @param asked what the client itself asked for */
function runOrTell(
  input: GenerationRequestInput,
  asked: GenerationRequestInput,
  { lease, signal }: Pick<ChatParts, 'lease' | 'signal'>,
): Generation {
  try {
    return lease.engine.generate(input, { signal });
  } catch (error) {
    throw tellConfigured(GlossaError.from(error), asked, lease.defaults);
  }
}

/** A stream tells them as they come, and holds none. */
function refuseTooManyLogprobs(
  { body, choices, topLogprobs: top }: ConversationCall,
  newTokens: number,
): void {
  if (top === undefined || body.stream === true) return;
  const param = top > 0 ? 'top_logprobs' : 'logprobs';
  checkToldLogprobs({ texts: choices, tokens: choices * newTokens, top, param });
}

/** No token of a beam is certain before the search ends: there would be nothing to stream. */
function refuseBeams({ body }: ConversationCall, defaults: GenerationDefaults): void {
  if ((body.num_beams ?? defaults.numBeams ?? 1) === 1) return;
  const beams = body.num_beams === undefined ? 'the configured num_beams' : 'num_beams';
  throw new GlossaError('INVALID_REQUEST', `stream: expected false with ${beams} above 1`, {
    param: 'stream',
  });
}

/** How large an answer is, besides its new tokens. */
interface Extent {
  readonly promptTokens: number;
  /** That each have new tokens: choices, or beams. */
  readonly sequences: number;
}

/**
 * New tokens of a choice at most: what was asked for, if there is room; else what the configuration says, or what room
 * there is for each of the sequences.
 */
function newTokens(
  { promptTokens, sequences }: Extent,
  call: ConversationCall,
  { engine, defaults }: ModelLease,
): number {
  const { contextSize } = engine.info;
  // The last token is never fed back, so it needs no place.
  const room = contextSize - promptTokens + 1;
  const { maxNewTokens: wanted, lengthField, source } = call;
  if (room < 1) throw overflow(source, engine.info, `take ${promptTokens} tokens`);
  if (wanted !== undefined) {
    if (wanted <= room) return wanted;
    throw overflow(
      source,
      engine.info,
      `take ${promptTokens} and ${lengthField} asks for ${wanted} more, of which ${room} fit`,
    );
  }
  const { tokenLimit = Infinity } = engine;
  const most = Math.max(1, Math.min(room, Math.floor((tokenLimit - promptTokens) / sequences)));
  if (defaults.maxNewTokens === undefined && defaults.maxLength === undefined) return most;
  return Math.min(most, resolveMaxNewTokens(defaults, promptTokens, contextSize));
}

/** Clients look for "maximum context length" in the message. */
function overflow(
  source: ConversationCall['source'],
  { contextSize }: ModelInfo,
  found: string,
): GlossaError {
  const what = source === 'messages' ? 'the messages' : 'instructions, input and tools';
  const message = `${source}: the model's maximum context length is ${contextSize} tokens, but ${what} ${found}; shorten them`;
  return new GlossaError('CONTEXT_OVERFLOW', message, { param: source });
}
