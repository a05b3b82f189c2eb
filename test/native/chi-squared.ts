/**
 * How far counts are from what probabilities expect, as a standard normal deviate (Wilson and Hilferty 1931). Cells
 * that expect fewer than 5 are pooled.
 *
 * @throws Error if something impossible was counted
 */
export function chiSquaredDeviate(
  counts: ReadonlyMap<string, number>,
  probabilities: ReadonlyMap<string, number>,
): number {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  for (const cell of counts.keys()) {
    if (!(probabilities.get(cell) ?? 0)) throw new Error(`${cell} can't be, and was counted`);
  }
  const cells: { expected: number; observed: number }[] = [];
  const rare = { expected: 0, observed: 0 };
  for (const [cell, probability] of probabilities) {
    const expected = probability * total;
    const observed = counts.get(cell) ?? 0;
    if (expected >= 5) {
      cells.push({ expected, observed });
    } else {
      rare.expected += expected;
      rare.observed += observed;
    }
  }
  if (rare.expected > 0) cells.push(rare);
  const statistic = cells.reduce(
    (sum, cell) => sum + (cell.observed - cell.expected) ** 2 / cell.expected,
    0,
  );
  const freedom = cells.length - 1;
  return ((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / Math.sqrt(2 / (9 * freedom));
}
