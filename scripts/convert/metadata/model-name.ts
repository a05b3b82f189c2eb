/** What a model's name tells, as `general.*` metadata holds it. */
export interface NameParts {
  readonly name?: string;
  readonly organization?: string;
  readonly basename?: string;
  readonly finetune?: string;
  readonly version?: string;
  readonly sizeLabel?: string;
}

type Role = 'basename' | 'sizeLabel' | 'finetune' | 'version' | 'type';

interface Part {
  text: string;
  readonly roles: Set<Role>;
}

const VERSION = /^(v|iter)?\d+(\.\d+)*$/i;
const ENCODING = /^(i?q\d(_\w)*|b?fp?(16|32))$/i;
const SIZE = /^((A|\d+x)?\d+([._]\d+)?[KMBT]\d?|small|mini|medium|large|x?xl)$/i;
const FINETUNE = /^(chat|instruct|vision|lora)$/i;

/**
 * Takes a model's id ("organization/Name-7B-chat-v2") or folder name apart the way llama.cpp's converter
 * (gguf-py, `Metadata.get_model_id_components`) does, so that files made by either describe themselves alike.
 *
 * @param parameters how many the model has: a size far from it is taken for a context length. Negative: an adapter for
 *   a model of at least so many; 0: not known
 */
export function parseModelName(id: string, parameters: number): NameParts {
  // A sentence, not an id.
  if (id.includes(' ')) return { name: titled(id) };
  const slash = id.indexOf('/');
  const organization = slash <= 0 || id.startsWith('.') ? undefined : id.slice(0, slash);
  const fullName = id.slice(slash + 1);
  const name = titled(fullName);
  const parts = fullName
    .split('-')
    .filter((text) => text !== '')
    .map((text, index) => classify(text, index, parameters));
  dropWordSizes(parts);
  assignBasename(parts);
  return {
    ...(name === '' ? {} : { name }),
    ...(organization === undefined ? {} : { organization: titled(organization) }),
    ...components(parts),
  };
}

/** Capitalises words, except versions, numbers and words with capitals of their own; hyphens become spaces. */
function titled(text: string): string {
  const words = text.replaceAll('-', ' ').trim().split(/\s+/);
  return words
    .map((word) => (isLowerCase(word) && !/^(v\d+(\.\d+)*|\d.*)$/.test(word) ? capitalised(word) : word))
    .join(' ');
}

function isLowerCase(word: string): boolean {
  return word === word.toLowerCase() && word !== word.toUpperCase();
}

/** Like Python's str.title(): the first letter of every run of letters. */
function capitalised(word: string): string {
  return word.replace(/\p{L}+/gu, (letters) => letters.charAt(0).toUpperCase() + letters.slice(1));
}

function classify(text: string, index: number, parameters: number): Part {
  if (VERSION.test(text)) return { text, roles: new Set<Role>(['version']) };
  if (ENCODING.test(text)) return { text: text.toUpperCase(), roles: new Set<Role>(['type']) };
  if (index > 0 && SIZE.test(text)) return sizePart(text, parameters);
  // That an adapter is one goes without saying.
  if (index > 0 && parameters < 0 && /^lora$/i.test(text)) return { text, roles: new Set<Role>(['type']) };
  if (index > 0 && FINETUNE.test(text)) return { text, roles: new Set<Role>(['finetune']) };
  return { text, roles: new Set() };
}

function sizePart(original: string, parameters: number): Part {
  let text = original.replaceAll('_', '.');
  // bloom's notation: 7b1 is 7.1b
  const swapped = /^(.*)([a-z])(\d)$/i.exec(text);
  if (swapped !== null) text = `${swapped[1] ?? ''}.${swapped[3] ?? ''}${swapped[2] ?? ''}`;
  if (/\d[kmbt]$/.test(text)) text = text.slice(0, -1) + text.slice(-1).toUpperCase();
  const size = /^\d+(\.\d+)?[KMBT]$/.test(text)
    ? Number(text.slice(0, -1)) * 1000 ** ' KMBT'.indexOf(text.slice(-1))
    : NaN;
  if (isFarFrom(size, parameters)) {
    return { text: text.slice(0, -1) + text.slice(-1).toLowerCase(), roles: new Set<Role>(['finetune']) };
  }
  return { text, roles: new Set<Role>(['sizeLabel']) };
}

/** An adapter's layers are a part of its model's, so that larger sizes are believed there. */
function isFarFrom(size: number, parameters: number): boolean {
  if (parameters < 0) return size < Math.floor(-parameters / 8);
  return parameters > 0 && Math.abs(size - parameters) > Math.floor((7 * parameters) / 8);
}

/** Beside a size in digits, "small" or "large" are no sizes. */
function dropWordSizes(parts: readonly Part[]): void {
  const sizes = parts.filter((part) => part.roles.has('sizeLabel'));
  if (!sizes.some((part) => /\d/.test(part.text))) return;
  for (const part of sizes) if (/^\p{L}+$/u.test(part.text)) part.roles.delete('sizeLabel');
}

/** The name proper is what comes before the first part with a role; versions in it count both ways. */
function assignBasename(parts: readonly Part[]): void {
  let atStart = true;
  for (const { text, roles } of parts) {
    if (atStart && ((roles.size === 0 && /^\p{L}/u.test(text)) || roles.has('version'))) {
      roles.add('basename');
      continue;
    }
    atStart = false;
    if (roles.size === 0) roles.add('finetune');
  }
  for (const { roles } of [...parts].reverse()) {
    if (!roles.has('basename') || roles.size === 1) break;
    roles.delete('basename');
  }
}

function components(parts: readonly Part[]): NameParts {
  const join = (keep: (roles: ReadonlySet<Role>) => boolean): string[] =>
    parts.filter((part) => keep(part.roles)).map((part) => part.text);
  const sizeLabel = [...new Set(join((roles) => roles.has('sizeLabel')))].join('-');
  const finetune = join((roles) => roles.has('finetune')).join('-');
  const version = join((roles) => roles.has('version') && !roles.has('basename')).join('-');
  // Nothing but a name says too little to call it a base name.
  const basename =
    sizeLabel === '' && finetune === '' && version === ''
      ? ''
      : join((roles) => roles.has('basename')).join('-');
  return {
    ...(basename === '' ? {} : { basename }),
    ...(finetune === '' ? {} : { finetune }),
    ...(version === '' ? {} : { version }),
    ...(sizeLabel === '' ? {} : { sizeLabel }),
  };
}
