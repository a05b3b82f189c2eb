import { GlossaError } from '../../errors.js';
import { MAX_GRAMMAR_LENGTH } from '../grammar-limits.js';
import { findEndless, findLeftRecursion } from '../grammar-recursion.js';
import { GrammarRules } from '../grammar-rules.js';
import { GrammarScanner } from '../grammar-scanner.js';
import { SchemaCompiler } from './compiler.js';
import { jsonRules } from './json-rules.js';
import { type Located, refuse } from './located.js';
import { SchemaDocument } from './schema-document.js';

/**
 * The grammar (GBNF) of JSON texts that a JSON Schema (2020-12, as far as docs/json-schema.md says) validates. Not all
 * of them: properties come in the schema's order, white space is bounded, and so are the digits of numbers.
 *
 * @throws GlossaError INVALID_REQUEST without a param; the message begins with a JSON pointer inside the schema
 */
export function jsonSchemaGrammar(schema: unknown): string {
  const rules = new GrammarRules();
  const grammar = rules.toString(addJsonSchema(rules, schema));
  if (grammar.length > MAX_GRAMMAR_LENGTH) {
    throw new GlossaError(
      'INVALID_REQUEST',
      `#: the schema is too large: its grammar has more than ${MAX_GRAMMAR_LENGTH} characters`,
    );
  }
  return grammar;
}

/**
 * Adds the rules of JSON texts that a JSON Schema validates to a grammar.
 *
 * @returns the rule's name
 * @throws GlossaError INVALID_REQUEST as jsonSchemaGrammar does
 */
export function addJsonSchema(rules: GrammarRules, schema: unknown): string {
  const document = new SchemaDocument(schema);
  const compiler = new SchemaCompiler(rules, document);
  const before = rules.count;
  const item = compiler.item([document.root]);
  if (item === undefined) refuse(document.root, 'no value satisfies this schema');
  const name = /^[a-z]/.test(item) ? item : rules.add('schema', item);
  checkRules(rules, before, compiler.recursive, document.root);
  return name;
}

/** Adds the rules of any JSON object to a grammar, and returns the rule's name. */
export function addJsonObject(rules: GrammarRules): string {
  return jsonRules(rules).object;
}

/** Checks that what refers to itself reads something in between, and can come to an end. */
function checkRules(
  rules: GrammarRules,
  first: number,
  recursive: ReadonlyMap<string, Located>,
  root: Located,
): void {
  const scanned = new GrammarScanner(rules.lines(first), (reason) =>
    refuse(root, `the schema is too large: its grammar: ${reason}`),
  ).scan();
  const circle = findLeftRecursion(scanned, (name) => recursive.has(name));
  if (circle?.name !== undefined) {
    refuse(recursive.get(circle.name) ?? root, 'the schema leads back to itself with nothing in between');
  }
  const endless = findEndless(scanned, (name) => recursive.has(name));
  if (endless?.name !== undefined) {
    refuse(
      recursive.get(endless.name) ?? root,
      'the schema requires itself, so that no value comes to an end',
    );
  }
}
