/** Where one of the texts stands in another. */
export interface Found {
  readonly start: number;
  readonly end: number;
  readonly id: number;
}

/** A node of the tree of all texts. */
interface Branch {
  readonly next: Map<number, Branch>;
  id?: number;
}

/** Finds the texts of special tokens, in a time that is linear for texts of bounded length. */
export class SpecialTexts {
  readonly #root: Branch = { next: new Map() };
  /** 1 for each UTF-16 unit that one of the texts begins with. */
  readonly #first = new Uint8Array(65_536);

  /** @param texts by the token's id; empty ones are never found */
  constructor(texts: Iterable<readonly [id: number, text: string]>) {
    for (const [id, text] of texts) {
      if (text === '') continue;
      this.#first[text.charCodeAt(0)] = 1;
      let branch = this.#root;
      for (let index = 0; index < text.length; index += 1) {
        const unit = text.charCodeAt(index);
        const next = branch.next.get(unit) ?? { next: new Map<number, Branch>() };
        branch.next.set(unit, next);
        branch = next;
      }
      branch.id ??= id;
    }
  }

  /** The longest text that begins at a place, or what is begun at the text's very end; undefined if neither. */
  at(text: string, start: number): Found | 'begun' | undefined {
    if (!this.mayBegin(text, start)) return undefined;
    let branch = this.#root;
    let found: Found | undefined;
    for (let index = start; index < text.length; index += 1) {
      const next = branch.next.get(text.charCodeAt(index));
      if (next === undefined) return found;
      branch = next;
      if (branch.id !== undefined) found = { start, end: index + 1, id: branch.id };
    }
    return found ?? 'begun';
  }

  /** Whether the character at a place is the first of any of the texts. */
  mayBegin(text: string, start: number): boolean {
    return start < text.length && this.#first[text.charCodeAt(start)] === 1;
  }

  /**
   * The text with a character behind the first of each special text, of overlapping ones and of one begun at its end;
   * undefined if there are more than `most`.
   */
  broken(text: string, mark: string, most: number): string | undefined {
    const pieces: string[] = [];
    let from = 0;
    for (let start = 0; start < text.length; start += 1) {
      if (!this.mayBegin(text, start) || this.at(text, start) === undefined) continue;
      if (pieces.length === most) return undefined;
      pieces.push(text.slice(from, start + 1));
      from = start + 1;
    }
    return pieces.length === 0 ? text : [...pieces, text.slice(from)].join(mark);
  }
}
