import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Ajv2020 } from 'ajv/dist/2020.js';

import type { JsonSchema } from '../../../src/json-forms.js';
import { testServer } from '../../fakes/server.js';
import { describedPorts, type ApiDocument, type DescribedOperation } from './served.js';

/** Routes that answer without being in the document, each with the reason. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'GET /docs/start.js': 'is one of the files of GET /docs/{file}',
};

const ports = await describedPorts();

function operationsOf({ paths }: ApiDocument): (readonly [route: string, operation: DescribedOperation])[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(
      ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
    ),
  );
}

for (const { title, app, document } of ports) {
  describe(`the document of ${title}`, () => {
    const operations = operationsOf(document);

    test('has every route of the router, and no other', () => {
      // What stands around every request is mounted for all methods. A slash at a path's end makes no other route.
      const routed = app.routes
        .filter(({ method }) => method !== 'ALL')
        .map(({ method, path }) => `${method} ${inOpenApi(path)}`);
      const expected = new Set(routed.filter((route) => !Object.hasOwn(LEFT_OUT, route)));
      assert.deepEqual(operations.map(([route]) => route).sort(), [...expected].sort());
    });

    test('is OpenAPI 3.1', () => {
      assert.match(document.openapi, /^3\.1\.\d+$/);
      const { title, version } = document['info'] as Record<string, unknown>;
      assert.ok(typeof title === 'string' && typeof version === 'string');
      const ids = operations.map(([, { operationId }]) => operationId);
      assert.equal(new Set(ids).size, ids.length);
      for (const [route, operation] of operations) checkOperation(route, operation, document);
    });

    test('has schemas that are JSON Schema 2020-12, and references that lead somewhere', () => {
      const ajv = new Ajv2020({ strict: false, validateFormats: false });
      ajv.addSchema(document, 'document');
      for (const place of schemaPlaces(document)) assert.ok(ajv.getSchema(`document#${place}`), place);
      for (const reference of referencesIn(document)) assert.ok(valueAt(document, reference), reference);
    });

    test('describes the fields of bodies, in the names of the API', () => {
      for (const [name, schema] of Object.entries(document.components.schemas)) {
        for (const form of (schema['anyOf'] as JsonSchema[] | undefined) ?? [schema])
          for (const [field, value] of Object.entries(
            (form['properties'] ?? {}) as Record<string, JsonSchema>,
          ))
            assert.match(JSON.stringify(value), /"description":/, `${name}: ${field}`);
        assert.doesNotMatch(JSON.stringify(schema), /doSample|numBeams|numReturn|maxNewTokens/, name);
      }
    });
  });
}

test('names of API keys are those that the server reads', async () => {
  const server = testServer({ flags: { apiKeys: 'secret' } });
  const schemes = ports[0]?.document.components.securitySchemes;
  assert.equal((await server.app.request('/openapi.json')).status, 401);
  for (const name of ['bearer', 'apiKey', 'xApiKey']) {
    const { type, name: header } = schemes?.[name] ?? {};
    const headers = type === 'http' ? { authorization: 'Bearer secret' } : { [String(header)]: 'secret' };
    assert.equal((await server.app.request('/openapi.json', { headers })).status, 200, name);
  }
});

test('a document that has not changed is not sent again', async () => {
  const { app } = testServer();
  const first = await app.request('/openapi.json');
  assert.equal(first.headers.get('content-type'), 'application/json');
  const etag = first.headers.get('etag') ?? '';
  const second = await app.request('/openapi.json', { headers: { 'if-none-match': etag } });
  assert.deepEqual([second.status, await second.text()], [304, '']);
});

/** "/v1/models/:id{.+}" -> "/v1/models/{id}". */
function inOpenApi(path: string): string {
  return path.replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}').replace(/(?<=.)\/$/, '');
}

function checkOperation(route: string, operation: DescribedOperation, document: ApiDocument): void {
  const inPath = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const parameters = operation.parameters ?? [];
  assert.deepEqual(
    parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
    inPath,
    route,
  );
  for (const parameter of parameters) {
    assert.ok(['path', 'query', 'header'].includes(parameter.in), route);
    assert.equal(parameter.required, parameter.in === 'path', route);
  }
  assert.ok(operation.summary !== '', route);
  const tags = document.tags.map(({ name }) => name);
  assert.ok(operation.tags.length > 0 && operation.tags.every((tag) => tags.includes(tag)), route);
  assert.ok(Object.keys(operation.responses).length > 0, route);
  for (const [status, { description }] of Object.entries(operation.responses)) {
    assert.match(status, /^([1-5]\d\d|default)$/);
    assert.ok(description !== '', route);
  }
  for (const requirement of [...document.security, ...(operation.security ?? [])])
    for (const scheme of Object.keys(requirement)) assert.ok(document.components.securitySchemes[scheme]);
}

/** JSON pointers of everything under a key "schema", and of the components' schemas. */
function schemaPlaces(document: ApiDocument): string[] {
  const places = Object.keys(document.components.schemas).map((name) => `/components/schemas/${name}`);
  const visit = (value: unknown, place: string): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      const at = `${place}/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`;
      if (key === 'schema') places.push(at);
      else visit(item, at);
    }
  };
  visit(document.paths, '/paths');
  return places;
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === '$ref' ? [item as string] : referencesIn(item),
  );
}

function valueAt(document: unknown, reference: string): unknown {
  assert.match(reference, /^#\//);
  return reference
    .slice(2)
    .split('/')
    .reduce((value, key) => (value as Record<string, unknown>)[key], document);
}
