import { Environment, type Scope } from './jinja.js';
import { MAX_LIST_LENGTH, TemplateLimitError, TemplateRefusal } from './limits.js';

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
/** Length of a `strftime_now` format at most. */
const MAX_FORMAT = 256;

/** Names that every template knows; a request may not give them another meaning. */
const GLOBALS: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  range: boundedRange,
  raise_exception: (message: unknown): never => {
    throw new TemplateRefusal(typeof message === 'string' ? message : 'the template refuses them');
  },
  strftime_now: (format: unknown): string => strftime(new Date(), typeof format === 'string' ? format : ''),
};

/** Whether a name has a meaning that no variable may take. */
export function isGlobal(name: string): boolean {
  return name === 'namespace' || Object.hasOwn(GLOBALS, name);
}

/** An environment with all that templates expect, and the variables of one rendering. */
export function environmentOf(variables: Readonly<Record<string, unknown>>): Scope {
  const environment = new Environment();
  for (const [name, value] of [...Object.entries(GLOBALS), ...Object.entries(variables)]) {
    environment.set(name, value);
  }
  return environment;
}

/** Python's range(), up to a length. */
function boundedRange(first: unknown, second?: unknown, step: unknown = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (!Number.isInteger(start) || !Number.isInteger(stop) || !Number.isInteger(step) || step === 0) {
    throw new TemplateLimitError('range() expects whole numbers and a step other than 0');
  }
  const [from, by] = [Number(start), Number(step)];
  const length = Math.max(0, Math.ceil((Number(stop) - from) / by));
  if (length > MAX_LIST_LENGTH) throw new TemplateLimitError(`range() is longer than ${MAX_LIST_LENGTH}`);
  return Array.from({ length }, (_, index) => from + index * by);
}

/** Python's strftime in the C locale, local time; an unknown letter stays as it is written. */
export function strftime(date: Date, format: string): string {
  if (format.length > MAX_FORMAT) throw new TemplateLimitError('the format of strftime_now is too long');
  const two = (number: number): string => String(number).padStart(2, '0');
  const hour = date.getHours() % 12 || 12;
  const midnight = (year: number, month: number, day: number): number => Date.UTC(year, month, day);
  const day = midnight(date.getFullYear(), date.getMonth(), date.getDate());
  const ofYear = Math.round((day - midnight(date.getFullYear(), 0, 0)) / 86_400_000);
  const fields: Readonly<Record<string, string>> = {
    Y: String(date.getFullYear()),
    y: two(date.getFullYear() % 100),
    m: two(date.getMonth() + 1),
    d: two(date.getDate()),
    B: MONTHS[date.getMonth()] ?? '',
    b: (MONTHS[date.getMonth()] ?? '').slice(0, 3),
    A: WEEKDAYS[date.getDay()] ?? '',
    a: (WEEKDAYS[date.getDay()] ?? '').slice(0, 3),
    H: two(date.getHours()),
    I: two(hour),
    M: two(date.getMinutes()),
    S: two(date.getSeconds()),
    p: date.getHours() < 12 ? 'AM' : 'PM',
    j: String(ofYear).padStart(3, '0'),
    '%': '%',
  };
  return format.replaceAll(/%(.)/g, (whole: string, letter: string) => fields[letter] ?? whole);
}
