/** Words with their leading spaces as tokens; ids are given out as words turn up. */
export class FakeVocabulary {
  /** Stands for the end-of-sequence token in scripts; its id is 0. */
  static readonly eosText = '<eos>';
  /** Stands in scripts for the end of a beam search that found nothing more. */
  static readonly noText = '<none>';
  /** Stands in scripts for a token that begins a character and does not end it; its text, U+FFFD, comes later. */
  static readonly partText = '<part>';
  readonly #words: string[] = [FakeVocabulary.eosText];
  readonly #ids = new Map<string, number>([[FakeVocabulary.eosText, 0]]);

  /** Ids that were given out. */
  get size(): number {
    return this.#words.length;
  }

  idOf(word: string): number {
    const known = this.#ids.get(word);
    if (known !== undefined) return known;
    this.#ids.set(word, this.#words.length);
    return this.#words.push(word) - 1;
  }

  encode(text: string): number[] {
    return (text.match(/\s*\S+|\s+$/g) ?? []).map((word) => this.idOf(word));
  }

  decode(ids: readonly number[]): string {
    return ids.map((id) => this.#textOf(id)).join('');
  }

  #textOf(id: number): string {
    const word = id === 0 ? '' : this.#words[id];
    return word === undefined || word === FakeVocabulary.partText ? '\uFFFD' : word;
  }
}
