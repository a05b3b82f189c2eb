import { type Located, refuse, shownName, under } from './located.js';

/** How deep a schema's JSON may be nested; a property of a property takes four. */
const MAX_DEPTH = 256;
/** Values in a schema's JSON, the containers among them. */
const MAX_VALUES = 50_000;
/** UTF-16 units of all names and texts in a schema, descriptions among them. */
const MAX_CHARACTERS = 1_000_000;
const MAX_REFERENCE_LENGTH = 1000;

/** A whole schema within bounds, and what references in it lead to. */
export class SchemaDocument {
  readonly root: Located;
  readonly #targets = new Map<string, Located>();

  /** @throws GlossaError INVALID_REQUEST if it is too large or nested too deep; found without recursion */
  constructor(schema: unknown) {
    this.root = { value: schema, parent: undefined, token: '' };
    checkSize(this.root);
  }

  /** What a $ref leads to. */
  target(where: Located, reference: unknown): Located {
    if (typeof reference !== 'string') refuse(where, 'expected a text as `$ref`');
    if (reference.length > MAX_REFERENCE_LENGTH) {
      refuse(where, `expected a \`$ref\` of at most ${MAX_REFERENCE_LENGTH} characters`);
    }
    const known = this.#targets.get(reference) ?? this.#find(where, reference);
    this.#targets.set(reference, known);
    return known;
  }

  #find(where: Located, reference: string): Located {
    if (reference !== '#' && !reference.startsWith('#/')) {
      refuse(
        where,
        `\`$ref\` to ${shownName(reference)} is not supported: expected # or a pointer that begins with #/`,
      );
    }
    let found = this.root;
    for (const encoded of reference.split('/').slice(1)) {
      const token = decoded(encoded)?.replaceAll('~1', '/').replaceAll('~0', '~');
      const value =
        token !== undefined && isContainer(found.value) && Object.hasOwn(found.value, token)
          ? found.value[token]
          : undefined;
      if (token === undefined || value === undefined) {
        refuse(where, `\`$ref\` leads to nothing: ${shownName(reference)}`);
      }
      found = under(found, token, value);
    }
    return found;
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Counts values, characters and levels, and stops at the first that is too much. */
function checkSize(root: Located): void {
  let level: unknown[] = [root.value];
  let values = 0;
  let characters = 0;
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) refuse(root, `the schema is nested more than ${MAX_DEPTH} levels deep`);
    values += level.length;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string') characters += value.length;
      if (!isContainer(value)) continue;
      const names = Array.isArray(value) ? [] : Object.keys(value);
      for (const name of names) characters += name.length;
      const children: readonly unknown[] = Array.isArray(value) ? value : names.map((name) => value[name]);
      if (values + next.length + children.length > MAX_VALUES) {
        refuse(root, `the schema is too large: it has more than ${MAX_VALUES} values`);
      }
      for (const child of children) next.push(child);
    }
    if (characters > MAX_CHARACTERS) {
      refuse(root, `the schema is too large: it has more than ${MAX_CHARACTERS} characters`);
    }
    level = next;
  }
}
