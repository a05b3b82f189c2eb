import { newIdentifier, now } from '../identity.js';
import { usageOf, type Usage } from '../usage.js';
import type { ChoicePart } from './choice.js';
import { appendLogprobs, noLogprobs } from './logprobs.js';
import type { CompletionPlan } from './plan.js';
import type { PromptedEvent } from './run.js';
import type { TextPart, Texts } from './texts.js';

/** What answers and chunks have in common. */
interface Frame {
  readonly id: string;
  readonly object: 'text_completion';
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

/** One text of an answer, or what a chunk adds to it. */
interface ChoiceObject extends ChoicePart {
  readonly index: number;
}

/** OpenAI's CompletionResponse. */
export interface CompletionObject extends Frame {
  readonly choices: readonly ChoiceObject[];
  /** null in chunks before the one that has it. */
  readonly usage?: Usage | null;
}

/** What an answer is made from. */
export interface AnswerSource {
  readonly model: string;
  readonly fingerprint: string;
  readonly prompts: number;
  readonly plan: CompletionPlan;
  readonly texts: Texts;
  readonly events: AsyncIterable<PromptedEvent>;
}

/**
 * The whole answer, once every text is whole.
 *
 * @throws GlossaError what the events throw
 */
export async function answerOf(source: AnswerSource): Promise<CompletionObject> {
  const { prompts, plan, texts, events } = source;
  const parts: TextPart[][][] = Array.from({ length: prompts }, () =>
    Array.from({ length: plan.sequences }, () => []),
  );
  for await (const event of events)
    for (const part of texts.add(event)) parts[part.prompt]?.[part.sequence]?.push(part);
  const chosen = Array.from({ length: prompts }, (_, prompt) => chosenTexts(texts, prompt, plan));
  const choices = chosen.flatMap((sequences, prompt) =>
    sequences.map((sequence, choice) => ({
      index: prompt * plan.n + choice,
      ...joined(parts[prompt]?.[sequence] ?? []),
    })),
  );
  const counts = texts.counts((prompt, sequence) => chosen[prompt]?.includes(sequence) ?? false);
  return { ...frameOf(source), choices, usage: usageOf(counts) };
}

/** The texts that a prompt's choices are, in their order. */
function chosenTexts(texts: Texts, prompt: number, { n, sequences }: CompletionPlan): number[] {
  // One text stands for all choices, or has been asked for alone.
  if (sequences === 1) return Array.from({ length: n }, () => 0);
  if (sequences > n) return texts.ranked(prompt).slice(0, n);
  return Array.from({ length: n }, (_, sequence) => sequence);
}

function joined(parts: readonly TextPart[]): ChoicePart {
  const asked = parts.some(({ logprobs }) => logprobs !== null);
  const logprobs = asked ? noLogprobs() : null;
  for (const part of parts)
    if (logprobs !== null && part.logprobs !== null) appendLogprobs(logprobs, part.logprobs);
  return {
    text: parts.map(({ text }) => text).join(''),
    logprobs,
    finish_reason: parts.at(-1)?.finish_reason ?? null,
  };
}

/** The answer in chunks, as its texts grow. With usage, each chunk has the key, and one more has the counts. */
export async function* chunksOf(
  source: AnswerSource,
  includeUsage: boolean,
): AsyncGenerator<CompletionObject, void> {
  const { plan, texts, events } = source;
  const frame = frameOf(source);
  const noUsage = includeUsage ? { usage: null } : {};
  for await (const event of events)
    for (const { prompt, sequence, ...part } of texts.add(event))
      for (const choice of choicesOf(sequence, plan))
        yield { ...frame, choices: [{ index: prompt * plan.n + choice, ...part }], ...noUsage };
  if (includeUsage) yield { ...frame, choices: [], usage: usageOf(texts.counts()) };
}

/** Choices that a text is. */
function choicesOf(sequence: number, { n, sequences }: CompletionPlan): Iterable<number> {
  return sequences === 1 ? Array(n).keys() : [sequence];
}

function frameOf({ model, fingerprint }: AnswerSource): Frame {
  return {
    id: newIdentifier('cmpl'),
    object: 'text_completion',
    created: now(),
    model,
    system_fingerprint: fingerprint,
  };
}
