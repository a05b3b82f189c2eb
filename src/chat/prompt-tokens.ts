import type { Engine } from '../engine/engine.js';
import { GlossaError } from '../errors.js';
import type { Found, SpecialTexts } from './special-texts.js';

/** Parts of a prompt that are tokenized by themselves at most: each takes a call. */
const MAX_PIECES = 8192;

/** A rendered template, the client's special texts still broken by the mark. */
export interface Rendering {
  readonly text: string;
  readonly mark: string;
  /** Texts that are tokens where the template wrote them. */
  readonly markers: SpecialTexts;
  /** Those among them that every tokenizer takes for tokens, special texts parsed or not. */
  readonly userDefined: SpecialTexts;
}

/** A rendering without marks. */
export interface PlainRendering extends Omit<Rendering, 'mark'> {
  /** Where special texts of the client begin. */
  readonly literal: ReadonlySet<number>;
}

/** A part of a rendering that is tokenized in one call. */
interface Piece {
  readonly text: string;
  readonly parseSpecial: boolean;
  /** It goes on from the piece before it, with which it must not become one token. */
  readonly continues: boolean;
}

/** Takes the marks out; only those that keep a special text apart are remembered. */
export function withoutMarks({ text, mark, markers, userDefined }: Rendering): PlainRendering {
  const parts = text.split(mark);
  const plain = parts.join('');
  const literal = new Set<number>();
  let position = 0;
  for (const part of parts.slice(0, -1)) {
    position += part.length;
    if (typeof markers.at(plain, position - 1) === 'object') literal.add(position - 1);
  }
  return { text: plain, literal, markers, userDefined };
}

/**
 * Token ids of a rendering: special texts that the template wrote become special tokens, those of the client stay
 * text. What lies between two special tokens of the template is tokenized as a whole, as any tokenizer does.
 *
 * @throws GlossaError INVALID_REQUEST if a client's texts hold too many special ones; what tokenizing throws
 */
export async function promptTokens(
  engine: Engine,
  rendering: PlainRendering,
  signal: AbortSignal,
): Promise<number[]> {
  const pieces: Piece[] = [];
  for (const piece of piecesOf(rendering)) {
    if (pieces.length === MAX_PIECES) throw tooManyPieces();
    pieces.push(piece);
  }
  const ids: number[][] = [];
  for (const { text, parseSpecial, continues } of pieces) {
    ids.push(
      continues
        ? await continuation(engine, text, signal)
        : await engine.tokenize(text, { parseSpecial, signal }),
    );
  }
  return ids.flat();
}

function tooManyPieces(): GlossaError {
  return new GlossaError(
    'INVALID_REQUEST',
    `messages: expected fewer than ${MAX_PIECES} texts that look like the model's special tokens, received more`,
    { param: 'messages' },
  );
}

/** Tokens of a text that is not the beginning of one: some tokenizers put a space before those. */
async function continuation(engine: Engine, text: string, signal: AbortSignal): Promise<number[]> {
  const lead = await engine.tokenize('\n', { signal });
  const both = await engine.tokenize(`\n${text}`, { signal });
  if (lead.every((id, index) => both[index] === id)) return both.slice(lead.length);
  return await engine.tokenize(text, { signal });
}

/** Runs in which only the template has special texts, and stretches between its special texts where the client has. */
function* piecesOf(rendering: PlainRendering): Generator<Piece, undefined> {
  const { text, literal } = rendering;
  const positions = [...literal];
  let next = 0;
  let clean = 0;
  let begin = 0;
  for (const { start: stop, end } of templateMarkers(rendering)) {
    const first = next;
    while ((positions[next] ?? Infinity) < stop) next += 1;
    if (first < next) {
      if (clean < begin) yield { text: text.slice(clean, begin), parseSpecial: true, continues: false };
      yield* literalPieces(rendering, { begin, end: stop, positions: positions.slice(first, next) });
      clean = stop;
    }
    begin = end;
  }
  if (clean < text.length) yield { text: text.slice(clean), parseSpecial: true, continues: false };
  return undefined;
}

/** Where the template's special texts are, and the text's end. */
function* templateMarkers({
  text,
  literal,
  markers,
}: PlainRendering): Generator<Pick<Found, 'start' | 'end'>, undefined> {
  for (let start = 0; start < text.length;) {
    const isLiteral = !markers.mayBegin(text, start) || literal.has(start);
    const found = isLiteral ? undefined : markers.at(text, start);
    if (typeof found === 'object') yield found;
    start = typeof found === 'object' ? found.end : start + 1;
  }
  // The end of the text ends the last stretch.
  yield { start: text.length, end: text.length };
  return undefined;
}

/** A stretch without a special text of the template, cut inside what would be a token all the same. */
function literalPieces(
  { text, userDefined }: PlainRendering,
  { begin, end, positions }: { begin: number; end: number; positions: readonly number[] },
): readonly Piece[] {
  const cuts = positions
    .filter((position) => typeof userDefined.at(text, position) === 'object')
    .map((position) => position + 1);
  const starts = [begin, ...cuts];
  return starts.map((start, index) => ({
    text: text.slice(start, starts[index + 1] ?? end),
    parseSpecial: false,
    continues: index > 0,
  }));
}
