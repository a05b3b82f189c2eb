import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Ajv2020 } from 'ajv/dist/2020.js';
import formatsModule from 'ajv-formats';

import { EngineProcess } from '../../../src/engine/engine-process.js';
import { jsonSchemaGrammar } from '../../../src/generation/json-schema/json-schema.js';
import { shippedEngineOptions } from '../../engine/shipped-model.js';
import { randomSchema, REALISTIC } from './schemas.js';

const SCHEMAS = 200;

let engine: EngineProcess;
before(async () => {
  engine = await EngineProcess.start(shippedEngineOptions());
});
after(() => engine.close());

/** Tokens that close a text, an object, a list or a part of an address: drawn more often, they let what is drawn at random end. */
async function closing(): Promise<[number[], number][]> {
  const vocabulary = await engine.vocabulary();
  const ids = Array.from({ length: vocabulary.size }, (_, id) => id);
  const found = ids.filter((id) => /^["\]}@.]$/.test(Buffer.from(vocabulary.bytes(id)).toString()));
  return found.map((id) => [[id], 9]);
}

test(`${SCHEMAS} schemas each give a text that validates`, async (context) => {
  const realistic = Object.entries(REALISTIC);
  const schemas = [
    ...realistic,
    ...Array.from({ length: SCHEMAS - realistic.length }, (_, seed): [string, unknown] => [
      `random ${seed}`,
      randomSchema(seed),
    ]),
  ];
  assert.equal(schemas.length, SCHEMAS);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formatsModule.default(ajv);
  const sequenceBias = await closing();
  const failed: string[] = [];
  const lengths: number[] = [];
  await Promise.all(
    schemas.map(async ([name, schema], seed) => {
      let text = '';
      let reason = '';
      const request = {
        prompt: 'Once upon a time',
        grammar: jsonSchemaGrammar(schema),
        doSample: true,
        topK: 0,
        temperature: 1.5,
        sequenceBias,
        maxNewTokens: 500,
        seed,
      };
      for await (const event of engine.generate(request)) {
        if (event.type === 'prompt') continue;
        text += event.text;
        if (event.type === 'finish') reason = event.finishReason;
      }
      lengths.push(text.length);
      const error = validate(ajv, schema, text);
      if (error !== undefined || (reason !== 'stop' && reason !== 'eos'))
        failed.push(`${name} (${reason}): ${error ?? ''}: ${text}`);
    }),
  );
  assert.deepEqual(failed, []);
  context.diagnostic(
    `${schemas.length - failed.length} of ${schemas.length} texts validate, ${Math.max(...lengths)} characters at most`,
  );
});

function validate(ajv: Ajv2020, schema: unknown, text: string): string | undefined {
  try {
    const check = ajv.compile(schema as object);
    return check(JSON.parse(text)) ? undefined : JSON.stringify(check.errors);
  } catch (error) {
    return String(error);
  }
}
