/**
 * Main module of the process that runs both models: llama.cpp may abort on a broken file, and takes only this one
 * along.
 */
import process from 'node:process';

import { Evaluator } from '../../../src/engine/evaluate.js';
import { loadAddon } from '../../../src/engine/addon.js';
import { GlossaError } from '../../../src/errors.js';
import { LogitComparer, type LogitComparison } from './logits.js';
import type { ComparisonAnswer, ComparisonOrder, FromWorker, Tokenization } from './messages.js';

/** Positions whose scores are held at a time, of both models: 33 MB with 128,000 tokens. */
const CHUNK = 32;

function send(message: FromWorker, sent?: () => void): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => sent?.());
}

async function compare(order: ComparisonOrder): Promise<ComparisonAnswer> {
  const { maxTokens, threads } = order;
  const options = { maxTokens, ...(threads === undefined ? {} : { threads }) };
  const file = await openNamed(order.file, 'the file', options);
  const tokenizations: Tokenization[] = [];
  for (const text of order.strings) tokenizations.push(await tokenizationOf(file, text));
  const reference = await openNamed(order.reference, 'its F32 reference', options);
  if (file.vocabularySize !== reference.vocabularySize) {
    throw new Error(`the file has ${file.vocabularySize} tokens, its reference ${reference.vocabularySize}`);
  }
  const logits = await compareLogits(file, reference, order.text);
  return { logits, vocabularySize: file.vocabularySize, tokenizations };
}

async function openNamed(
  path: string,
  what: string,
  options: { maxTokens: number; threads?: number },
): Promise<Evaluator> {
  try {
    return await Evaluator.open(path, options);
  } catch (error) {
    throw new Error(`${what}: ${GlossaError.from(error).message}`, { cause: error });
  }
}

async function tokenizationOf(model: Evaluator, text: string): Promise<Tokenization> {
  const ids = await model.tokenize(text, false);
  return { ids, idsWithSpecial: await model.tokenize(text, true), decoded: model.detokenize(ids) };
}

/** Chunk by chunk side by side, so that memory does not grow with the text. */
async function compareLogits(file: Evaluator, reference: Evaluator, text: string): Promise<LogitComparison> {
  const size = file.vocabularySize;
  const tokens = (await file.tokenize(text, true)).slice(
    0,
    Math.min(file.contextSize, reference.contextSize),
  );
  if (tokens.length < 2)
    throw new Error('its tokenizer or its context leaves no two tokens of a text to compare');
  const comparer = new LogitComparer();
  for (let start = 0; start < tokens.length; start += CHUNK) {
    const chunk = tokens.slice(start, start + CHUNK);
    const rows = await file.next(chunk);
    const referenceRows = await reference.next(chunk);
    for (let index = 0; index < chunk.length; index += 1) {
      const [from, to] = [index * size, (index + 1) * size];
      comparer.add(rows.subarray(from, to), referenceRows.subarray(from, to), tokens[start + index + 1]);
    }
    send({ type: 'progress', fraction: (start + chunk.length) / tokens.length });
  }
  return comparer.result();
}

async function answer(order: ComparisonOrder): Promise<void> {
  let message: FromWorker;
  try {
    loadAddon().dieWithParent();
    message = { type: 'answer', answer: await compare(order) };
  } catch (error) {
    message = { type: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  send(message, () => process.exit(0));
}

process.on('disconnect', () => process.exit(0));
process.once('message', (order: ComparisonOrder) => void answer(order));
