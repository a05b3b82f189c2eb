import type { Engine, Generation } from '../../engine/engine.js';
import type {
  FinishReason,
  GenerationEvent,
  PromptEvent,
  PromptTokenLogprobs,
  SearchTokens,
  TokenLogprobs,
} from '../../generation/events.js';
import { ignoredParameters } from '../../generation/ignored-parameters.js';
import type { GenerationRequestInput } from '../../generation/request.js';
import { inSnakeCase } from './schema.js';
import { snakeCase } from './snake-case.js';

/** A token and its log-probability under the model's own scores; null for the prompt's first one. */
interface Ranked<Logprob = number> {
  readonly token_id: number;
  readonly logprob: Logprob;
}

/** The same with the likeliest tokens at its place. */
interface ModelLogprobs<Logprob = number> extends Ranked<Logprob> {
  readonly top: readonly Ranked[];
}

/** One sequence of an answer. */
interface SequenceResult {
  text: string;
  token_ids: number[];
  logprobs: number[];
  /** If the request has `logprobs`. */
  model_logprobs?: ModelLogprobs[];
  finish_reason: FinishReason | null;
  generated_tokens: number;
  /** With beams. */
  score?: number;
}

/** What an answer says of a request besides what was generated. */
interface RequestReport {
  readonly prompt_tokens: number;
  readonly cached_tokens: number;
  /** If the request has `prompt_logprobs`. */
  readonly prompt_logprobs?: readonly ModelLogprobs<number | null>[];
  /** What makes the request repeatable; only if it was sampled. */
  readonly seed?: number;
  /** Parameters that the request set in vain; only if there are some. */
  readonly warnings?: readonly string[];
}

/** A generation that is read, and what it was asked for with. */
export interface AnswerSource {
  readonly engine: Engine;
  readonly generation: Generation;
  /** What the client sent. */
  readonly input: GenerationRequestInput;
}

/** The answer to a request that does not stream, as far as its events have come. */
export class Answer {
  readonly #source: AnswerSource;
  readonly #sequences: SequenceResult[];
  #report: RequestReport | undefined;
  #search: SearchTokens | undefined;

  constructor(source: AnswerSource) {
    this.#source = source;
    this.#sequences = Array.from({ length: source.generation.request.numReturnSequences }, () => ({
      text: '',
      token_ids: [],
      logprobs: [],
      finish_reason: null,
      generated_tokens: 0,
    }));
  }

  add(event: GenerationEvent): void {
    if (event.type === 'prompt') {
      this.#report = reportOf(event, this.#source);
      return;
    }
    const result = this.#sequences[event.sequence];
    if (result === undefined) return;
    result.text += event.text;
    if (event.type === 'token') {
      result.token_ids.push(event.tokenId);
      result.logprobs.push(event.logprob);
      if (event.modelLogprobs !== undefined)
        (result.model_logprobs ??= []).push(modelLogprobs(event.modelLogprobs));
      return;
    }
    result.finish_reason = event.finishReason;
    result.generated_tokens = event.generatedTokens;
    if (event.score !== undefined) result.score = event.score;
    // The last one's counts.
    this.#search = event.search;
  }

  /** As it goes out. A request that was cancelled while it waited has no report on its prompt. */
  toJson(model: string): object {
    const search = this.#search && {
      search_tokens: this.#search.chosen,
      discarded_tokens: this.#search.discarded,
    };
    return {
      model,
      sequences: this.#sequences,
      prompt_tokens: 0,
      cached_tokens: 0,
      ...this.#report,
      ...search,
    };
  }
}

/** An event as a frame of a stream. */
export function frameOf(event: GenerationEvent, source: AnswerSource): object {
  switch (event.type) {
    case 'prompt':
      return { type: 'prompt', ...reportOf(event, source) };
    case 'token':
      return {
        type: 'token',
        sequence: event.sequence,
        token_id: event.tokenId,
        logprob: event.logprob,
        text: event.text,
        ...(event.modelLogprobs !== undefined && { model_logprobs: modelLogprobs(event.modelLogprobs) }),
      };
    case 'finish':
      return {
        type: 'finish',
        sequence: event.sequence,
        finish_reason: event.finishReason,
        text: event.text,
        generated_tokens: event.generatedTokens,
        ...(event.score !== undefined && { score: event.score }),
      };
  }
}

function reportOf(
  { promptTokens, cachedTokens, promptLogprobs }: PromptEvent,
  { engine, generation: { request }, input }: AnswerSource,
): RequestReport {
  const eosTokenIds = request.eosTokenId ?? engine.info.eosTokenIds;
  const warnings = ignoredParameters(input, { request, eosTokenIds, promptTokens }).map(
    ({ param, reason }) => `${snakeCase(param)}: ${inSnakeCase(reason)}`,
  );
  return {
    prompt_tokens: promptTokens,
    cached_tokens: cachedTokens,
    ...(promptLogprobs !== undefined && { prompt_logprobs: promptLogprobs.map(modelLogprobs) }),
    ...(request.doSample && { seed: request.seed }),
    ...(warnings.length > 0 && { warnings }),
  };
}

function modelLogprobs(token: TokenLogprobs): ModelLogprobs;
function modelLogprobs(token: PromptTokenLogprobs): ModelLogprobs<number | null>;
function modelLogprobs({ tokenId, logprob, top }: PromptTokenLogprobs): ModelLogprobs<number | null> {
  return {
    token_id: tokenId,
    logprob,
    top: top.map((ranked) => ({ token_id: ranked.tokenId, logprob: ranked.logprob })),
  };
}
