import type { Value } from './jinja.js';
import { MAX_VALUE_DEPTH, TemplateLimitError } from './limits.js';

/** How much a value is, all that is in it included; what is in it twice counts twice. */
export interface Weight {
  readonly values: number;
  readonly characters: number;
  /** Lists and objects in one another. */
  readonly depth: number;
}

const PLAIN: Weight = { values: 1, characters: 8, depth: 0 };

/** The text of a text; undefined of other values. */
export function textOf(value: Value | undefined): string | undefined {
  return value?.type === 'StringValue' ? (value.value as string) : undefined;
}

/** The entries of a list; undefined of other values. */
export function entriesOf(value: Value | undefined): readonly Value[] | undefined {
  return Array.isArray(value?.value) ? (value.value as Value[]) : undefined;
}

/** Weighs values, each list and object once: they do not change. Namespaces do, and so may not lie in others. */
export class Scales {
  readonly #known = new WeakMap<Value, Weight>();

  /** @throws TemplateLimitError for values too deep, and for a namespace in another value */
  weigh(value: Value): Weight {
    const text = textOf(value);
    if (text !== undefined) return { values: 1, characters: text.length, depth: 0 };
    if (value.type === 'NamespaceValue') return this.#sum(mapOf(value));
    const children = entriesOf(value) ?? (value.value instanceof Map ? mapOf(value) : undefined);
    if (children === undefined) return PLAIN;
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const weight = this.#sum(children);
    this.#known.set(value, weight);
    return weight;
  }

  #sum(children: readonly Value[] | ReadonlyMap<string, Value>): Weight {
    let [values, characters, depth] = [1, 0, 0];
    for (const [key, child] of children.entries()) {
      if (child.type === 'NamespaceValue') throw new TemplateLimitError('a namespace lies in another value');
      const weight = this.weigh(child);
      values += weight.values;
      characters += weight.characters + (typeof key === 'string' ? key.length : 0);
      depth = Math.max(depth, weight.depth);
    }
    if (depth >= MAX_VALUE_DEPTH) {
      throw new TemplateLimitError(`values are nested more than ${MAX_VALUE_DEPTH} deep`);
    }
    return { values, characters, depth: depth + 1 };
  }
}

function mapOf(value: Value): ReadonlyMap<string, Value> {
  return value.value as ReadonlyMap<string, Value>;
}
