import type { PreparedChat, ReplyPart } from '../../../chat/chat.js';
import type { Vocabulary } from '../../../engine/engine.js';
import type { FinishEvent, TokenEvent } from '../../../generation/events.js';
import { finishReasonOf } from '../identity.js';
import { TokenLogprobs, type ToldLogprob } from './token-logprobs.js';

/** Why a choice ends. */
export type ChoiceEnd = 'stop' | 'length' | 'tool_calls';

/** What an event adds to an answer. */
export interface ReplyStep {
  readonly parts: readonly ReplyPart[];
  /** Tokens of the parts; empty unless they were asked for. */
  readonly logprobs: readonly ToldLogprob[];
  /** There at the end. */
  readonly end?: ChoiceEnd;
}

/** Reads the text of one sequence as an answer that may call tools. */
export class Reply {
  readonly #reader: ReturnType<PreparedChat['reader']>;
  readonly #logprobs: TokenLogprobs | undefined;
  /** Certain, and not given yet: the reader holds their text back. */
  #told: ToldLogprob[] = [];
  #calls = 0;

  /** @param vocabulary what tokens are told of with; undefined if they are not told of */
  constructor(prepared: PreparedChat, vocabulary: Vocabulary | undefined) {
    this.#reader = prepared.reader();
    this.#logprobs = vocabulary === undefined ? undefined : new TokenLogprobs(vocabulary);
  }

  token(event: TokenEvent): ReplyStep {
    this.#logprobs?.add(event);
    const parts = event.text === '' ? [] : this.#push(event.text);
    return { parts, logprobs: parts.length === 0 ? [] : this.#takeTold() };
  }

  finish({ text, finishReason }: FinishEvent): ReplyStep {
    const pushed = text === '' ? [] : this.#push(text);
    const parts = [...pushed, ...this.#counted(this.#reader.end())];
    const reason = finishReasonOf(finishReason);
    const end = reason === 'stop' && this.#calls > 0 ? 'tool_calls' : reason;
    return { parts, logprobs: this.#takeTold(), end };
  }

  #takeTold(): readonly ToldLogprob[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  #push(text: string): readonly ReplyPart[] {
    for (const logprob of this.#logprobs?.take(text) ?? []) this.#told.push(logprob);
    return this.#counted(this.#reader.push(text));
  }

  #counted(parts: readonly ReplyPart[]): readonly ReplyPart[] {
    this.#calls += parts.filter(({ type }) => type === 'toolCall').length;
    return parts;
  }
}
