import type { Engine } from '../../engine/engine.js';
import { tokensTaken, type FinishReason } from '../../generation/events.js';
import type { GenerationRequestInput } from '../../generation/request.js';
import type { RequestRecord } from '../../server/dialect.js';
import { SentenceEnd } from './sentence-end.js';

/** One continuation, up to the end of its first sentence. */
export interface Sample {
  readonly value: string;
  /** Seconds from the request's arrival to this sample's end. */
  readonly time: number;
}

/** What samples are drawn with. */
export interface SamplingJob {
  readonly engine: Engine;
  readonly request: GenerationRequestInput;
  /** The text that is continued. */
  readonly context: string;
  readonly signal: AbortSignal;
  /** Seconds since the request arrived. */
  readonly elapsed: () => number;
  readonly record: RequestRecord;
}

/**
 * Generates all samples together and stops each at the end of its first sentence. Empty ones are left out while
 * another has text. If the model finds nothing to add at all, one sample is drawn that may not end at once.
 */
export async function drawSamples(job: SamplingJob): Promise<Sample[]> {
  const samples = await generateSamples(job);
  const filled = samples.filter((sample) => sample.value !== '');
  if (filled.length > 0) return filled;
  if (job.signal.aborted || job.elapsed() >= (job.request.maxTime ?? Infinity)) return samples.slice(0, 1);
  const again = { ...job.request, numReturnSequences: 1, eosTokenId: [] };
  return await generateSamples({ ...job, request: again });
}

async function generateSamples(job: SamplingJob): Promise<Sample[]> {
  const { engine, request, record } = job;
  const generation = engine.generate(request, { signal: job.signal });
  const running = Array.from({ length: request.numReturnSequences ?? 1 }, () => new RunningSample(job));
  for await (const event of generation) {
    if (event.type === 'prompt') {
      record.promptTokens = event.promptTokens;
      continue;
    }
    const sample = running[event.sequence];
    if (event.type === 'finish') {
      record.generatedTokens = (record.generatedTokens ?? 0) + tokensTaken(event);
      sample?.finish(event.text, event.finishReason);
    } else if (sample?.add(event.tokenId, event.text) === 'complete') {
      generation.cancel(event.sequence);
    }
  }
  return running.map((sample) => sample.result());
}

class RunningSample {
  readonly #sentence: SentenceEnd;
  readonly #eosTokenIds: readonly number[];
  readonly #elapsed: () => number;
  #sample: Sample | undefined;

  constructor(job: SamplingJob) {
    this.#sentence = new SentenceEnd(job.context);
    this.#eosTokenIds = job.engine.info.eosTokenIds;
    this.#elapsed = job.elapsed;
  }

  /** A token's text. Tells when the sentence is complete, once. */
  add(tokenId: number, text: string): 'complete' | 'goes on' {
    if (this.#sample !== undefined) return 'goes on';
    // Only where EOS was kept from ending the sequence: at its start it is skipped, later it ends the sample.
    if (this.#eosTokenIds.includes(tokenId)) {
      if (this.#sentence.text.trim() === '') return 'goes on';
      this.#complete(this.#sentence.finish());
      return 'complete';
    }
    const end = this.#sentence.feed(text);
    if (end === undefined) return 'goes on';
    this.#complete(end);
    return 'complete';
  }

  /** The sequence's end, with the text that was still held back. */
  finish(text: string, reason: FinishReason): void {
    if (this.#sample !== undefined) return;
    const end = this.#sentence.feed(text);
    // Cancelled from outside only: the client is gone, or the server is closing.
    this.#complete(end ?? (reason === 'cancelled' ? this.#sentence.text.length : this.#sentence.finish()));
  }

  result(): Sample {
    return this.#sample ?? { value: '', time: this.#elapsed() };
  }

  #complete(end: number): void {
    // U+FFFD at the end is a character that was cut off in the middle.
    const value = this.#sentence.text
      .slice(0, end)
      .replace(/\uFFFD+$/, '')
      .trimEnd();
    this.#sample = { value, time: this.#elapsed() };
  }
}
