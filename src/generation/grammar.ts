import { GlossaError } from '../errors.js';
import { MAX_GRAMMAR_LENGTH } from './grammar-limits.js';
import { findLeftRecursion } from './grammar-recursion.js';
import { GrammarScanner } from './grammar-scanner.js';

/**
 * Checks a grammar (GBNF) in linear time, before anything is queued or native code sees it: its size, how deep it is
 * nested, how far it repeats, its syntax, that every rule it names exists, and that none is left-recursive. What is
 * left to find out later is whether a token of the model has the text of `<text>`, and how ambiguous the grammar is.
 *
 * @throws GlossaError INVALID_REQUEST of param grammar; the message names the limit or the line
 */
export function checkGrammar(text: string): void {
  if (text.length > MAX_GRAMMAR_LENGTH) {
    refuse(`expected at most ${MAX_GRAMMAR_LENGTH} characters, received ${text.length}`);
  }
  const scanner = new GrammarScanner(text, refuse);
  const rules = scanner.scan();
  const missing = rules.find(({ name, alternatives }) => name !== undefined && alternatives === undefined);
  if (missing !== undefined) {
    refuse(`line ${missing.line}: the rule ${shown(missing.name)} is not defined`);
  }
  if (!rules.some(({ name }) => name === 'root')) refuse('expected a rule named root, received none');
  const recursive = findLeftRecursion(rules);
  if (recursive !== undefined) {
    refuse(
      `line ${recursive.line}: the rule ${shown(recursive.name)} is left-recursive: it can begin with itself`,
    );
  }
}

function refuse(reason: string): never {
  throw new GlossaError('INVALID_REQUEST', `grammar: ${reason}`, { param: 'grammar' });
}

/** A rule's name, which has letters, digits and dashes only, cut to what a message holds. */
function shown(name: string | undefined): string {
  return (name ?? '').slice(0, 64);
}
