import { createHash } from 'node:crypto';

import type { JsonSchema } from '../json-forms.js';
import { packageVersion } from '../package-version.js';
import {
  asJsonSchema,
  type ApiOperation,
  type ApiResponse,
  type ApiSchema,
  type ApiSecurity,
} from './api-operation.js';
import type { Dialect, ListenerKind, ServerApp } from './dialect.js';
import { serverOperations } from './server-operations.js';

/** What a document is about: the dialects that answer at a listener. */
export interface DocumentParts {
  readonly dialects: readonly Pick<Dialect, 'name' | 'operations'>[];
  readonly listener: ListenerKind;
}

/** `GET /openapi.json`: everything that answers at this port, in OpenAPI 3.1. It is made when it is first asked for. */
export function mountApiDocument(app: ServerApp, parts: DocumentParts): void {
  let made: { readonly body: string; readonly etag: string } | undefined;
  app.get('/openapi.json', function openApiDocument(context) {
    made ??= withTag(JSON.stringify(apiDocument(parts)));
    const headers = { etag: made.etag, 'cache-control': 'no-cache', 'content-type': 'application/json' };
    if (context.req.header('if-none-match') === made.etag) return context.body(null, 304, headers);
    return context.body(made.body, 200, headers);
  });
}

function withTag(body: string): { body: string; etag: string } {
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** An operation as documents have it, with the tag it goes under. */
interface TaggedOperation {
  readonly tag: string;
  readonly operation: ApiOperation;
}

const DESCRIPTION = `Every API that this port speaks. Bodies are read as JSON whatever their Content-Type says. Texts hold no NUL and no lone surrogates.
A field works, is refused by name, or is named in the header x-glossa-ignored-parameters. Every answer has an x-request-id.
Keys are wanted only where the server has some. "x-clamped": numbers outside of the range become the nearest inside it.`;

/** The document of a listener's dialects. */
export function apiDocument({ dialects, listener }: DocumentParts): JsonSchema {
  const tagged: TaggedOperation[] = [
    ...dialects.flatMap(({ name, operations }) =>
      operations
        .filter((operation) => (operation.listener ?? listener) === listener)
        .map((operation) => ({ tag: name, operation })),
    ),
    ...serverOperations.map((operation) => ({ tag: 'server', operation })),
  ];
  const bodies = new Bodies();
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const { tag, operation } of tagged) {
    const item = (paths[operation.path] ??= {});
    const told = operationObject(tag, operation, bodies);
    const other = item[operation.method];
    item[operation.method] = other === undefined ? told : merged(other, told);
  }
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Glossa',
      version: packageVersion(),
      license: { name: 'MIT', identifier: 'MIT' },
      description: DESCRIPTION,
    },
    servers: [{ url: '/' }],
    tags: [...new Set(tagged.map(({ tag }) => tag))].map((name) => ({ name })),
    security: SECURITY.key,
    paths,
    components: { schemas: bodies.schemas, securitySchemes: SECURITY_SCHEMES },
  };
}

/** Schemas of bodies; those of several routes are there once. */
class Bodies {
  readonly #names = new Map<ApiSchema, string>();
  readonly schemas: Record<string, JsonSchema> = {};

  /** @param user goes into the name of a schema that is new */
  referenceTo(body: ApiSchema, user: string): JsonSchema {
    let name = this.#names.get(body);
    if (name === undefined) {
      name = `${user}_body`;
      this.#names.set(body, name);
      this.schemas[name] = asJsonSchema(body);
    }
    return { $ref: `#/components/schemas/${name}` };
  }
}

const SECURITY_SCHEMES: JsonSchema = {
  bearer: { type: 'http', scheme: 'bearer' },
  apiKey: { type: 'apiKey', in: 'header', name: 'api-key' },
  xApiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
  signature: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: 'AWS Signature Version 4, where the configuration has awsCredentials.',
  },
};

const KEYS: readonly JsonSchema[] = [{ bearer: [] }, { apiKey: [] }, { xApiKey: [] }];
const SECURITY: Readonly<Record<ApiSecurity, readonly JsonSchema[]>> = {
  key: KEYS,
  nothing: [],
  'key or signature': [...KEYS, { signature: [] }],
};

function operationObject(
  tag: string,
  { id, summary, description, parameters, body, responses, security }: ApiOperation,
  bodies: Bodies,
): JsonSchema {
  const operationId = `${tag}_${id}`;
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(security !== undefined && { security: SECURITY[security] }),
    ...(parameters !== undefined && {
      parameters: parameters.map((parameter) => ({ ...parameter, required: parameter.in === 'path' })),
    }),
    ...(body !== undefined && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: bodies.referenceTo(body, operationId) } },
      },
    }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [status, responseObject(response)]),
    ),
  };
}

function responseObject({ description, content }: ApiResponse): JsonSchema {
  if (content === undefined) return { description };
  const media = Object.entries(content).map(([type, schema]) => [type, { schema: asJsonSchema(schema) }]);
  return { description, content: Object.fromEntries(media) as JsonSchema };
}

/** Two APIs on one route, told apart by their bodies: what either takes and what either gives. */
function merged(first: JsonSchema, second: JsonSchema): JsonSchema {
  return {
    ...first,
    // Of the API that answers what the others leave: clients that are generated call the route so.
    operationId: second['operationId'],
    tags: [...(first['tags'] as string[]), ...(second['tags'] as string[])],
    summary: `${String(first['summary'])} / ${String(second['summary'])}`,
    description: [first['description'], second['description']]
      .filter((text) => typeof text === 'string')
      .join('\n\n'),
    requestBody: mergedContent(first['requestBody'], second['requestBody']),
    responses: mergedResponses(first['responses'] as Responses, second['responses'] as Responses),
  };
}

type Responses = Readonly<Record<string, JsonSchema>>;

function mergedResponses(first: Responses, second: Responses): JsonSchema {
  const statuses = new Set([...Object.keys(first), ...Object.keys(second)]);
  return Object.fromEntries(
    [...statuses].map((status) => [status, mergedContent(first[status], second[status])]),
  );
}

interface WithContent extends JsonSchema {
  readonly description?: string;
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>;
}

function mergedContent(first: unknown, second: unknown): unknown {
  if (first === undefined || second === undefined) return first ?? second;
  const one = first as WithContent;
  const two = second as WithContent;
  const content: Record<string, unknown> = { ...one.content };
  for (const [type, { schema }] of Object.entries(two.content ?? {})) {
    const other = one.content?.[type];
    content[type] = { schema: other === undefined ? schema : { anyOf: [other.schema, schema] } };
  }
  const descriptions = [one.description, two.description].filter((text) => text !== undefined);
  return { ...one, ...(descriptions.length > 0 && { description: descriptions.join(' / ') }), content };
}
