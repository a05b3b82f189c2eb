import type { ReplyPart } from '../../../chat/chat.js';
import type { Usage } from '../usage.js';
import type { ChatCall } from './schema.js';
import { Counts } from '../conversation/counts.js';
import type { ChatParts, RunningChat } from '../conversation/generation.js';
import { newHead, type AnswerHead } from './head.js';
import { Reply, type ChoiceEnd, type ReplyStep } from '../conversation/reply.js';
import type { ChatLogprobs } from '../conversation/token-logprobs.js';

interface CallDelta {
  readonly index: number;
  /** The first of a call alone has what is not its arguments. */
  readonly id?: string;
  readonly type?: 'function';
  readonly function: { readonly name?: string; readonly arguments: string };
}

interface Delta {
  readonly role?: 'assistant';
  readonly content?: string | null;
  readonly refusal?: null;
  readonly tool_calls?: readonly CallDelta[];
}

interface ChunkChoice {
  readonly index: number;
  readonly delta: Delta;
  readonly logprobs: ChatLogprobs | null;
  readonly finish_reason: ChoiceEnd | null;
}

/** OpenAI's CreateChatCompletionStreamResponse. */
export interface ChatChunk extends AnswerHead {
  readonly object: 'chat.completion.chunk';
  readonly choices: readonly ChunkChoice[];
  /** There if it was asked for; null but in the last chunk. */
  readonly usage?: Usage | null;
}

const FIRST: Delta = { role: 'assistant', content: '', refusal: null };

/** The chunks of an answer, in their order. Leaving them early ends the generation. */
export async function* chatChunks(
  { lease, call, record, signal }: ChatParts<ChatCall>,
  { generation, prepared, copies, vocabulary }: RunningChat,
): AsyncGenerator<ChatChunk, void> {
  const head = newHead(lease);
  const counts = new Counts(record, signal);
  const told = call.body.stream_options?.include_usage === true ? { usage: null } : {};
  const chunk = (choice: ChunkChoice): ChatChunk => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [choice],
    ...told,
  });
  const { numReturnSequences } = generation.request;
  const replies = Array.from({ length: numReturnSequences }, () => new Reply(prepared, vocabulary));
  for await (const event of generation) {
    counts.note(event);
    if (event.type === 'prompt') {
      for (let index = 0; index < numReturnSequences * copies; index += 1)
        yield chunk({ index, delta: FIRST, logprobs: null, finish_reason: null });
      continue;
    }
    const reply = replies[event.sequence];
    if (reply === undefined) continue;
    const step = event.type === 'token' ? reply.token(event) : reply.finish(event);
    // The likeliest text is the same in all choices.
    for (let copy = 0; copy < copies; copy += 1)
      for (const said of choicesOf(step, event.sequence + copy)) yield chunk(said);
  }
  if ('usage' in told) yield { ...head, object: 'chat.completion.chunk', choices: [], usage: counts.usage };
}

/** What a step is in chunks: one for each part, then one for the end. Tokens go with the first of them. */
function* choicesOf({ parts, logprobs, end }: ReplyStep, index: number): Generator<ChunkChoice> {
  let waiting = logprobs;
  const takeLogprobs = (): ChatLogprobs | null => {
    const content = waiting;
    waiting = [];
    return content.length === 0 ? null : { content, refusal: null };
  };
  for (const part of parts)
    yield { index, delta: deltaOf(part), logprobs: takeLogprobs(), finish_reason: null };
  if (end !== undefined) yield { index, delta: {}, logprobs: takeLogprobs(), finish_reason: end };
}

function deltaOf(part: ReplyPart): Delta {
  if (part.type === 'content') return { content: part.text };
  const { index } = part;
  if (part.type === 'arguments') return { tool_calls: [{ index, function: { arguments: part.text } }] };
  const { id, name } = part;
  return { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] };
}
