import type { Sequence } from './alternatives.js';
import type { SchemaCompiler } from './compiler.js';
import { decimalsBetween, integersBetween } from './digits.js';
import { jsonRules } from './json-rules.js';
import { refuse } from './located.js';
import type { Bound, Shape } from './shape.js';

/** The largest number that is written where a bound is missing: of 15 digits, so that a double holds each exactly. */
const LARGEST = 10n ** 15n - 1n;
/** Digits of a double that survive from decimal to binary and back. */
const EXACT_DIGITS = 15;
/** Digits behind the point of a bound. */
const MAX_PLACES = 10;
/** How near values come to a bound that is excluded: a hundredth of its last digit. */
const EXCLUDED_PLACES = 2;

const INT32 = [-(2 ** 31), 2 ** 31 - 1] as const;
const NUMBER_FORMATS: ReadonlySet<string> = new Set(['int32', 'int64', 'float', 'double']);

/** A bound in units of its last digit behind the point. */
interface Decimal {
  readonly units: bigint;
  readonly places: number;
  readonly isExcluded: boolean;
}

/** Integers; those of bounds up to 2^53 - 1 exactly. */
export function integerSequences(compiler: SchemaCompiler, shape: Shape): readonly Sequence[] {
  const isShort = checkFormats(shape);
  let low = integerBound(shape, 'minimum');
  let high = integerBound(shape, 'maximum');
  if (isShort) {
    low = BigInt(Math.max(Number(low ?? INT32[0]), INT32[0]));
    high = BigInt(Math.min(Number(high ?? INT32[1]), INT32[1]));
  }
  if (low === undefined && high === undefined) return [[jsonRules(compiler.rules).integer]];
  const last = high ?? maximum(LARGEST, low);
  const first = low ?? minimum(-LARGEST, high);
  const positive = integersBetween(maximum(first, 0n), last);
  const negative = last >= 0n ? integersBetween(1n, -first) : integersBetween(-last, -first);
  return sequencesOf(compiler, positive, first < 0n ? negative : []);
}

/** Numbers: bounds are kept digit by digit, without exponents. */
export function numberSequences(compiler: SchemaCompiler, shape: Shape): readonly Sequence[] {
  if (checkFormats(shape) || shape.formats.has('int64')) return integerSequences(compiler, shape);
  const low = decimalBound(shape, 'minimum');
  const high = decimalBound(shape, 'maximum');
  if (low === undefined && high === undefined) return [[jsonRules(compiler.rules).number]];
  checkExcluded(shape, low, high);
  const zero: Decimal = { units: 0n, places: 0, isExcluded: false };
  const positive = low === undefined || low.units < 0n ? zero : low;
  const negative = high === undefined || high.units > 0n ? zero : negated(high);
  return sequencesOf(
    compiler,
    high === undefined || high.units >= 0n ? magnitudes(positive, high) : [],
    low === undefined || low.units < 0n ? magnitudes(negative, low && negated(low)) : [],
  );
}

function sequencesOf(
  compiler: SchemaCompiler,
  positive: readonly string[],
  negative: readonly string[],
): readonly Sequence[] {
  const alternatives = [...positive];
  if (negative.length > 0) alternatives.push(`"-" (${negative.join(' | ')})`);
  return alternatives.length === 0 ? [] : [[compiler.rules.add('bounded', alternatives.join(' | '))]];
}

/** Numbers that are not negative, from `low` to `high`. */
function magnitudes(low: Decimal, high: Decimal | undefined): readonly string[] {
  const excluded = low.isExcluded || (high?.isExcluded ?? false);
  const places = Math.max(low.places, high?.places ?? 0) + (excluded ? EXCLUDED_PLACES : 0);
  const result: string[] = [];
  for (let count = 0; count <= places; count += 1) {
    const first = lowest(low, count);
    const last = high === undefined ? (LARGEST + 1n) * 10n ** BigInt(count) - 1n : highest(high, count);
    if (first > last) continue;
    result.push(...decimalsBetween(first, last, count));
    if (count < places) continue;
    const point = count === 0 ? '"." ' : '';
    const more = `[0-9]{1,${EXACT_DIGITS}}`;
    // Behind the greatest only zeros may follow: more would raise it above the bound.
    result.push(`${decimalsBetween(last, last, count).join('')} ${point}"0"{1,${EXACT_DIGITS}}`);
    if (first === last) continue;
    result.push(`(${decimalsBetween(first, last - 1n, count).join(' | ')}) ${point}${more}`);
  }
  return result;
}

/** The least number of so many places that a lower bound lets through, in units of the last. */
function lowest({ units, places, isExcluded }: Decimal, count: number): bigint {
  const [value, divisor] = scaled(units, places, count);
  const up = (value + divisor - 1n) / divisor;
  return isExcluded && up * divisor === value ? up + 1n : up;
}

function highest({ units, places, isExcluded }: Decimal, count: number): bigint {
  const [value, divisor] = scaled(units, places, count);
  const down = value / divisor;
  return isExcluded && down * divisor === value ? down - 1n : down;
}

function scaled(units: bigint, places: number, count: number): [bigint, bigint] {
  return count >= places
    ? [units * 10n ** BigInt(count - places), 1n]
    : [units, 10n ** BigInt(places - count)];
}

function negated({ units, places, isExcluded }: Decimal): Decimal {
  return { units: -units, places, isExcluded };
}

/** Of a bound and the same one excluded the tighter. */
function tighter(shape: Shape, side: 'minimum' | 'maximum'): (Bound & { isExcluded: boolean }) | undefined {
  const included = shape.bounds.get(side);
  const excluded = shape.bounds.get(side === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum');
  if (excluded === undefined) return included && { ...included, isExcluded: false };
  const isLooser =
    included !== undefined &&
    (side === 'minimum' ? included.value > excluded.value : included.value < excluded.value);
  return isLooser ? { ...included, isExcluded: false } : { ...excluded, isExcluded: true };
}

function integerBound(shape: Shape, side: 'minimum' | 'maximum'): bigint | undefined {
  const bound = tighter(shape, side);
  if (bound === undefined) return undefined;
  const { where, value, isExcluded } = bound;
  const isLower = side === 'minimum';
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    if (value < 0 === isLower) return undefined;
    refuse(where, 'expected a bound from -(2^53 - 1) to 2^53 - 1');
  }
  const whole = BigInt(isLower ? Math.ceil(value) : Math.floor(value));
  if (!isExcluded || !Number.isInteger(value)) return whole;
  return isLower ? whole + 1n : whole - 1n;
}

function decimalBound(shape: Shape, side: 'minimum' | 'maximum'): Decimal | undefined {
  const bound = tighter(shape, side);
  if (bound === undefined) return undefined;
  const { where, value, isExcluded } = bound;
  if (Math.abs(value) >= Number(LARGEST)) {
    if (value < 0 === (side === 'minimum')) return undefined;
    refuse(where, `expected a bound below 10^${EXACT_DIGITS}`);
  }
  const decimal = decimalOf(value);
  const digits = String(decimal?.units ?? 0n).replace('-', '').length;
  if (decimal === undefined || digits > EXACT_DIGITS || decimal.places > MAX_PLACES) {
    refuse(
      where,
      `expected a bound of at most ${MAX_PLACES} digits behind the point and ${EXACT_DIGITS} in all`,
    );
  }
  return { ...decimal, isExcluded };
}

/** What comes next to an excluded bound must be another double. */
function checkExcluded(shape: Shape, low: Decimal | undefined, high: Decimal | undefined): void {
  const places = Math.max(low?.places ?? 0, high?.places ?? 0) + EXCLUDED_PLACES;
  for (const bound of [low, high]) {
    if (bound?.isExcluded !== true) continue;
    const [units] = scaled(bound.units, bound.places, places);
    if (String(units).replace('-', '').length <= EXACT_DIGITS) continue;
    refuse(shape.where, `expected excluded bounds of at most ${EXACT_DIGITS - EXCLUDED_PLACES} digits`);
  }
}

/** The shortest decimal of a double; undefined if it needs an exponent that is beyond measure. */
function decimalOf(value: number): { units: bigint; places: number } | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([-+]\d+))?$/.exec(String(value));
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const places = fraction.length - Number(exponent);
  if (places > 2 * EXACT_DIGITS) return undefined;
  const units = BigInt(sign + whole + fraction) * 10n ** BigInt(Math.max(0, -places));
  return { units, places: Math.max(0, places) };
}

/** Whether the numbers are those of 32 bits. */
function checkFormats(shape: Shape): boolean {
  for (const [name, where] of shape.formats) {
    const isOfString = shape.types === undefined || shape.types.includes('string');
    if (!NUMBER_FORMATS.has(name) && !isOfString) refuse(where, `the format is not supported for numbers`);
  }
  return shape.formats.has('int32');
}

function maximum(a: bigint, b: bigint | undefined): bigint {
  return b === undefined || a > b ? a : b;
}

function minimum(a: bigint, b: bigint | undefined): bigint {
  return b === undefined || a < b ? a : b;
}
