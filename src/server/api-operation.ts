import type { z } from 'zod';

import { jsonSchemaOf, type Convert, type JsonSchema } from '../json-forms.js';
import type { ListenerKind } from './dialect.js';

/** A schema of an API document: zod's, JSON Schema, or one made of schemas of either kind. */
export type ApiSchema = z.core.$ZodType | JsonSchema | ((convert: Convert) => JsonSchema);

/** What a request brings besides its body. */
export interface ApiParameter {
  readonly name: string;
  /** Parameters in a path are required, others are not. */
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly schema: JsonSchema;
}

/** One answer of an operation. */
export interface ApiResponse {
  readonly description: string;
  /** Schemas by media type; absent: no body. Of "text/event-stream" it is the schema of what each event's data is. */
  readonly content?: Readonly<Record<string, ApiSchema>>;
}

/** What a request must bring to be let in where the server has keys. */
export type ApiSecurity = 'key' | 'nothing' | 'key or signature';

/** One route with one method, as API documents tell it. */
export interface ApiOperation {
  readonly method: 'get' | 'post';
  /** In OpenAPI's form: /glossa/tasks/{id}. */
  readonly path: string;
  /** Unique in its dialect. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** Where it answers; absent: wherever its dialect does. */
  readonly listener?: ListenerKind;
  readonly parameters?: readonly ApiParameter[];
  /** A JSON body, which is required. */
  readonly body?: ApiSchema;
  /** By status, or "default". */
  readonly responses: Readonly<Record<string, ApiResponse>>;
  /** Default: key. */
  readonly security?: ApiSecurity;
}

/** A schema of any kind in JSON Schema. */
export function asJsonSchema(schema: ApiSchema): JsonSchema {
  if (typeof schema === 'function') return schema(asJsonSchema);
  return isZodSchema(schema) ? (describedOnce(jsonSchemaOf(schema)) as JsonSchema) : schema;
}

/** Where a field says what it is, its forms do not say it again: they may be the engine's, in names of its own. */
function describedOnce(value: unknown, isDescribed = false): unknown {
  if (Array.isArray(value)) return value.map((item) => describedOnce(item, isDescribed));
  if (typeof value !== 'object' || value === null) return value;
  const { description, ...others } = value as Readonly<Record<string, unknown>>;
  const entries = Object.entries(others).map(([key, item]) => [
    key,
    key === 'properties'
      ? Object.fromEntries(
          Object.entries(item as object).map(([name, field]) => [name, describedOnce(field)]),
        )
      : describedOnce(item, key === 'anyOf' && (isDescribed || typeof description === 'string')),
  ]);
  return {
    ...(!isDescribed && description !== undefined && { description }),
    ...Object.fromEntries(entries),
  } as unknown;
}

function isZodSchema(schema: z.core.$ZodType | JsonSchema): schema is z.core.$ZodType {
  return '_zod' in schema;
}

export const TEXT: JsonSchema = { type: 'string' };
export const INTEGER: JsonSchema = { type: 'integer' };
export const NUMBER: JsonSchema = { type: 'number' };
export const FLAG: JsonSchema = { type: 'boolean' };
export const NOTHING: JsonSchema = { type: 'null' };
export const ANYTHING: JsonSchema = {};

/** An array of one kind of element. */
export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/** A value, or null. */
export function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, NOTHING] };
}

/** One of several texts. */
export function oneOf(...values: readonly string[]): JsonSchema {
  return { type: 'string', enum: values };
}

/** An object; a key that ends in "?" may be absent. */
export function record(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const entries = Object.entries(properties).map(
    ([key, schema]) => [key.replace(/\?$/, ''), schema] as const,
  );
  const required = Object.keys(properties).filter((key) => !key.endsWith('?'));
  return {
    type: 'object',
    properties: Object.fromEntries(entries),
    ...(required.length > 0 && { required }),
  };
}

/** A JSON answer. */
export function json(description: string, schema: ApiSchema): ApiResponse {
  return { description, content: { 'application/json': schema } };
}

/** A plain text. */
export function plain(description: string): ApiResponse {
  return { description, content: { 'text/plain': TEXT } };
}
