import { escapedCodePoint, type GrammarRules } from '../grammar-rules.js';
import { jsonRules } from './json-rules.js';

/** How many beginnings of listed names are told apart, and how long they may be. */
const MAX_NODES = 400;
const MAX_PREFIX = 16;
const PLAIN = String.raw`"\\\x00-\x1F`;

/** A beginning of listed names: by code point how they go on. */
interface Node {
  readonly next: Map<string, Node>;
  isName: boolean;
}

/**
 * An item for names in quotes that are none of the listed ones. They are written without escapes. Of those that share
 * a long beginning with a listed name some are left out, which keeps the grammar small.
 */
export function otherNames(rules: GrammarRules, listed: Iterable<string>): string {
  const json = jsonRules(rules);
  const names = [...listed].filter((name) => JSON.stringify(name).length === name.length + 2);
  if (names.length === 0) return json.string;
  const rest = rules.add('name-rest', `[^${PLAIN}]* ["]`);
  return rules.add('other-name', `["] (${alternatives(tree(names), rest)})`);
}

function tree(names: readonly string[]): Node {
  let result = treeOf(names, 1);
  for (let depth = 2; depth <= MAX_PREFIX; depth += 1) {
    const deeper = treeOf(names, depth);
    if (deeper.nodes > MAX_NODES) break;
    result = deeper;
  }
  return result.root;
}

function treeOf(names: readonly string[], depth: number): { root: Node; nodes: number } {
  const root: Node = { next: new Map(), isName: false };
  let nodes = 1;
  for (const name of names) {
    let node = root;
    const characters = Array.from(name.slice(0, 2 * depth)).slice(0, depth);
    for (const character of characters) {
      let child = node.next.get(character);
      if (child === undefined) {
        child = { next: new Map(), isName: false };
        node.next.set(character, child);
        nodes += 1;
      }
      node = child;
    }
    // Behind a name that was cut off nothing is told apart any more: none of its continuations may come.
    node.isName = true;
    if (characters.join('').length < name.length) node.next.set('', node);
  }
  return { root, nodes };
}

/** What may follow a beginning: other characters and anything, listed ones and what may follow those, the end. */
function alternatives(node: Node, rest: string): string {
  const isCut = node.next.has('');
  const listed = [...node.next].filter(([character]) => character !== '');
  const known = listed.map(([character]) => escapedCodePoint(character.codePointAt(0) ?? 0)).join('');
  const result = isCut ? [] : [`[^${known}${PLAIN}] ${rest}`];
  for (const [character, next] of listed) {
    const follows = alternatives(next, rest);
    if (follows !== '') result.push(`[${escapedCodePoint(character.codePointAt(0) ?? 0)}] (${follows})`);
  }
  if (!node.isName) result.push('["]');
  return result.join(' | ');
}
