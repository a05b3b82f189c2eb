/** Numbers written in digits, as alternatives of GBNF. All arguments are digits without a sign. */

/** Numbers from `low` to `high` of one length, zeros in front included. */
export function digitsBetween(low: string, high: string): readonly string[] {
  if (low === '') return ['""'];
  if (/^0+$/.test(low) && /^9+$/.test(high)) return [anyDigits(low.length)];
  const [first, last] = [Number(low[0]), Number(high[0])];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  if (first === last) return [headed(`"${first}"`, digitsBetween(lowRest, highRest))];
  const result: string[] = [];
  const isWholeLow = /^0*$/.test(lowRest);
  const isWholeHigh = /^9*$/.test(highRest);
  if (!isWholeLow) {
    result.push(headed(`"${first}"`, digitsBetween(lowRest, '9'.repeat(lowRest.length))));
  }
  const [from, to] = [isWholeLow ? first : first + 1, isWholeHigh ? last : last - 1];
  if (from <= to) result.push([`[${from}-${to}]`, anyDigits(lowRest.length)].join(' ').trim());
  if (!isWholeHigh) {
    result.push(headed(`"${last}"`, digitsBetween('0'.repeat(highRest.length), highRest)));
  }
  return result;
}

/** Integers from `low` to `high`, without zeros in front; none if low is above high. */
export function integersBetween(low: bigint, high: bigint): readonly string[] {
  const result: string[] = [];
  for (let length = String(low).length; length <= String(high).length && low <= high; length += 1) {
    const least = length === 1 ? 0n : 10n ** BigInt(length - 1);
    const most = 10n ** BigInt(length) - 1n;
    result.push(...digitsBetween(String(low > least ? low : least), String(high < most ? high : most)));
  }
  return result;
}

/**
 * Decimals from `low` to `high`, both in units of the last of `places` digits behind the point, all of which are
 * written.
 */
export function decimalsBetween(low: bigint, high: bigint, places: number): readonly string[] {
  if (places === 0 || low > high) return integersBetween(low, high);
  const unit = 10n ** BigInt(places);
  const [first, last] = [low / unit, high / unit];
  const digits = (value: bigint): string => String(value % unit).padStart(places, '0');
  const from = (whole: bigint, least: string, most: string): string =>
    `"${whole}." (${digitsBetween(least, most).join(' | ')})`;
  const [none, all] = ['0'.repeat(places), '9'.repeat(places)];
  if (first === last) return [from(first, digits(low), digits(high))];
  const between = integersBetween(first + 1n, last - 1n);
  return [
    from(first, digits(low), all),
    ...(between.length === 0 ? [] : [`(${between.join(' | ')}) "." ${anyDigits(places)}`]),
    from(last, none, digits(high)),
  ];
}

function anyDigits(count: number): string {
  if (count === 0) return '';
  return count === 1 ? '[0-9]' : `[0-9]{${count}}`;
}

function headed(head: string, rest: readonly string[]): string {
  const [only] = rest;
  if (only === '""') return head;
  return rest.length === 1 ? `${head} ${only}` : `${head} (${rest.join(' | ')})`;
}
