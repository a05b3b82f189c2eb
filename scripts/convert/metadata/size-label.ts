const STEPS = [
  [1e12, 1e-12, 'T'],
  [1e9, 1e-9, 'B'],
  [1e6, 1e-6, 'M'],
] as const;

/** A number of parameters in two digits or more, as `general.size_label` holds it: 124M, 1.1B, 7.4M. */
export function sizeLabel(parameters: number): string {
  const [, scale, suffix] = STEPS.find(([from]) => parameters > from) ?? [0, 1e-3, 'K'];
  const value = parameters * scale;
  const whole = roundHalfEven(value);
  const digits = whole === 0 ? 2 : Math.max(2 - String(whole).length, 0);
  return (digits === 0 ? String(whole) : value.toFixed(digits)) + suffix;
}

/** Python's round(): JavaScript's rounds halves up. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
