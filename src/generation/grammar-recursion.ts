import { type GrammarRule, TERMINAL } from './grammar-scanner.js';

/**
 * A rule that can begin with itself, having read nothing: walking it would never end. That a repetition comes back to
 * itself after an item that may be empty, as in (a*)*, is harmless.
 *
 * @param isWanted which rules to name of a circle, if it has any of them; else the first with a name
 * @returns undefined if there is no such rule
 */
export function findLeftRecursion(
  rules: readonly GrammarRule[],
  isWanted: (name: string) => boolean = () => false,
): GrammarRule | undefined {
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
        const circle = path.slice(path.findIndex((each) => each.rule === rule));
        return named(
          circle.map((each) => rules[each.rule]),
          isWanted,
        );
      }
    }
  }
  return undefined;
}

/**
 * A rule that stands for no text at all, since every text of it holds another one. Rules that are not defined count
 * as such that have texts.
 *
 * @returns undefined if there is no such rule
 */
export function findEndless(
  rules: readonly GrammarRule[],
  isWanted: (name: string) => boolean,
): GrammarRule | undefined {
  const settled = settledRules(rules, (alternative) =>
    alternative.filter((part) => rules[part]?.alternatives !== undefined),
  );
  return named(
    rules.filter(({ alternatives }, rule) => settled[rule] === 0 && alternatives !== undefined),
    isWanted,
  );
}

function named(
  rules: readonly (GrammarRule | undefined)[],
  isWanted: (name: string) => boolean,
): GrammarRule | undefined {
  return (
    rules.find((each) => each?.name !== undefined && isWanted(each.name)) ??
    rules.find((each) => each?.name !== undefined)
  );
}

/** Which rules can stand for nothing at all. */
function emptyRules(rules: readonly GrammarRule[]): Uint8Array {
  return settledRules(rules, (alternative) => (alternative.includes(TERMINAL) ? undefined : alternative));
}

/**
 * Rules of which an alternative is settled: all the rules that it depends on are.
 *
 * @param dependsOn undefined of an alternative that never is
 */
function settledRules(
  rules: readonly GrammarRule[],
  dependsOn: (alternative: readonly number[]) => readonly number[] | undefined,
): Uint8Array {
  const settled = new Uint8Array(rules.length);
  const users: { rule: number; waiting: number }[][] = rules.map(() => []);
  const found: number[] = [];
  const settle = (rule: number): void => {
    if (settled[rule] === 0) found.push(rule);
    settled[rule] = 1;
  };
  rules.forEach(({ alternatives = [] }, rule) => {
    for (const alternative of alternatives) {
      const parts = dependsOn(alternative);
      if (parts === undefined) continue;
      const user = { rule, waiting: parts.length };
      for (const part of parts) users[part]?.push(user);
      if (user.waiting === 0) settle(rule);
    }
  });
  for (let rule = found.pop(); rule !== undefined; rule = found.pop()) {
    for (const user of users[rule] ?? []) {
      user.waiting -= 1;
      if (user.waiting === 0) settle(user.rule);
    }
  }
  return settled;
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
