import type { ReplyPart } from '../../../chat/chat.js';
import type { Usage } from '../usage.js';
import { Counts } from '../conversation/counts.js';
import type { ChatParts, RunningChat } from '../conversation/generation.js';
import { newHead, type AnswerHead } from './head.js';
import { Reply, type ChoiceEnd, type ReplyStep } from '../conversation/reply.js';
import type { ChatLogprobs, ToldLogprob } from '../conversation/token-logprobs.js';

/** A tool call as OpenAI writes it. */
interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

interface AssistantMessage {
  readonly role: 'assistant';
  /** null where tools were called and nothing was said. */
  readonly content: string | null;
  readonly refusal: null;
  readonly annotations: readonly never[];
  readonly tool_calls?: readonly ToolCall[];
}

interface Choice {
  readonly index: number;
  readonly message: AssistantMessage;
  readonly logprobs: ChatLogprobs | null;
  readonly finish_reason: ChoiceEnd;
}

/** OpenAI's CreateChatCompletionResponse. */
export interface ChatCompletion extends AnswerHead {
  readonly object: 'chat.completion';
  readonly choices: readonly Choice[];
  readonly usage: Usage;
}

/**
 * The whole answer.
 *
 * @throws GlossaError in the engine's names; CANCELLED if the client left, CLOSED if the server ends
 */
export async function wholeAnswer(
  { lease, record, signal }: ChatParts,
  { generation, prepared, copies, vocabulary }: RunningChat,
): Promise<ChatCompletion> {
  const head = newHead(lease);
  const counts = new Counts(record, signal);
  const replies: { readonly reply: Reply; readonly written: WrittenChoice }[] = Array.from(
    { length: generation.request.numReturnSequences },
    () => ({ reply: new Reply(prepared, vocabulary), written: new WrittenChoice(vocabulary !== undefined) }),
  );
  for await (const event of generation) {
    counts.note(event);
    if (event.type === 'prompt') continue;
    const of = replies[event.sequence];
    of?.written.add(event.type === 'token' ? of.reply.token(event) : of.reply.finish(event));
  }
  const choices = replies
    .flatMap(({ written }) => Array.from({ length: copies }, () => written))
    .map((written, index) => written.toChoice(index));
  return { ...head, object: 'chat.completion', choices, usage: counts.usage };
}

/** A choice while its reply is read. */
class WrittenChoice {
  readonly #logprobs: ToldLogprob[] | undefined;
  readonly #calls: { readonly id: string; readonly name: string; arguments: string }[] = [];
  #content = '';
  #end: ChoiceEnd = 'stop';

  constructor(tellsTokens: boolean) {
    this.#logprobs = tellsTokens ? [] : undefined;
  }

  add({ parts, logprobs, end }: ReplyStep): void {
    for (const part of parts) this.#addPart(part);
    for (const logprob of logprobs) this.#logprobs?.push(logprob);
    this.#end = end ?? this.#end;
  }

  toChoice(index: number): Choice {
    const calls = this.#calls.map(({ id, ...called }): ToolCall => ({
      id,
      type: 'function',
      function: called,
    }));
    const content = this.#content === '' && calls.length > 0 ? null : this.#content;
    return {
      index,
      message: {
        role: 'assistant',
        content,
        refusal: null,
        annotations: [],
        ...(calls.length > 0 && { tool_calls: calls }),
      },
      logprobs: this.#logprobs === undefined ? null : { content: this.#logprobs, refusal: null },
      finish_reason: this.#end,
    };
  }

  #addPart(part: ReplyPart): void {
    if (part.type === 'content') this.#content += part.text;
    else if (part.type === 'toolCall')
      this.#calls[part.index] = { id: part.id, name: part.name, arguments: '' };
    else {
      const call = this.#calls[part.index];
      if (call !== undefined) call.arguments += part.text;
    }
  }
}
