import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';

import { adapterMetadata, adapterTensors, writeAdapter } from '../engine/adapter-file.js';
import { string } from '../../scripts/convert/gguf/values.js';
import { until } from './processes.js';
import { ServedGlossa } from './server.js';

let folder = '';
let adapter = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glossa-e2e-adapters-'));
  adapter = await writeAdapter(join(folder, 'alpaca.gguf'), adapterTensors(0.1));
});
after(() => rm(folder, { recursive: true, force: true }));

async function textOf(glossa: ServedGlossa, model: string, prompt = 'The little dog'): Promise<string> {
  const response = await glossa.post('/glossa/generate', {
    model,
    prompt,
    max_new_tokens: 32,
    eos_token_id: [],
  });
  assert.equal(response.status, 200);
  const answer = (await response.json()) as { model: string; sequences: { text: string }[] };
  assert.equal(answer.model, model);
  return answer.sequences[0]?.text ?? '';
}

describe('one command serves a model and an adapter on it under two ids', () => {
  let glossa: ServedGlossa;
  before(async () => {
    glossa = await ServedGlossa.start({ args: ['--lora', `alpaca:${adapter}`, '--reproducible'] });
  });
  after(() => glossa.stop());

  test('whose requests beside each other give what they give alone', async () => {
    const prompts = ['The little dog', 'The old woman', 'A cat and a dog', 'It was raining'];
    const requests = prompts.flatMap((prompt) =>
      ['glossa-tales', 'alpaca'].map((model) => ({ model, prompt })),
    );
    const alone: string[] = [];
    for (const { model, prompt } of requests) alone.push(await textOf(glossa, model, prompt));
    const together = await Promise.all(requests.map(({ model, prompt }) => textOf(glossa, model, prompt)));
    assert.deepEqual(together, alone);
    assert.equal(new Set(alone).size, requests.length);
  });

  test('which are listed, and have one process', async () => {
    const { models } = (await (await glossa.get('/glossa/models')).json()) as {
      models: { id: string; base?: string; lora?: object; state: string }[];
    };
    assert.deepEqual(
      models.map(({ id, base, lora, state }) => ({ id, base, lora, state })),
      [
        { id: 'glossa-tales', base: undefined, lora: undefined, state: 'ready' },
        { id: 'alpaca', base: 'glossa-tales', lora: [{ file: 'alpaca.gguf', scale: 1 }], state: 'ready' },
      ],
    );
    const { models: figures } = (await (await glossa.get('/glossa/stats')).json()) as { models: object };
    assert.deepEqual(Object.keys(figures), ['glossa-tales']);
  });

  test('which are both there again after the process died', async () => {
    const expected = [await textOf(glossa, 'glossa-tales'), await textOf(glossa, 'alpaca')];
    const pid = await glossa.enginePid();
    process.kill(pid, 'SIGKILL');
    await until(
      'another process answers',
      async () => ![pid, undefined].includes((await glossa.stats())?.pid),
    );
    assert.deepEqual([await textOf(glossa, 'glossa-tales'), await textOf(glossa, 'alpaca')], expected);
  });
});

test('a model with adapters in glossa.json answers as its base with --lora', async () => {
  const models = { 'glossa-tales': {}, alpaca: { base: 'glossa-tales', lora: [`${adapter}=0.5`] } };
  const configured = await ServedGlossa.start({ config: { models, reproducible: true } });
  const direct = await ServedGlossa.start({ args: ['--lora', `${adapter}=0.5`, '--reproducible'] });
  const text = await textOf(direct, 'glossa-tales');
  assert.equal(await textOf(configured, 'alpaca'), text);
  assert.notEqual(await textOf(configured, 'glossa-tales'), text);
  await Promise.all([configured.stop(), direct.stop()]);
});

test('an adapter for another architecture is named where the model is asked for', async () => {
  const metadata = adapterMetadata({ 'general.architecture': string('llama') });
  const foreign = await writeAdapter(join(folder, 'foreign.gguf'), adapterTensors(0.1), metadata);
  const glossa = await ServedGlossa.start({ args: ['--lora', `alpaca:${foreign}`], awaitReady: false });
  const response = await glossa.post('/glossa/generate', { prompt: 'A', model: 'alpaca' });
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  assert.deepEqual(
    [response.status, error.code, error.message],
    [
      424,
      'MODEL_LOAD_FAILED',
      "model glossa-tales can't be loaded: the model can't be loaded: " +
        'adapter foreign.gguf: it is for the architecture llama, the model is gpt2',
    ],
  );
  await glossa.stop();
});
