import { z } from 'zod';

/** A schema in JSON Schema 2020-12, as API documents hold it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Says a schema in JSON Schema: of what a client sends, before anything is made of it. */
export type Convert = (schema: z.core.$ZodType) => JsonSchema;

/** What a schema takes; one made of other schemas is a function of them. */
type Form = (convert: Convert) => JsonSchema;

const forms = new WeakMap<z.core.$ZodType, Form>();

/**
 * The same schema, with a form to be documented by: for schemas whose checks are code and tell nothing of themselves.
 * What refine() and describe() make of it has the form too.
 */
export function withJsonForm<Schema extends z.core.$ZodType>(
  schema: Schema,
  form: JsonSchema | Form,
): Schema {
  forms.set(schema, isMaker(form) ? form : () => form);
  return schema;
}

/** A schema in JSON Schema: ranges, types and descriptions as the schema checks them, as far as JSON Schema has words. */
export function jsonSchemaOf(schema: z.core.$ZodType): JsonSchema {
  const { $schema: _, ...converted } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      Object.assign(jsonSchema, givenForm(zodSchema)?.(jsonSchemaOf) ?? pipedForm(zodSchema));
    },
  });
  return converted;
}

function givenForm(schema: z.core.$ZodType): Form | undefined {
  const form = forms.get(schema);
  if (form !== undefined) return form;
  const { parent } = schema._zod;
  return parent === undefined ? undefined : givenForm(parent);
}

/** The form of what unknown() is piped into; zod tells of the unknown() only. */
function pipedForm(schema: z.core.$ZodType): JsonSchema | undefined {
  if (!(schema instanceof z.ZodPipe) || !(schema.in instanceof z.ZodUnknown)) return undefined;
  return schema.out instanceof z.ZodTransform ? undefined : jsonSchemaOf(schema.out);
}

function isMaker(form: JsonSchema | Form): form is Form {
  return typeof form === 'function';
}
