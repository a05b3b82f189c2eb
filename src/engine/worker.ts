/** Main module of a model's process: loads one model and runs it until told to stop or until the server is gone. */
import process from 'node:process';

import { GlossaError } from '../errors.js';
import { loadAddon } from './addon.js';
import { LoadedModel } from './loaded-model.js';
import { packed } from './packed-embeddings.js';
import { packedVocabulary } from './packed-vocabulary.js';
import type { CallName, Calls, Failure, FromEngine, ToEngine } from './protocol.js';
import { StepSender } from './step-sender.js';

function send(message: FromEngine, sent?: () => void): void {
  // Without a channel the server is gone, and 'disconnect' ends this process.
  if (process.connected) process.send?.(message, undefined, undefined, () => sent?.());
}

function failureOf(error: unknown): Failure {
  const { code, message, param, cause } = GlossaError.from(error);
  return {
    code,
    message,
    ...(param === undefined ? {} : { param }),
    ...(cause instanceof Error ? { detail: cause.message } : {}),
  };
}

let model: LoadedModel | null = null;
const steps = new StepSender((events, sent) => {
  send({ type: 'step', events }, sent);
});

async function load(message: ToEngine & { type: 'load' }): Promise<void> {
  try {
    const addon = loadAddon();
    addon.dieWithParent();
    model = await LoadedModel.load(addon, message.options, {
      onProgress: (fraction) => {
        send({ type: 'progress', fraction });
      },
      onStep: (events, acknowledge) => {
        steps.push(events, acknowledge);
      },
    });
    send({ type: 'ready', info: model.info });
  } catch (error) {
    send({ type: 'loadFailed', failure: failureOf(error) }, () => process.exit(1));
  }
}

/** Calls that can be given up, while they run. */
const running = new Map<number, AbortController>();

async function cancellable<T>(callId: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  running.set(callId, controller);
  try {
    return await work(controller.signal);
  } finally {
    running.delete(callId);
  }
}

async function answer(
  call: ToEngine & { type: 'call' },
  loaded: LoadedModel,
): Promise<Calls[CallName]['answer']> {
  switch (call.name) {
    case 'tokenize': {
      const { text, addSpecial, parseSpecial } = call.ask as Calls['tokenize']['ask'];
      return await cancellable(call.callId, (signal) =>
        loaded.tokenize(text, { addSpecial, parseSpecial, signal }),
      );
    }
    case 'detokenize':
      return loaded.detokenize((call.ask as Calls['detokenize']['ask']).tokens);
    case 'embed': {
      const { inputs, adapterSet } = call.ask as Calls['embed']['ask'];
      return packed(await cancellable(call.callId, (signal) => loaded.embed(inputs, adapterSet, signal)));
    }
    case 'vocabulary':
      return packedVocabulary(loaded.vocabulary());
    case 'stats':
      return loaded.stats();
  }
}

async function handle(message: ToEngine): Promise<void> {
  if (message.type === 'load') {
    await load(message);
    return;
  }
  if (message.type === 'close') {
    await model?.close();
    process.exit(0);
  }
  if (model === null) return;
  switch (message.type) {
    case 'submit':
      try {
        await model.submit(message.id, message.submission);
      } catch (error) {
        send({ type: 'refused', id: message.id, failure: failureOf(error) });
      }
      return;
    case 'cancel':
      model.cancel(message.id, message.sequence);
      return;
    case 'pause':
      model.setPaused(message.id, message.paused);
      return;
    case 'cancelCall':
      running.get(message.callId)?.abort();
      return;
    case 'call':
      try {
        send({ type: 'answer', callId: message.callId, answer: await answer(message, model) });
      } catch (error) {
        send({ type: 'callFailed', callId: message.callId, failure: failureOf(error) });
      }
  }
}

process.on('disconnect', () => process.exit(0));
// The server decides when this process ends; a terminal's Ctrl-C reaches the whole process group.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('message', (message: ToEngine) => void handle(message));
