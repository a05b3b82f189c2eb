import { createHash } from 'node:crypto';

import type { Priority } from '../../engine/engine.js';
import { splitPrompt } from '../../engine/split-prompt.js';
import { GlossaError } from '../../errors.js';
import { tokensTaken, type FinishEvent, type TokenEvent } from '../../generation/events.js';
import type { GenerationRequestInput } from '../../generation/request.js';
import type { ModelLease } from '../../models/registry.js';
import { joinWords, lastCodeUnits, lastWords, splitWords, type WordsSoFar, WindowWords } from './words.js';

/** Code units of a window's text that are looked at, far more than a context holds of ordinary words. */
const LONGEST_PROMPT = 65_536;
/** New tokens of one window at most: what an interruption can cost. */
const WINDOW_TOKENS = 256;
/** Windows in a row that may add nothing before the model counts as having nothing to say. */
const IDLE_WINDOWS = 8;

/**
 * Text that begins with white space. Serves for any vocabulary, without a list of its tokens; all but the first token are
 * in one state of the grammar, whose mask is computed once.
 */
export const BEGINS_WORD = String.raw`root ::= [ \t\r\n] .*`;

/** What words are generated from. */
export interface WordsRequest {
  /** Its words, not its exact white space. */
  readonly prompt: string;
  /** Words to generate; newlines count. */
  readonly length: number;
  readonly temperature: number;
  /** Most recent words that the model sees at a window's beginning. */
  readonly windowMax: number;
  readonly seed: number;
}

/** How far a generation has come: enough to go on from. */
export interface WordsProgress extends WordsSoFar {
  /** Windows that are over. */
  readonly windows: number;
}

/** What a generation runs with. */
export interface WordsRun {
  readonly lease: ModelLease;
  readonly priority: Priority;
  readonly signal: AbortSignal;
  /** Where an earlier run stopped; absent: at the beginning. */
  readonly progress?: WordsProgress;
  /** Called after each window that is not the last. */
  readonly onProgress?: (progress: WordsProgress) => void;
  /** Called with the tokens of each window. */
  readonly onTokens?: (tokens: { readonly prompt: number; readonly generated: number }) => void;
}

/** Keeps the most recent words of a prompt's last 65,536 code units, as text: what is before those costs nothing. */
export function trimPrompt(text: string, windowMax: number): string {
  return joinWords(lastWords(splitWords(lastCodeUnits(text, LONGEST_PROMPT)), windowMax));
}

/**
 * Generates words window by window: each is prompted with the most recent words of all there are by then, so that any
 * length fits any context. Every window has a seed of its own, made of the request's, and is all that an interruption
 * costs. What follows one is what would have come without it where the engine's scores do not depend on what else it
 * does (`--reproducible`); elsewhere a draw that is close may fall otherwise. A window whose prompt ends with a complete
 * word begins another one. End-of-sequence ids never come.
 *
 * @returns as many words as were asked for; fewer, but at least one, only if the model has nothing more to say
 * @throws GlossaError CANCELLED when the signal is aborted; CLOSED; INVALID_REQUEST for an empty prompt where the model has no
 *   token to begin with; INTERNAL if the model says nothing at all; what the engine throws
 */
export async function generateWords(request: WordsRequest, run: WordsRun): Promise<string[]> {
  const promptWords = splitWords(request.prompt);
  const words = [...(run.progress?.words ?? [])];
  let open = run.progress?.open ?? '';
  let windows = run.progress?.windows ?? 0;
  for (let idle = 0; words.length < request.length && idle < IDLE_WINDOWS;) {
    const history = [...promptWords, ...words, ...(open === '' ? [] : [open])];
    const before = words.length + open.length;
    const added = await generateWindow(request, run, {
      text: lastCodeUnits(joinWords(lastWords(history, request.windowMax)), LONGEST_PROMPT),
      open,
      beginsWord: open === '' && history.length > 0 && history.at(-1) !== '\n',
      missing: request.length - words.length,
      seed: windowSeed(request.seed, windows),
    });
    words.push(...added.words);
    ({ open } = added);
    windows += 1;
    idle = words.length + open.length === before ? idle + 1 : 0;
    if (words.length < request.length) run.onProgress?.({ words: [...words], open, windows });
  }
  if (words.length < request.length && open !== '') words.push(open);
  if (words.length === 0 && request.length > 0)
    throw new GlossaError('INTERNAL', 'the model has nothing to say to this');
  return words.slice(0, request.length);
}

interface Window {
  /** What the model sees. */
  readonly text: string;
  readonly open: string;
  /** Whether what it sees ends with a complete word, which new text is not to carry on. */
  readonly beginsWord: boolean;
  /** Words after which it can end. */
  readonly missing: number;
  readonly seed: number;
}

async function generateWindow(
  request: WordsRequest,
  { lease, priority, signal, onTokens }: WordsRun,
  window: Window,
): Promise<WordsSoFar> {
  const { prompt, maxNewTokens } = await fitWindow(lease, window.text, signal);
  const input = samplingRequest(
    lease,
    { ...request, seed: window.seed },
    {
      ...{ prompt, maxNewTokens },
      ...(window.beginsWord && lease.defaults.grammar === undefined && { grammar: BEGINS_WORD }),
    },
  );
  if (signal.aborted) throw interrupted(signal);
  const generation = lease.engine.generate(input, { signal, priority });
  const found = new WindowWords(window.open);
  let isComplete = false;
  for await (const event of generation) {
    if (event.type === 'prompt') continue;
    if (!isComplete) found.feed(textOf(event));
    if (event.type === 'finish') {
      onTokens?.({ prompt: prompt.length, generated: tokensTaken(event) });
      if (event.finishReason === 'cancelled' && !isComplete) throw interrupted(signal);
    } else if (!isComplete && found.complete.length >= window.missing) {
      isComplete = true;
      generation.cancel();
    }
  }
  return isComplete ? { words: found.complete, open: '' } : found.end();
}

/** What stands for a character that a window's end cut in two is no part of a word: the next window gives it whole. */
function textOf(event: TokenEvent | FinishEvent): string {
  const isCut = event.type === 'finish' && event.endsInsideCharacter === true;
  return isCut ? event.text.slice(0, -1) : event.text;
}

/** The end of a window's text as token ids, no more than leave room for new ones. */
async function fitWindow(
  { engine }: ModelLease,
  text: string,
  signal: AbortSignal,
): Promise<{ prompt: number[]; maxNewTokens: number }> {
  const { contextSize } = engine.info;
  const wanted = Math.max(1, contextSize - Math.min(WINDOW_TOKENS, Math.ceil(contextSize / 4)));
  const { start, tokens } = await splitPrompt(engine, text, { wanted, signal });
  const room = Math.max(1, wanted - start.length);
  const prompt = [...start, ...tokens.slice(-room)];
  if (prompt.length === 0)
    throw new GlossaError('INVALID_REQUEST', 'string: must not be empty: this model has no start token', {
      param: 'string',
    });
  return { prompt, maxNewTokens: Math.max(1, Math.min(WINDOW_TOKENS, contextSize - prompt.length)) };
}

/** What the configuration sets for the model still counts, but for what would end the words early. */
function samplingRequest(
  { engine, defaults }: ModelLease,
  { temperature, seed }: WordsRequest,
  window: Pick<GenerationRequestInput, 'prompt' | 'maxNewTokens' | 'grammar'>,
): GenerationRequestInput {
  return {
    ...window,
    doSample: true,
    temperature,
    seed,
    numBeams: 1,
    numReturnSequences: 1,
    minNewTokens: 0,
    eosTokenId: [],
    forcedEosTokenId: [],
    suppressTokens: [...new Set([...(defaults.suppressTokens ?? []), ...engine.info.eosTokenIds])],
    stopStrings: [],
  };
}

/** Another seed for every window, the same ones whenever a request is repeated. */
function windowSeed(seed: number, window: number): number {
  return createHash('sha256').update(`${seed}:${window}`).digest().readUIntBE(0, 6);
}

/** A generation that is cancelled from elsewhere is so by an engine that closes. */
function interrupted(signal: AbortSignal): GlossaError {
  return signal.aborted
    ? new GlossaError('CANCELLED', 'the request was cancelled')
    : new GlossaError('CLOSED', 'the engine is closed');
}
