import { type GrammarRule, TERMINAL } from './grammar-scanner.js';

/**
 * A rule that can begin with itself, having read nothing: walking it would never end. That a repetition comes back to
 * itself after an item that may be empty, as in (a*)*, is harmless.
 *
 * @returns the first such rule with a name; undefined if there is none
 */
export function findLeftRecursion(rules: readonly GrammarRule[]): GrammarRule | undefined {
  const begins = leftmostRules(rules, emptyRules(rules));
  // Depth first, without recursion: 1 is on the path, 2 is done.
  const seen = new Uint8Array(rules.length);
  for (let start = 0; start < rules.length; start += 1) {
    if (seen[start] !== 0) continue;
    const path = [{ rule: start, next: 0 }];
    seen[start] = 1;
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const rule = begins[top.rule]?.[top.next];
      top.next += 1;
      if (rule === undefined) {
        seen[top.rule] = 2;
        path.pop();
      } else if (seen[rule] === 0) {
        seen[rule] = 1;
        path.push({ rule, next: 0 });
      } else if (seen[rule] === 1) {
        const cycle = path.slice(path.findIndex((each) => each.rule === rule));
        return cycle.map((each) => rules[each.rule]).find((each) => each?.name !== undefined);
      }
    }
  }
  return undefined;
}

/** Which rules can stand for nothing at all. */
function emptyRules(rules: readonly GrammarRule[]): Uint8Array {
  const empty = new Uint8Array(rules.length);
  const users: { rule: number; waiting: number }[][] = rules.map(() => []);
  const found: number[] = [];
  const settle = (rule: number): void => {
    if (empty[rule] === 0) found.push(rule);
    empty[rule] = 1;
  };
  rules.forEach(({ alternatives = [] }, rule) => {
    for (const alternative of alternatives) {
      if (alternative.includes(TERMINAL)) continue;
      const user = { rule, waiting: alternative.length };
      for (const part of alternative) users[part]?.push(user);
      if (user.waiting === 0) settle(rule);
    }
  });
  for (let rule = found.pop(); rule !== undefined; rule = found.pop()) {
    for (const user of users[rule] ?? []) {
      user.waiting -= 1;
      if (user.waiting === 0) settle(user.rule);
    }
  }
  return empty;
}

/** For each rule the rules that it can begin with, but a repetition's next turn. */
function leftmostRules(rules: readonly GrammarRule[], empty: Uint8Array): readonly (readonly number[])[] {
  return rules.map(({ name, alternatives = [] }, rule) => {
    const first: number[] = [];
    for (const alternative of alternatives) {
      for (const part of alternative) {
        if (part !== TERMINAL && (name !== undefined || part !== rule)) first.push(part);
        if (part === TERMINAL || empty[part] === 0) break;
      }
    }
    return first;
  });
}
