import type { Vocabulary } from '../../../engine/engine.js';
import { GlossaError } from '../../../errors.js';
import type { DialectServices, ServerContext } from '../../../server/dialect.js';
import { ignoredHeader } from '../../../server/ignored-header.js';
import { readJsonObject } from '../../../server/json-body.js';
import { parseBody } from '../body.js';
import { TokenTexts } from '../token-texts.js';
import { detokenizeSchema, tokenizeSchema } from './schema.js';
import { withModel } from './with-model.js';

/** Bytes of a text that ids may stand for: a few bytes of a body can be hundreds of text. */
const LONGEST_TEXT = 64 * 2 ** 20;

/** Answer of `POST /tokenize`, as vLLM's server gives it. */
interface Tokenized {
  readonly count: number;
  /** Tokens that a prompt and its answer have room for together. */
  readonly max_model_len: number;
  readonly tokens: readonly number[];
  /** Each token's text, as log-probabilities name it: `bytes:\xe2\x82` for bytes that are no text alone. */
  readonly token_strs?: readonly string[];
}

/** Answer of `POST /detokenize`: the text under vLLM's name and under llama.cpp's. */
interface Detokenized {
  readonly prompt: string;
  readonly content: string;
}

/** `POST /tokenize`: the ids that a text becomes. */
export async function tokenizeRoute(context: ServerContext, services: DialectServices): Promise<Response> {
  const given = await readJsonObject(context, services.settings.bodyLimit);
  const { body, ignored } = parseBody(tokenizeSchema, given);
  const { prompt, content, add_special_tokens, add_special, parse_special: parseSpecial = true } = body;
  const text = either({ prompt, content });
  if (text === undefined) throw expectedEither(['prompt', 'content'], 'neither');
  const addSpecial = either({ add_special_tokens, add_special }) ?? true;
  const record = context.get('record');
  record.prompt = text;
  return await withModel(context, services, body.model, async ({ engine }, signal) => {
    const tokens = await engine.tokenize(text, { addSpecial, parseSpecial, signal });
    record.promptTokens = tokens.length;
    const answer: Tokenized = {
      count: tokens.length,
      max_model_len: engine.info.contextSize,
      tokens,
      ...(body.return_token_strs === true && { token_strs: textsOf(tokens, await engine.vocabulary()) }),
    };
    return context.json(answer, 200, ignoredHeader(ignored));
  });
}

/** `POST /detokenize`: the text of ids; control tokens add nothing to it. */
export async function detokenizeRoute(context: ServerContext, services: DialectServices): Promise<Response> {
  const given = await readJsonObject(context, services.settings.bodyLimit);
  const { body, ignored } = parseBody(detokenizeSchema, given);
  const { tokens } = body;
  context.get('record').promptTokens = tokens.length;
  return await withModel(context, services, body.model, async ({ engine }, signal) => {
    checkTokens(tokens, await engine.vocabulary());
    const text = await engine.detokenize(tokens, { signal });
    const answer: Detokenized = { prompt: text, content: text };
    return context.json(answer, 200, ignoredHeader(ignored));
  });
}

/** The value of a field with two names. */
function either<T>(names: Readonly<Record<string, T | undefined>>): T | undefined {
  const given = Object.values(names).filter((value) => value !== undefined);
  if (given.length > 1) throw expectedEither(Object.keys(names), 'both');
  return given[0];
}

function expectedEither(names: readonly string[], received: string): GlossaError {
  const [param = ''] = names;
  const message = `${param}: expected either ${names.join(' or ')}, received ${received}`;
  return new GlossaError('INVALID_REQUEST', message, { param });
}

function textsOf(tokens: readonly number[], vocabulary: Vocabulary): string[] {
  const texts = new TokenTexts(vocabulary);
  const known = new Map<number, string>();
  return tokens.map((id) => {
    const text = known.get(id) ?? texts.name(id);
    known.set(id, text);
    return text;
  });
}

function checkTokens(tokens: readonly number[], vocabulary: Vocabulary): void {
  const refuse = (message: string): never => {
    throw new GlossaError('INVALID_REQUEST', `tokens: ${message}`, { param: 'tokens' });
  };
  let bytes = 0;
  for (const id of tokens) {
    if (id >= vocabulary.size) refuse(`expected token ids below ${vocabulary.size}, received ${id}`);
    bytes += vocabulary.bytes(id).length;
    if (bytes > LONGEST_TEXT) refuse(`expected ids of at most ${LONGEST_TEXT} bytes of text`);
  }
}
