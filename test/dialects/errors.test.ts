import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { alpacaDialect } from '../../src/dialects/alpaca/index.js';
import { autocompleteDialect } from '../../src/dialects/autocomplete/index.js';
import { boosteDialect } from '../../src/dialects/booste/index.js';
import { generateDialect } from '../../src/dialects/generate/index.js';
import { glossaDialect } from '../../src/dialects/glossa/index.js';
import { openAiDialect } from '../../src/dialects/openai/index.js';
import { sagemakerDialect } from '../../src/dialects/sagemaker/index.js';
import { AccessRefusal, type RefusalType } from '../../src/dialects/sagemaker/signature/refusal.js';
import { GlossaError, type ErrorCode } from '../../src/errors.js';
import { ModelRegistry } from '../../src/models/registry.js';
import { ApiKeys } from '../../src/server/api-keys.js';
import { createApp } from '../../src/server/app.js';
import type { Dialect, DialectFactory } from '../../src/server/dialect.js';
import { fakeEngineFactory } from '../fakes/engine.js';
import { silent, testConfiguration, testServer } from '../fakes/server.js';
import { FakeTasks } from '../fakes/tasks.js';
import { tablesOf, type Table } from './tables.js';

const MESSAGE = 'temperature: expected a "number"';
const PARAM = 'temperature';
/** What the document's N stands for. */
const SECONDS = 17;

/** The APIs as the document calls them, each with a path of its own. */
const APIS: Readonly<Record<string, readonly [DialectFactory, string]>> = {
  autocomplete: [autocompleteDialect, '/autocomplete'],
  booste: [boosteDialect, '/inference/start'],
  'booste, below /api/': [boosteDialect, '/api/task/start/v1/'],
  generate: [generateDialect, '/api/generate-one'],
  alpaca: [alpacaDialect, '/v1/completions'],
  sagemaker: [sagemakerDialect, '/invocations'],
  openai: [openAiDialect, '/v1/completions'],
  glossa: [glossaDialect, '/glossa/generate'],
};

const tables = tablesOf(readFileSync('docs/errors.md', 'utf8'));
const [statuses, bodies, others] = ['code', 'API', 'what'].map((first) => {
  const found = tables.find(({ columns }) => columns[0] === first);
  assert.ok(found !== undefined, `no table of ${first}`);
  return found;
}) as [Table, Table, Table];

/** What an API answers when one of its handlers throws. */
async function rendered(name: string, error: GlossaError): Promise<Response> {
  const [make, path] = APIS[name] ?? [undefined, '/'];
  assert.ok(make !== undefined, name);
  const configuration = testConfiguration();
  const { catalogue, settings } = configuration;
  const startEngine = fakeEngineFactory();
  const models = new ModelRegistry({ catalogue, startEngine, memoryBudget: 0, log: silent });
  const keys = new ApiKeys([]);
  const dialect = make({ models, settings, keys, tasks: new FakeTasks(), log: silent });
  const failing: Dialect = {
    ...dialect,
    mount: (app) => {
      app.post(path, () => {
        throw error;
      });
    },
  };
  const app = createApp({ configuration, models, keys, dialects: [failing], listener: 'own', log: silent });
  return await app.request(path, { method: 'POST', body: '{}' });
}

/** The document's body for an API, its words put in. */
function documented(
  api: string,
  code: string,
  [type = '', openAiCode = 'null']: readonly string[] = [],
): { mediaType: string; body: string } {
  const row = bodies.rows.find((candidate) => candidate['API'] === api);
  assert.ok(row !== undefined, `no body of ${api}`);
  const isJson = row['media type'] === 'application/json';
  const message = isJson ? JSON.stringify(MESSAGE).slice(1, -1) : MESSAGE;
  const template = row['body'] ?? '';
  const body = template
    .replaceAll('MESSAGE', () => message)
    .replace('TYPE', type)
    .replace('OPENAI', openAiCode === 'null' ? 'null' : JSON.stringify(openAiCode))
    .replace('CODE', code)
    .replace('PARAM', JSON.stringify(PARAM));
  return { mediaType: row['media type'] ?? '', body };
}

/** Bodies that differ from those of their API's other errors. */
function bodyRow(api: string, code: string, type: string | undefined): string {
  if (api === 'generate' && code === 'INVALID_REQUEST') return 'generate, INVALID_REQUEST';
  return type === 'ModelError' ? 'sagemaker, ModelError' : api;
}

describe('docs/errors.md', () => {
  test('has every code once', () => {
    const codes = [...readFileSync('src/errors.ts', 'utf8').matchAll(/^ {2}\| '(\w+)'/gm)].map(
      ([, code]) => code,
    );
    assert.ok(codes.length >= 19);
    assert.deepEqual(statuses.rows.map((row) => row['code']).toSorted(), codes.toSorted());
  });

  for (const row of statuses.rows) {
    const code = row['code'] ?? '';
    test(`tells how each API says ${code}`, async () => {
      for (const api of Object.keys(APIS)) {
        const [status, ...words] = (row[api.split(',')[0] ?? ''] ?? '').split(' ');
        const type = api === 'sagemaker' ? words[0] : undefined;
        const error = new GlossaError(code as ErrorCode, MESSAGE, {
          param: PARAM,
          ...(code === 'RATE_LIMITED' && { retryAfterSeconds: SECONDS }),
        });
        const response = await rendered(api, error);
        const expected = documented(bodyRow(api, code, type), code, words);
        assert.equal(response.status, Number(status), api);
        assert.equal(response.headers.get('x-amzn-errortype'), type ?? null, api);
        const mediaType = response.headers.get('content-type') ?? '';
        assert.equal(mediaType.split(';')[0]?.toLowerCase(), expected.mediaType, api);
        const text = await response.text();
        if (expected.mediaType === 'application/json')
          assert.deepEqual(JSON.parse(text), JSON.parse(expected.body), api);
        else assert.equal(text, expected.body, api);
        if (api === 'generate')
          assert.equal(response.headers.has('x-glossa-error'), code === 'INVALID_REQUEST');
        assertHeaders(response, (row['headers'] ?? '').replace(': N', `: ${SECONDS}`), api);
      }
    });
  }

  test('tells of a path that is no API’s', async () => {
    const response = await testServer().app.request('/none');
    const expected = documented('no API’s path', 'ROUTE_NOT_FOUND').body;
    const { error } = JSON.parse(expected) as { error: object };
    assert.deepEqual(await response.json(), { error: { ...error, message: 'no such route' } });
  });
});

/** Checks the headers that go with an error, and that no others of them do. */
function assertHeaders(response: Response, expected: string, api: string): void {
  const entries = expected.split(', ').map((header) => header.split(': '));
  for (const name of ['retry-after', 'www-authenticate', 'connection']) {
    const value = entries.find(([key]) => key === name)?.[1] ?? null;
    const isLeftOut = api === 'sagemaker' && name === 'www-authenticate';
    assert.equal(response.headers.get(name), isLeftOut ? null : value, `${api}: ${name}`);
  }
}

describe('answers of their own', () => {
  /** Requests that get them; of sagemaker the refusals themselves, whose causes have tests elsewhere. */
  const asked: Readonly<Record<string, () => Promise<Response>>> = {
    'The context field is required': () => testServer().post('/autocomplete', { context: null }),
    'Invalid JSON format': () => testServer().post('/api/generate-one', '[]'),
    'Duplicate request_ids': () => {
      const prompts = [{ request_id: 'a' }, { request_id: 'a' }];
      return testServer().post('/api/generate-batch', { prompts });
    },
    IncompleteSignatureException: () => refusal('IncompleteSignatureException'),
    UnrecognizedClientException: () => refusal('UnrecognizedClientException'),
    InvalidSignatureException: () => refusal('InvalidSignatureException'),
  };
  const refusal = (type: RefusalType): Promise<Response> =>
    rendered('sagemaker', new AccessRefusal(type, MESSAGE));

  test('are all in the document', () => {
    const answers = others.rows.map((row) => row['answer']?.replace(/^\d+ /, ''));
    assert.deepEqual(answers, Object.keys(asked));
  });

  for (const row of others.rows) {
    const [, status = '', words = ''] = /^(\d+) (.+)$/.exec(row['answer'] ?? '') ?? [];
    test(words, async () => {
      const response = await asked[words]?.();
      assert.equal(response?.status, Number(status));
      const said =
        row['API'] === 'sagemaker' ? response.headers.get('x-amzn-errortype') : await response.text();
      assert.equal(said, words);
    });
  }
});
