import { tokensTaken } from '../../../generation/events.js';
import type { RequestRecord } from '../../../server/dialect.js';
import type { TokenTexts } from '../token-texts.js';
import type { TokenCounts } from '../usage.js';
import { Choice, type ChoicePart } from './choice.js';
import { codePoints, promptLogprobsOf } from './logprobs.js';
import type { PromptedEvent } from './run.js';

/** A part of one of the texts that are generated for a prompt. */
export interface TextPart extends ChoicePart {
  readonly prompt: number;
  /** Which of the prompt's texts, counted from 0. */
  readonly sequence: number;
}

/** What texts are made of besides the engine's events. */
export interface TextsOptions {
  readonly prompts: number;
  /** Generated for each prompt. */
  readonly sequences: number;
  /** There if the tokens are told. */
  readonly tokenTexts: TokenTexts | undefined;
  /** The prompts' texts, if the choices begin with them. */
  readonly echo: readonly string[] | undefined;
  /** Gets the counts as they grow. */
  readonly record: RequestRecord;
}

/** All texts of a request, as far as they were generated. */
export class Texts {
  readonly #options: TextsOptions;
  readonly #choices: Choice[][];
  #promptTokens = 0;
  #cachedTokens = 0;

  constructor(options: TextsOptions) {
    const { prompts, sequences, tokenTexts, echo } = options;
    this.#options = options;
    this.#choices = Array.from({ length: prompts }, (_, prompt) => {
      const start = codePoints(echo?.[prompt] ?? '');
      return Array.from({ length: sequences }, () => new Choice(start, tokenTexts));
    });
  }

  /** Takes an event and gives what it adds to texts. */
  add({ prompt, event }: PromptedEvent): TextPart[] {
    const { echo, record, sequences, tokenTexts } = this.#options;
    if (event.type === 'prompt') {
      this.#promptTokens += event.promptTokens;
      this.#cachedTokens += event.cachedTokens;
      record.promptTokens = this.#promptTokens;
      const text = echo?.[prompt];
      if (text === undefined) return [];
      const { promptLogprobs = [] } = event;
      const logprobs = tokenTexts === undefined ? null : promptLogprobsOf(tokenTexts, text, promptLogprobs);
      const part = { prompt, text, logprobs, finish_reason: null };
      return Array.from({ length: sequences }, (_, sequence) => ({ ...part, sequence }));
    }
    const part = this.#choices[prompt]?.[event.sequence]?.add(event);
    if (event.type === 'finish') record.generatedTokens = (record.generatedTokens ?? 0) + tokensTaken(event);
    return part === undefined ? [] : [{ ...part, prompt, sequence: event.sequence }];
  }

  /** Indices of a prompt's texts, the likeliest first: by the mean log-probability of a text's tokens. */
  ranked(prompt: number): number[] {
    const choices = this.#choices[prompt] ?? [];
    const means = choices.map(({ meanLogprob }) => meanLogprob);
    return [...choices.keys()].sort((one, other) => (means[other] ?? 0) - (means[one] ?? 0));
  }

  /**
   * What was taken and generated.
   *
   * @param shown whether a text is in the answer
   */
  counts(shown: (prompt: number, sequence: number) => boolean = () => true): TokenCounts {
    let generatedTokens = 0;
    let discardedTokens = 0;
    for (const [prompt, choices] of this.#choices.entries())
      for (const [sequence, choice] of choices.entries()) {
        generatedTokens += choice.generatedTokens;
        discardedTokens += shown(prompt, sequence) ? choice.discardedTokens : choice.generatedTokens;
      }
    return {
      promptTokens: this.#promptTokens,
      cachedTokens: this.#cachedTokens,
      generatedTokens,
      discardedTokens,
    };
  }
}
