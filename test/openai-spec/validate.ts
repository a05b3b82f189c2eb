import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** A schema of schemas.json: JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type Schema = boolean | Readonly<Record<string, unknown>>;

interface Specification {
  readonly source: { readonly version: string; readonly commit: string };
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const FILE = new URL('../../../test/openai-spec/schemas.json', import.meta.url);

/** OpenAI's published schemas of what our routes answer; the file says which version and what was left out of it. */
export const specification = JSON.parse(readFileSync(FILE, 'utf8')) as Specification;

const ajv = new Ajv2020({ allErrors: true, strict: false, logger: false });
addFormats.default(ajv);
ajv.addSchema(specification, 'openai');

/**
 * A check of values against one of OpenAI's published schemas, by its name there: CreateChatCompletionResponse.
 * ResponseStreamEvent tells events apart by their type, so that its errors are about the event that was meant.
 *
 * @returns a function that throws an AssertionError naming every fault and its place
 */
export function openAiValidator(name: string): (value: unknown) => void {
  const validate = validatorOf(name);
  return (value) => {
    check(name === 'ResponseStreamEvent' ? eventValidator(value) : validate, name, value);
  };
}

/**
 * The same for a completion with echo: its first token has no predecessor, and OpenAI's servers send null for its
 * log-probability and its alternatives, although the published schema knows no null there.
 */
export function echoedCompletionValidator(): (value: unknown) => void {
  const validate = openAiValidator('CreateCompletionResponse');
  return (value) => {
    const copy = structuredClone(value) as { choices?: { logprobs?: EchoedLogprobs | null }[] };
    for (const { logprobs } of copy.choices ?? []) {
      if (logprobs?.token_logprobs?.[0] === null) logprobs.token_logprobs[0] = 0;
      if (logprobs?.top_logprobs?.[0] === null) logprobs.top_logprobs[0] = {};
    }
    validate(copy);
  };
}

interface EchoedLogprobs {
  readonly token_logprobs?: (number | null)[];
  readonly top_logprobs?: (Readonly<Record<string, number>> | null)[];
}

function validatorOf(name: string): ValidateFunction {
  const validate = ajv.getSchema(`openai#/components/schemas/${name}`);
  assert.ok(validate !== undefined, `no schema ${name} in schemas.json`);
  return validate;
}

function eventValidator(value: unknown): ValidateFunction {
  const type = (value as { type?: unknown } | null)?.type;
  const { anyOf } = specification.components.schemas['ResponseStreamEvent'] as { anyOf: { $ref: string }[] };
  for (const { $ref } of anyOf) {
    const name = $ref.split('/').at(-1) ?? '';
    const event = specification.components.schemas[name] as { properties: { type: { enum: unknown[] } } };
    if (event.properties.type.enum.includes(type)) return validatorOf(name);
  }
  return assert.fail(`no event of OpenAI's has the type ${String(type)}`);
}

function check(validate: ValidateFunction, name: string, value: unknown): void {
  if (validate(value)) return;
  const faults = (validate.errors ?? []).map(shown).join('\n  ');
  assert.fail(`not a ${name} of OpenAI's ${specification.source.version}:\n  ${faults}\n${excerpt(value)}`);
}

function shown({ instancePath, message, params }: ErrorObject): string {
  const allowed = 'allowedValues' in params ? ` (${JSON.stringify(params['allowedValues'])})` : '';
  return `${instancePath === '' ? '/' : instancePath} ${message ?? ''}${allowed}`;
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? 'undefined' : text.slice(0, 2000);
}
