/**
 * Finds where the first sentence of a growing text ends. Terminators are Unicode's sentence terminals and the
 * ellipsis, with closing quotes and brackets after them. What follows decides: a decimal point, an initial, an
 * abbreviation, an ellipsis or a quotation that goes on in lower case do not end a sentence.
 */

/** Terminators of scripts without spaces between sentences: nothing needs to follow them. */
const UNSPACED = /[。！？｡．]/u;
const TERMINATORS = /[\p{Sentence_Terminal}…]+/gu;
const CLOSERS = /^["'”’»›)\]}」』）】〉》]*/u;
const PARAGRAPH_BREAK = /\n[^\S\n]*\n/;

/** Never end a sentence: a name or a number follows. */
const TITLES = new Set(
  'mr mrs ms mx dr prof rev hon st sgt capt lt col gen gov sen rep pres fr mme mlle vs no fig vol pp cf al'.split(
    ' ',
  ),
);
/** End a sentence only if the next word begins in upper case. */
const AMBIGUOUS = new Set(
  'etc jr sr inc ltd co corp a.m p.m e.g i.e u.s u.k d.c b.c a.d ca approx est dept ave jan feb mar apr jun jul aug sep sept oct nov dec'.split(
    ' ',
  ),
);

/** A quotation longer than this is taken for one whose closing mark was forgotten. */
const LONGEST_QUOTATION = 300;

type Verdict = 'end' | 'no end' | 'undecided';

export class SentenceEnd {
  readonly #quoteIsOpen: boolean;
  #text = '';
  /** Everything before it is known not to end the sentence. */
  #scanned = 0;

  /** `context` is what the text continues: a quotation may be open at its end. */
  constructor(context = '') {
    const paragraph = context.slice(-LONGEST_QUOTATION).split(PARAGRAPH_BREAK).at(-1) ?? '';
    this.#quoteIsOpen = hasOpenQuote(paragraph, false);
  }

  /** All text fed so far. */
  get text(): string {
    return this.#text;
  }

  /**
   * Adds a piece of text.
   *
   * @returns the offset in `text` behind the first sentence, as soon as that is certain
   */
  feed(piece: string): number | undefined {
    this.#text += piece;
    return this.#find(false);
  }

  /** The offset behind the first sentence, or behind all of an unfinished one, given that no more text comes. */
  finish(): number {
    return this.#find(true) ?? this.#text.length;
  }

  #find(complete: boolean): number | undefined {
    const breakAt = this.#paragraphBreak();
    TERMINATORS.lastIndex = this.#scanned;
    for (let match = TERMINATORS.exec(this.#text); match !== null; match = TERMINATORS.exec(this.#text)) {
      if (breakAt !== undefined && match.index >= breakAt) break;
      const verdict = this.#judge(match, complete);
      if (verdict === 'end') return behindClosers(this.#text, match);
      if (verdict === 'undecided') {
        this.#scanned = match.index;
        return breakAt;
      }
      this.#scanned = TERMINATORS.lastIndex;
    }
    return breakAt;
  }

  /** Where the first paragraph ends, once it has some text. */
  #paragraphBreak(): number | undefined {
    const start = this.#text.search(/\S/);
    if (start < 0) return undefined;
    const found = this.#text.slice(start).search(PARAGRAPH_BREAK);
    return found < 0 ? undefined : start + found;
  }

  #judge(match: RegExpExecArray, complete: boolean): Verdict {
    const [terminator] = match;
    const end = behindClosers(this.#text, match);
    const following = this.#text.slice(end);
    if (following === '') return complete ? 'end' : 'undecided';
    if (UNSPACED.test(terminator)) return this.#insideQuote(end) ? 'no end' : 'end';
    if (!/^\s/.test(following)) return 'no end';

    const word = wordBefore(this.#text, match.index);
    const isPeriod = terminator === '.';
    if (isPeriod && (isTitle(word) || isInitial(word, this.#text) || isListNumber(word, this.#text)))
      return 'no end';
    if (this.#insideQuote(end)) return 'no end';
    const hasClosers = end > match.index + terminator.length;
    const isWeak =
      terminator.includes('…') ||
      terminator.endsWith('..') ||
      (isPeriod && AMBIGUOUS.has(word.toLowerCase()));
    if (!hasClosers && !isWeak) return 'end';
    return judgeByNextWord(following, complete);
  }

  #insideQuote(end: number): boolean {
    const opened = this.#text.slice(0, end).lastIndexOf('"');
    return end - opened <= LONGEST_QUOTATION && hasOpenQuote(this.#text.slice(0, end), this.#quoteIsOpen);
  }
}

/** After a quotation, an ellipsis or a common abbreviation, a word in lower case goes on with the sentence. */
function judgeByNextWord(following: string, complete: boolean): Verdict {
  const next = following.trimStart();
  if (next === '') return complete || following.includes('\n') ? 'end' : 'undecided';
  return /^["'“‘(]?\p{Ll}/u.test(next) ? 'no end' : 'end';
}

function behindClosers(text: string, match: RegExpExecArray): number {
  const end = match.index + match[0].length;
  return end + (CLOSERS.exec(text.slice(end))?.[0].length ?? 0);
}

/** The run of letters, digits and inner periods right before an offset: "Mr", "a.m", "J". */
function wordBefore(text: string, end: number): string {
  return /[\p{L}\p{N}.'’]*$/u.exec(text.slice(Math.max(0, end - 40), end))?.[0] ?? '';
}

function isTitle(word: string): boolean {
  return TITLES.has(word.toLowerCase());
}

/** A single capital, "J" in "J. Smith"; but "I" after another word is a pronoun: "So did I." */
function isInitial(word: string, text: string): boolean {
  if (!/^(\p{Lu}\.)*\p{Lu}$/u.test(word) || word.includes('.')) return false;
  return word !== 'I' || !/\p{Ll}\s+I\./u.test(text);
}

/** "1" in "1. Open the box": a number alone at the beginning of its line. */
function isListNumber(word: string, text: string): boolean {
  return /^\d{1,3}$/.test(word) && new RegExp(`(^|\\n)\\s*${word}\\.`).test(text);
}

/** Whether a quotation is open behind a text, by its double quotes. */
function hasOpenQuote(text: string, wasOpen: boolean): boolean {
  let open = wasOpen;
  for (const mark of text.match(/["“”]/g) ?? []) open = mark === '"' ? !open : mark === '“';
  return open;
}
