import { setMaxListeners } from 'node:events';

import type { Engine } from '../../engine/engine.js';
import { GlossaError } from '../../errors.js';
import { tokensTaken, type FinishEvent, type GenerationEvent } from '../../generation/events.js';
import type { GenerationRequestInput } from '../../generation/request.js';
import type { ContinuedRow } from './continuations.js';
import type { Delivery } from './delivery.js';

/** What the end of a text is told with, whatever the model's own token for it. */
export const END_OF_TEXT = '</s>';

/** One text of a batch while it is generated. */
export class Row {
  readonly #before: ContinuedRow;
  readonly #newIds: number[] = [];
  #finish: FinishEvent | undefined;
  #text = '';
  promptTokens = 0;

  constructor(before: ContinuedRow) {
    this.#before = before;
  }

  /** What it began with. */
  get before(): ContinuedRow {
    return this.#before;
  }

  /** New text, with `</s>` where it came to its end. */
  get text(): string {
    return this.#text;
  }

  /** Generated now, EOS included; by a search for all of its beams. */
  get newTokens(): number {
    return this.#finish === undefined ? this.#newIds.length : tokensTaken(this.#finish);
  }

  /** EOS was chosen; or nothing can follow, because a configured stop string or grammar is complete. */
  get hasEnded(): boolean {
    return this.#before.hasEnded || (this.#finish !== undefined && isEnd(this.#finish));
  }

  /** Takes an event and gives the text it adds. */
  add(event: GenerationEvent): string {
    if (event.type === 'prompt') {
      this.promptTokens = event.promptTokens;
      return '';
    }
    let { text } = event;
    if (event.type === 'finish') {
      this.#finish = event;
      if (isEnd(event)) text += END_OF_TEXT;
      // The continuation gives the whole character.
      else if (event.endsInsideCharacter === true) text = text.slice(0, -1);
    } else {
      this.#newIds.push(event.tokenId);
    }
    this.#text += text;
    return text;
  }

  /** What a continuation goes on from. */
  after(): ContinuedRow {
    if (this.#newIds.length === 0) return { ...this.#before, hasEnded: this.hasEnded };
    const tokenIds = new Int32Array(this.#before.tokenIds.length + this.#newIds.length);
    tokenIds.set(this.#before.tokenIds);
    tokenIds.set(this.#newIds, this.#before.tokenIds.length);
    return { tokenIds, generated: this.#before.generated + this.#newIds.length, hasEnded: this.hasEnded };
  }
}

/** What the rows of a batch are generated with. */
export interface RowsJob {
  readonly engine: Engine;
  readonly rows: readonly Row[];
  /** What the engine is asked for; undefined for a row that gets nothing more. */
  readonly request: (row: Row, index: number) => GenerationRequestInput | undefined;
  readonly signal: AbortSignal;
  readonly delivery: Delivery;
  /** The model begins with the batch's first row. */
  readonly onBegin: () => void;
}

/**
 * Generates all rows, as many at a time as the engine decodes together: a large batch waits here, and not in the queue
 * that others are refused from when it is full.
 *
 * @throws GlossaError if one fails; the others are cancelled then
 */
export async function generateRows(job: RowsJob): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([job.signal, stop.signal]);
  // Every row listens to it.
  setMaxListeners(0, signal);
  const waiting = job.rows.entries();
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (const [index, row] of waiting) await generateRow({ ...job, signal }, row, index);
  };
  const workers = Array.from({ length: Math.min(job.rows.length, job.engine.info.parallelSequences) }, () =>
    work().catch((error: unknown) => {
      failures.push(error);
      stop.abort();
    }),
  );
  await Promise.all(workers);
  // What came before a failure is kept for a continuation, so the reader has to have it.
  await job.delivery.end();
  if (failures.length > 0) throw GlossaError.from(failures[0]);
}

async function generateRow(job: RowsJob, row: Row, index: number): Promise<void> {
  const request = job.request(row, index);
  if (request === undefined || job.signal.aborted) return;
  const { generated: continuedTokens } = row.before;
  const generation = job.engine.generate(request, { signal: job.signal, continuedTokens });
  for await (const event of generation) {
    if (event.type === 'prompt') job.onBegin();
    job.delivery.add(index, row.add(event));
    await job.delivery.room();
  }
}

/** Nothing is left to be said. The other reasons only say that this request got enough. */
function isEnd({ finishReason }: FinishEvent): boolean {
  return finishReason === 'eos' || finishReason === 'stop' || finishReason === 'exhausted';
}
