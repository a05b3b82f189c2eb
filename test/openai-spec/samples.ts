import { specification, type Schema } from './validate.js';

/** A value that a schema must refuse, and what is wrong with it. */
export interface WrongValue {
  readonly value: unknown;
  readonly fault: string;
}

interface Keywords {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** A value that a schema of the specification accepts, with all of the properties that it names. */
export function sampleOf(name: string): unknown {
  return sample(schemaOf(name));
}

/** A sample once without each key that its schema requires. */
export function withoutEach(name: string, value: unknown): WrongValue[] {
  return objectsOf(schemaOf(name)).flatMap((schema) =>
    (schema.required ?? []).map((key) => {
      const { [key]: _removed, ...rest } = value as Record<string, unknown>;
      return { value: rest, fault: `${name} without ${key}` };
    }),
  );
}

/** A sample as something else altogether, and once with each property of a type that no property has. */
export function withWrongTypes(name: string, value: unknown): WrongValue[] {
  const asWhole = { value: [[0]], fault: `${name} as an array of arrays` };
  const oddities = objectsOf(schemaOf(name)).flatMap((schema) =>
    Object.entries(schema.properties ?? {}).map(([key, property]) => ({
      value: { ...(value as object), [key]: oddityFor(property) },
      fault: `${name} with another type of ${key}`,
    })),
  );
  return [asWhole, ...oddities];
}

/** A sample once with each of its enumerated properties outside of the enumeration. */
export function withWrongEnums(name: string, value: unknown): WrongValue[] {
  return objectsOf(schemaOf(name)).flatMap((schema) =>
    Object.entries(schema.properties ?? {})
      .filter(([, property]) => keywordsOf(property).enum !== undefined)
      .map(([key]) => ({
        value: { ...(value as object), [key]: 'none of these' },
        fault: `${name} with ${key} outside of its values`,
      })),
  );
}

function schemaOf(name: string): Schema {
  return specification.components.schemas[name] ?? false;
}

function keywordsOf(schema: Schema): Keywords {
  if (typeof schema === 'boolean') return {};
  const { $ref } = schema as Keywords;
  return $ref === undefined ? schema : keywordsOf(schemaOf($ref.split('/').at(-1) ?? ''));
}

/** The object schemas that a value must fulfil all at once. */
function objectsOf(schema: Schema): Keywords[] {
  const keywords = keywordsOf(schema);
  return keywords.allOf === undefined ? [keywords] : keywords.allOf.flatMap(objectsOf);
}

function sample(schema: Schema): unknown {
  const keywords = keywordsOf(schema);
  const first = (keywords.anyOf ?? keywords.oneOf)?.[0];
  if (first !== undefined) return sample(first);
  if (keywords.enum !== undefined) return keywords.enum[0];
  if (keywords.allOf !== undefined)
    return Object.assign({}, ...keywords.allOf.map((part) => sample(part) as object)) as unknown;
  if (keywords.properties !== undefined) {
    const entries = Object.entries(keywords.properties).filter(([, property]) => property !== false);
    return Object.fromEntries(entries.map(([key, property]) => [key, sample(property)]));
  }
  return sampleOfType(typeof keywords.type === 'string' ? keywords.type : keywords.type?.[0], keywords);
}

function sampleOfType(type: string | undefined, { format, items }: Keywords): unknown {
  switch (type) {
    case 'object':
      return {};
    case 'array':
      return [sample(items ?? true)];
    case 'string':
      return format === 'date' ? '2026-11-01' : 'https://a.test';
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return 1;
  }
}

/** A value of a type that the property does not allow. */
function oddityFor(property: Schema): unknown {
  return JSON.stringify(property).includes('"array"') || JSON.stringify(property).includes('ToolsArray')
    ? { odd: true }
    : [[1]];
}
