/** How the scores of two models for the same text compare. */
export interface LogitComparison {
  /** Positions whose scores were compared. */
  readonly positions: number;
  /** Tokens that were predicted from the ones before them: what perplexity is over. */
  readonly predicted: number;
  /** Largest absolute difference of two logits. */
  readonly maxDifference: number;
  /** Largest less smallest logit of the reference; what the difference is to be seen against. */
  readonly spread: number;
  /** exp of the mean negative log-likelihood, of the file and of the reference. */
  readonly perplexity: number;
  readonly referencePerplexity: number;
  /** Mean Kullback-Leibler divergence of the file's distribution from the reference's, in nats a token. */
  readonly divergence: number;
  /** Share of positions, 0 to 1, at which both hold the same token for the likeliest. */
  readonly sameArgmax: number;
  /** Logits of the file, and of the reference, that are NaN or infinite. */
  readonly nonFinite: number;
  readonly referenceNonFinite: number;
}

interface RowStatistics {
  readonly max: number;
  readonly min: number;
  readonly argmax: number;
  /** Logarithm of the sum of exponentials. */
  readonly logSum: number;
  readonly nonFinite: number;
}

/** Takes rows of logits of both models, position by position, and sums up. No row is kept. */
export class LogitComparer {
  #positions = 0;
  #predicted = 0;
  #maxDifference = 0;
  #max = -Infinity;
  #min = Infinity;
  #loss = 0;
  #referenceLoss = 0;
  #divergence = 0;
  #same = 0;
  #nonFinite = 0;
  #referenceNonFinite = 0;

  /**
   * @param row logits after a position, of the file; of the same length as the reference's
   * @param next the token that follows in the text; undefined at its end
   */
  add(row: Float32Array, reference: Float32Array, next: number | undefined): void {
    const own = statistics(row);
    const other = statistics(reference);
    this.#positions += 1;
    this.#nonFinite += own.nonFinite;
    this.#referenceNonFinite += other.nonFinite;
    this.#max = Math.max(this.#max, other.max);
    this.#min = Math.min(this.#min, other.min);
    if (own.argmax === other.argmax) this.#same += 1;
    this.#compare(row, reference, own.logSum, other.logSum);
    if (next === undefined) return;
    this.#predicted += 1;
    this.#loss += own.logSum - (row[next] ?? NaN);
    this.#referenceLoss += other.logSum - (reference[next] ?? NaN);
  }

  #compare(row: Float32Array, reference: Float32Array, logSum: number, referenceLogSum: number): void {
    let largest = 0;
    let divergence = 0;
    for (let index = 0; index < row.length; index += 1) {
      const own = row[index] ?? NaN;
      const other = reference[index] ?? NaN;
      const difference = Math.abs(own - other);
      if (difference > largest) largest = difference;
      const log = other - referenceLogSum;
      divergence += Math.exp(log) * (log - (own - logSum));
    }
    this.#maxDifference = Math.max(this.#maxDifference, largest);
    this.#divergence += divergence;
  }

  result(): LogitComparison {
    return {
      positions: this.#positions,
      predicted: this.#predicted,
      maxDifference: this.#maxDifference,
      spread: this.#max - this.#min,
      perplexity: Math.exp(this.#loss / this.#predicted),
      referencePerplexity: Math.exp(this.#referenceLoss / this.#predicted),
      // Rounding can leave a hair less than nothing.
      divergence: Math.max(0, this.#divergence / this.#positions),
      sameArgmax: this.#same / this.#positions,
      nonFinite: this.#nonFinite,
      referenceNonFinite: this.#referenceNonFinite,
    };
  }
}

function statistics(row: Float32Array): RowStatistics {
  let max = -Infinity;
  let min = Infinity;
  let argmax = 0;
  let nonFinite = 0;
  // Not by entries(): there may be a hundred million of them, each a pair of its own.
  for (let index = 0; index < row.length; index += 1) {
    const value = row[index] ?? NaN;
    if (!Number.isFinite(value)) nonFinite += 1;
    if (value > max) {
      max = value;
      argmax = index;
    }
    if (value < min) min = value;
  }
  let sum = 0;
  for (const value of row) sum += Math.exp(value - max);
  return { max, min, argmax, logSum: max + Math.log(sum), nonFinite };
}
