import { OPTIONS, type OptionDescription } from './options.js';
import { MODEL_SETTING_NAMES } from './schema.js';

/** Marks the beginning of the generated table in a Markdown file. */
export const TABLE_START = '<!-- config-table -->';
/** Marks its end. */
export const TABLE_END = '<!-- /config-table -->';

/** All options as a Markdown table. */
export function configurationTable(): string {
  const rows = OPTIONS.map((option) => [
    `\`${option.name}\`${MODEL_SETTING_NAMES.some((name) => name === option.name) ? ' *' : ''}`,
    option.meta.fileOnly === true ? '' : `\`${flagForm(option)}\``,
    option.meta.fileOnly === true ? '' : `\`${option.env}\``,
    defaultForm(option.defaultValue),
    option.meta.description,
  ]);
  const head = ['`glossa.json`', 'flag', 'environment', 'default', 'meaning'];
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((cells) => cells[column]?.length ?? 0)),
  );
  const line = widths.map((width) => '-'.repeat(width));
  // Padded, as Prettier wants it.
  const padded = [head, line, ...rows].map((cells) =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)),
  );
  return padded.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/**
 * A Markdown text with the table between its two marks brought up to date.
 *
 * @throws Error if the marks are missing
 */
export function replaceTable(markdown: string): string {
  const start = markdown.indexOf(TABLE_START);
  const end = markdown.indexOf(TABLE_END);
  if (start < 0 || end < start) throw new Error(`expected ${TABLE_START} and ${TABLE_END} in the file`);
  const head = markdown.slice(0, start + TABLE_START.length);
  return `${head}\n\n${configurationTable()}\n\n${markdown.slice(end)}`;
}

/** How a flag is written with its value: "--gpu auto|off", "--[no-]preload". */
export function flagForm(option: OptionDescription): string {
  switch (option.kind) {
    case 'boolean':
      return `--[no-]${option.flag.slice(2)}`;
    case 'choice':
      return `${option.flag} ${option.choices.join('\\|')}`;
    case 'integer':
      return `${option.flag} N`;
    case 'size':
      return `${option.flag} SIZE`;
    case 'list':
      return `${option.flag} ${listForm(option)}`;
    default:
      return `${option.flag} ${option.meta.path === undefined ? 'TEXT' : 'FILE'}`;
  }
}

function listForm({ meta }: OptionDescription): string {
  if (meta.path === 'adapter') return '[ID:]FILE[=SCALE]';
  return meta.path === true ? 'FILE' : 'A,B';
}

function defaultForm(value: unknown): string {
  // Lists and records are empty by default.
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? `\`${value}\``
    : '';
}
