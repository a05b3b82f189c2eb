import { GlossaError, type ErrorCode } from '../../errors.js';
import { generationRequestSchema, type ParameterName } from '../../generation/request.js';
import { statusOf } from '../../server/error-status.js';

/** OpenAI's error body: clients look for all four keys. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** OpenAI's own codes where it has them; the others get ours in lower case. */
const CODES: Readonly<Partial<Record<ErrorCode, string | null>>> = {
  INVALID_REQUEST: null,
  CONTEXT_OVERFLOW: 'context_length_exceeded',
  UNAUTHORIZED: 'invalid_api_key',
  MODEL_NOT_FOUND: 'model_not_found',
  ROUTE_NOT_FOUND: null,
  OVERLOADED: 'rate_limit_exceeded',
  RATE_LIMITED: 'rate_limit_exceeded',
  INTERNAL: null,
};

/** An error as every route of this API gives it, in answers and in the middle of streams. */
export function errorBody({ code, message, param }: GlossaError): ErrorBody {
  const openAiCode = CODES[code];
  return {
    error: {
      message,
      type: typeOf(code),
      param: param ?? null,
      code: openAiCode === undefined ? code.toLowerCase() : openAiCode,
    },
  };
}

function typeOf(code: ErrorCode): string {
  const status = statusOf(code);
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/** What the engine's parameters are called in this API, where that is not merely the same in snake case. */
const NAMES: Readonly<Partial<Record<ParameterName, string>>> = {
  maxNewTokens: 'max_tokens',
  minNewTokens: 'min_tokens',
  numReturnSequences: 'n',
  stopStrings: 'stop',
  sequenceBias: 'logit_bias',
  doSample: 'temperature',
  eosTokenId: 'ignore_eos',
  promptLogprobs: 'echo',
};

/** Names that a route gives to what the engine calls otherwise: `{ prompt: 'messages' }`. */
export type RouteNames = Readonly<Partial<Record<ParameterName, string>>>;

/** The name in this API of one of the engine's parameters. */
export function nameOf(param: string, route: RouteNames = {}): string {
  const names: Readonly<Record<string, string | undefined>> = { ...NAMES, ...route };
  return names[param] ?? param.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const ENGINES = Object.keys(generationRequestSchema.shape);
/** Names that are words as well, as those of `prompt` and `grammar`, are translated where a message begins only. */
const ENGINES_IN_TEXT = new RegExp(`\\b(${ENGINES.filter((name) => /[A-Z]/.test(name)).join('|')})\\b`, 'g');

/** Tokens that a model's context has no room for. */
export interface Overflow {
  readonly contextSize: number;
  /** Of what was sent. */
  readonly tokens: number;
  /** To be generated behind them. */
  readonly newTokens: number;
  /** What was sent: "the prompt", "prompt 3", "the messages". */
  readonly source: string;
}

/** The refusal of what does not fit, with the counts. */
export function contextOverflow(
  param: string,
  { contextSize, tokens, newTokens, source }: Overflow,
): GlossaError {
  const parts = newTokens === 0 ? '' : ` and ${newTokens} new ones`;
  const needed = `the ${tokens} of ${source}${parts}`;
  return new GlossaError(
    'CONTEXT_OVERFLOW',
    `This model's maximum context length is ${contextSize} tokens, which ${needed} exceed.`,
    { param },
  );
}

/** What the engine says of a prompt that does not fit, or that cannot fit by its bytes alone. */
const OVERFLOW = /(at least )?(\d+) tokens(?: and (\d+) new ones)? exceed the context of (\d+) tokens/;

function overflowInOurNames({ message, cause }: GlossaError, param: string): GlossaError | undefined {
  const [, atLeast = '', tokens, newTokens = '0', contextSize] = OVERFLOW.exec(message) ?? [];
  if (tokens === undefined) return undefined;
  const said = contextOverflow(param, {
    ...{ contextSize: Number(contextSize), tokens: Number(tokens), newTokens: Number(newTokens) },
    source: `the ${param}`,
  });
  const told = said.message.replace('which the ', `which the ${atLeast}`);
  return new GlossaError('CONTEXT_OVERFLOW', told, { cause, param });
}

/**
 * An error of the engine's own checks in the names of this API. Any other is as it should be: what it quotes of schemas,
 * templates and tools is the client's, however it is spelt.
 */
export function inOurNames(error: GlossaError, route: RouteNames = {}): GlossaError {
  const { code, message, param: given } = error;
  if (given === undefined) return error;
  const engines = given.split(/[.[]/, 1)[0] ?? '';
  const isEngines = ENGINES.includes(engines);
  // The engine writes stopStrings.0, OpenAI stop[0].
  const place = given.slice(engines.length).replaceAll(/\.(\d+)/g, '[$1]');
  const param = isEngines ? nameOf(engines, route) + place : given;
  const overflow = code === 'CONTEXT_OVERFLOW' ? overflowInOurNames(error, param) : undefined;
  if (overflow !== undefined) return overflow;
  if (!isEngines) return error;
  const reason = message.startsWith(given) ? message.slice(given.length) : undefined;
  // A grammar's own rules may be called anything.
  const translated = (text: string): string =>
    engines === 'grammar' ? text : text.replaceAll(ENGINES_IN_TEXT, (name) => nameOf(name, route));
  const told = reason === undefined ? translated(message) : param + translated(reason);
  return new GlossaError(code, told, { cause: error.cause, param });
}
