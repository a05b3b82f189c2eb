import type { Engine } from '../../engine/engine.js';
import { checkMayFit } from '../../engine/text-bounds.js';
import { GlossaError } from '../../errors.js';
import { collect } from '../../generation/collect.js';
import type { DialectServices, ServerContext } from '../../server/dialect.js';
import { DEFAULT_MAX_TOKENS, decodingOf, type RouteDefaults } from './decoding.js';
import { inOurNames } from './errors.js';
import { acquireModel } from './model.js';
import type { DecodingFields } from './schema.js';
import { alpacaPrompt, answerIn, INSTRUCTION, type Message } from './template.js';

/** What is to be answered, and how. */
export interface Question {
  readonly messages: readonly Message[];
  /** The field that holds them, for messages about their length. */
  readonly source: 'prompt' | 'messages';
  readonly fields: DecodingFields;
  readonly defaults: RouteDefaults;
}

/** The model's text, and the names of the fields that had no effect on it. */
export interface Answer {
  readonly text: string;
  readonly ignored: readonly string[];
}

/**
 * Generates the answer to a conversation. It ends where the model ends it, where it begins another instruction, at one
 * of the request's own stop strings, or at max_tokens.
 *
 * @throws GlossaError CONTEXT_OVERFLOW, naming max_tokens or the field with the messages; whatever the model throws
 */
export async function answerQuestion(
  context: ServerContext,
  services: DialectServices,
  question: Question,
): Promise<Answer> {
  const { signal } = context.req.raw;
  const text = alpacaPrompt(question.messages);
  const record = context.get('record');
  record.prompt = text;
  const lease = await acquireModel(services.models, question.fields.model, {
    signal,
    caller: context.get('caller'),
  });
  record.model = lease.id;
  try {
    const { engine } = lease;
    checkMayFit(text, engine.info, question.source);
    const prompt = await engine.tokenize(text, { addSpecial: true, signal });
    const { parameters, ignored } = decodingOf(question.fields, question.defaults, engine.info);
    const generation = engine.generate(
      {
        prompt,
        maxNewTokens: newTokens(engine, prompt.length, question),
        ...parameters,
        stopStrings: [INSTRUCTION, ...question.fields.stop],
        // The prompt is ours, and full of what an answer stops at.
        stopStringsSpanPrompt: false,
      },
      { signal },
    );
    const { sequences, promptTokens, generatedTokens } = await collect(generation);
    record.promptTokens = promptTokens;
    record.generatedTokens = generatedTokens;
    return { text: answerIn(sequences[0]?.text ?? ''), ignored };
  } catch (error) {
    throw inOurNames(GlossaError.from(error), question.source);
  } finally {
    lease.release();
  }
}

/** New tokens at most: what was asked for, if there is room; else the default, or what room there is. */
function newTokens(engine: Engine, promptTokens: number, { fields, source }: Question): number {
  const { contextSize } = engine.info;
  // The last token is never fed back, so it needs no place.
  const room = contextSize - promptTokens + 1;
  if (room < 1) {
    const message = `${source}: ${promptTokens} tokens in the template exceed the context of ${contextSize} tokens`;
    throw new GlossaError('CONTEXT_OVERFLOW', message, { param: source });
  }
  const { max_tokens: wanted } = fields;
  if (wanted === undefined) return Math.min(DEFAULT_MAX_TOKENS, room);
  if (wanted <= room) return wanted;
  throw new GlossaError(
    'CONTEXT_OVERFLOW',
    `max_tokens: expected at most ${room}, which ${promptTokens} tokens of the ${source} leave of the context of ${contextSize}, received ${wanted}`,
    { param: 'max_tokens' },
  );
}
