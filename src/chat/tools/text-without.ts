import type { GrammarRules } from '../../generation/grammar-rules.js';

/** What a backslash has to stand before in a class. */
const SPECIAL_IN_CLASS = /[\\\][-]/;

/**
 * A rule of all texts that a text does not occur in, empty ones included. Each of its rules stands for how much of the
 * text was written last (Knuth, Morris and Pratt's automaton).
 *
 * @param then what follows once the text was written; absent: it never is
 * @param anywhere what may follow at any place
 * @returns the rule's name
 */
export function textWithout(
  rules: GrammarRules,
  text: string,
  { then, anywhere }: { then?: string; anywhere?: string },
): string {
  const characters = Array.from(text);
  const names = characters.map(() => rules.reserve('text'));
  const failures = failuresOf(characters);
  characters.forEach((wanted, state) => {
    const exits = exitsOf(characters, failures, state);
    const next = state + 1 < characters.length ? names[state + 1] : then;
    const others = [...new Set([wanted, ...exits.keys()])].map(inClass).join('');
    const alternatives = [
      '""',
      ...(anywhere === undefined ? [] : [anywhere]),
      ...(next === undefined ? [] : [`[${inClass(wanted)}] ${next}`]),
      ...[...exits].map(([character, target]) => `[${inClass(character)}] ${names[target] ?? ''}`),
      `[^${others}] ${names[0] ?? ''}`,
    ];
    rules.define(names[state] ?? '', alternatives.join(' | '));
  });
  return names[0] ?? '';
}

/**
 * A rule of all texts that do not begin with a text, white space before it left out of account.
 *
 * @returns the rule's name
 */
export function textNotBeginning(rules: GrammarRules, text: string): string {
  const any = rules.add('any', '.*');
  const characters = Array.from(text);
  const names = characters.map(() => rules.reserve('text'));
  characters.forEach((wanted, state) => {
    const next = names[state + 1];
    const space = state === 0 ? [`[ \\t\\r\\n] ${names[0] ?? ''}`] : [];
    const alternatives = [
      '""',
      ...space,
      ...(next === undefined ? [] : [`[${inClass(wanted)}] ${next}`]),
      `[^${inClass(wanted)}${state === 0 ? ' \\t\\r\\n' : ''}] ${any}`,
    ];
    rules.define(names[state] ?? '', alternatives.join(' | '));
  });
  return names[0] ?? '';
}

/** For each number of characters written, the longest shorter beginning that the text also ends with there. */
function failuresOf(characters: readonly string[]): readonly number[] {
  const failures = [0];
  for (let state = 1, length = 0; state < characters.length; state += 1) {
    while (length > 0 && characters[state] !== characters[length]) length = failures[length - 1] ?? 0;
    if (characters[state] === characters[length]) length += 1;
    failures.push(length);
  }
  return failures;
}

/** Characters that lead from a state neither on nor to the first, with where they lead. */
function exitsOf(
  characters: readonly string[],
  failures: readonly number[],
  state: number,
): ReadonlyMap<string, number> {
  const exits = new Map<string, number>();
  for (let known = state; known > 0;) {
    known = failures[known - 1] ?? 0;
    const character = characters[known] ?? '';
    if (character !== characters[state] && !exits.has(character)) exits.set(character, known + 1);
  }
  return exits;
}

function inClass(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '^') return '\\x5E';
  return SPECIAL_IN_CLASS.test(character) ? `\\${character}` : character;
}
