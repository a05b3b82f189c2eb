import assert from 'node:assert/strict';
import { WebSocket } from 'ws';

import type { ServedGlossa } from './server.js';

/** One client: what it asks for differs with `turn`, and it checks the answer against its own request. */
export interface MixedClient {
  readonly name: string;
  /** Requests before the first one comes again. */
  readonly different: number;
  run(glossa: ServedGlossa, turn: number): Promise<void>;
}

/** Characters of an answer that must come again even where a neighbour may change the last bits of its scores. */
const SAME_BEGINNING = 12;

/** Answers by request, so that the same one later must get the same. */
export class Remembered {
  /** How many answers were compared, and how many of them went on otherwise than before. */
  readonly counts = { compared: 0, different: 0 };
  readonly #isExact: boolean;
  readonly #answers = new Map<string, readonly string[]>();

  /** @param isExact whether texts must be the same to their end, as in the reproducible mode */
  constructor(isExact: boolean) {
    this.#isExact = isExact;
  }

  /** Compares texts with those of an earlier answer to the same request. */
  check(request: string, ...texts: string[]): void {
    const earlier = this.#answers.get(request);
    if (earlier === undefined) {
      this.#answers.set(request, texts);
      return;
    }
    this.counts.compared += texts.length;
    if (this.#isExact) assert.deepEqual(texts, earlier, request);
    for (const [index, text] of texts.entries()) {
      const before: string = earlier[index] ?? '';
      if (text !== before) this.counts.different += 1;
      assert.equal(text.slice(0, SAME_BEGINNING), before.slice(0, SAME_BEGINNING), request);
    }
  }
}

/** How many different requests a client has, before it begins again with the first. */
const DIFFERENT = 6;

/** 16 clients of the five dialects. What one gets must be what it got before, whatever runs beside it. */
export function mixedClients(remembered: Remembered): MixedClient[] {
  return [
    ...[0, 1, 2].map((index) => autocompleteClient(index, remembered)),
    ...[0, 1, 2].map(boosteClient),
    ...[0, 1].map((index) => streamingClient(index, remembered)),
    batchClient(0, remembered),
    continuingClient(0, remembered),
    ...[0, 1].map((index) => socketClient(index, remembered)),
    ...[0, 1].map((index) => alpacaClient(index, remembered)),
    ...[0, 1].map((index) => sagemakerClient(index, remembered)),
  ];
}

async function postJson(glossa: ServedGlossa, path: string, body: object): Promise<unknown> {
  const response = await glossa.post(path, body);
  const text = await response.text();
  assert.equal(response.status, 200, `${path}: ${text}`);
  return JSON.parse(text) as unknown;
}

function autocompleteClient(index: number, remembered: Remembered): MixedClient {
  return {
    name: `autocomplete ${index}`,
    different: DIFFERENT,
    run: async (glossa, turn) => {
      const context = `Tom ${index}, who was ${turn % DIFFERENT} years old,`;
      const body = { context, n_samples: 1 + (turn % 3), length: 24, seed: turn % DIFFERENT };
      const answer = (await postJson(glossa, '/autocomplete', body)) as { sentences: { value: string }[] };
      assert.ok(answer.sentences.length >= 1 && answer.sentences.length <= body.n_samples);
      remembered.check(JSON.stringify(body), ...answer.sentences.map(({ value }) => value));
    },
  };
}

/** Its tasks have random seeds of the server's own: what tells them apart is how many words were asked for. */
function boosteClient(index: number): MixedClient {
  const base = '/inference/pretrained/gpt2/async';
  return {
    name: `booste ${index}`,
    different: 1,
    run: async (glossa, turn) => {
      const length = 3 + index * 7 + (turn % 7);
      const body = {
        string: `A cat ${index} ${turn}`,
        length: String(length),
        temperature: '0.8',
        apiKey: 'x',
      };
      const started = (await postJson(glossa, `${base}/start`, body)) as { Status: string; TaskID: string };
      assert.equal(started.Status, 'Started');
      for (;;) {
        const check = { TaskID: started.TaskID, apiKey: 'x' };
        const answer = (await postJson(glossa, `${base}/check/v2`, check)) as {
          Status: string;
          Output: string[];
        };
        assert.notEqual(answer.Status, 'Failed');
        if (answer.Status === 'Finished') {
          assert.equal(answer.Output.length, length);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}

const greedy = { num_beams: 1, do_sample: false, max_new_tokens: 24 };

function streamingClient(index: number, remembered: Remembered): MixedClient {
  return {
    name: `generate-one ${index}`,
    different: DIFFERENT,
    run: async (glossa, turn) => {
      const prompt = `The old man ${index} had ${turn % DIFFERENT} dogs`;
      const body = {
        request_id: `one-${index}-${turn}`,
        prompt,
        only_new_tokens: false,
        generation_config: greedy,
      };
      const response = await glossa.post('/api/generate-one', body);
      const text = await response.text();
      assert.equal(response.status, 200, text);
      assert.ok(text.startsWith(prompt), text);
      remembered.check(prompt, text);
    },
  };
}

function batchClient(index: number, remembered: Remembered): MixedClient {
  return {
    name: `generate-batch ${index}`,
    different: DIFFERENT,
    run: async (glossa, turn) => {
      const prompts = ['A bird', 'A boat', 'A stone'].map((start, place) => ({
        request_id: `batch-${index}-${turn}-${place}`,
        prompt: `${start} ${turn % DIFFERENT}`,
      }));
      const body = { prompts, only_new_tokens: true, generation_config: greedy };
      const response = await glossa.post('/api/generate-batch', body);
      const answers = (await response.json()) as { request_id: string; response: string }[];
      assert.ok(response.status === 200 || response.status === 206, String(response.status));
      assert.deepEqual(
        answers.map(({ request_id }) => request_id),
        prompts.map(({ request_id }) => request_id),
      );
      for (const [place, { response: text }] of answers.entries())
        remembered.check(prompts[place]?.prompt ?? '', text);
    },
  };
}

/** Two answers of 8 tokens, one after the other, are one of 16. */
function continuingClient(index: number, remembered: Remembered): MixedClient {
  return {
    name: `continuing ${index}`,
    different: DIFFERENT,
    run: async (glossa, turn) => {
      const prompt = `One day ${index} ${turn % DIFFERENT}`;
      const ask = async (id: string, tokens: number): Promise<string> => {
        const generation_config = { ...greedy, max_new_tokens: tokens };
        const body = { request_id: id, prompt, generation_config };
        return await (await glossa.post('/api/generate-one', body)).text();
      };
      const first = await ask(`continued-${index}-${turn}`, 8);
      const second = first.endsWith('</s>') ? '' : await ask(`continued-${index}-${turn}`, 8);
      remembered.check(`${prompt} ${turn}`, first + second);
      remembered.check(`${prompt} ${turn}`, await ask(`whole-${index}-${turn}`, 16));
    },
  };
}

interface SocketEvent {
  readonly request_id: string;
  readonly type: string;
  readonly text?: string;
  readonly error?: string;
}

function socketClient(index: number, remembered: Remembered): MixedClient {
  return {
    name: `websocket ${index}`,
    different: DIFFERENT,
    run: async (glossa, turn) => {
      const socket = new WebSocket(`${glossa.url.replace('http', 'ws')}/api/ws`);
      const prompt = `The sea ${index} was ${turn % DIFFERENT}`;
      const request_id = `ws-${index}-${turn}`;
      const text = await new Promise<string>((resolve, reject) => {
        socket.on('error', reject);
        socket.on('close', () => {
          reject(new Error('the socket was closed'));
        });
        socket.on('open', () => {
          const prompts = [{ request_id, prompt }];
          socket.send(JSON.stringify({ prompts, generation_config: greedy, stream_response: true }));
        });
        socket.on('message', (data: Buffer) => {
          const [event] = JSON.parse(data.toString()) as SocketEvent[];
          if (event?.request_id !== request_id || event.type === 'ERROR') reject(new Error(data.toString()));
          else if (event.type === 'COMPLETE') resolve(event.text ?? '');
        });
      });
      socket.removeAllListeners('close');
      socket.close();
      remembered.check(prompt, text);
    },
  };
}

function alpacaClient(index: number, remembered: Remembered): MixedClient {
  const places = ['France', 'Spain', 'Italy', 'Germany', 'Poland', 'Greece'];
  return {
    name: `alpaca ${index}`,
    different: DIFFERENT,
    run: async (glossa, turn) => {
      const message = `What is the capital of ${places[turn % places.length] ?? ''}?`;
      const body = {
        model: 'alpaca',
        messages: [{ role: 'user', message }],
        max_tokens: 32,
        num_beams: 1 + index,
      };
      const answer = (await postJson(glossa, '/v1/chat/completions', body)) as {
        choices: { message: { role: string; content: string } }[];
      };
      const [question, reply] = answer.choices.map((choice) => choice.message);
      assert.deepEqual(question, { role: 'user', content: message });
      assert.equal(reply?.role, 'assistant');
      remembered.check(message, reply.content);
    },
  };
}

function sagemakerClient(index: number, remembered: Remembered): MixedClient {
  return {
    name: `sagemaker ${index}`,
    different: DIFFERENT,
    run: async (glossa, turn) => {
      const input = `In the garden ${index} there were ${turn % DIFFERENT}`;
      const mode = index === 0 ? 'beam' : 'sample';
      const body = { input, mode, max_length: 32, num_return_sequences: 2, seed: turn % DIFFERENT };
      const answer = (await postJson(glossa, '/endpoints/gpt-2/invocations', body)) as string[];
      assert.equal(answer.length, 2);
      for (const text of answer) assert.ok(text.startsWith(input), text);
      remembered.check(input, ...answer);
    },
  };
}
