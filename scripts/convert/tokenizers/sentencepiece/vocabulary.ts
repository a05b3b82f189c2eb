import { type AddedToken, asToken, configuredTokens, guessSpecial, SPACE_MARK } from '../added-tokens.js';
import type { Habits } from '../architecture-habits.js';
import type { TokenizerFiles } from '../files.js';
import { conflict, type Token, TOKEN_TYPES, type Vocabulary, VocabularyBuilder } from '../vocabulary.js';
import type { Piece, SentencePieceModel } from './model.js';

interface Sources {
  readonly model: SentencePieceModel;
  /** added_tokens.json. */
  readonly listed: ReadonlyMap<string, number>;
  readonly files: TokenizerFiles;
}

/**
 * The pieces and what the other files put in their places or behind them: added_tokens.json, then
 * tokenizer_config.json, then tokenizer.json, as in llama.cpp's converter. There, tokenizer.json counts for Phi-3
 * only; here, its tokens also fill places that are free.
 *
 * @param size rows of the embedding
 * @throws FormatError if a token lies outside the embedding, takes the place of an ordinary piece, or has two ids
 */
export function sentencePieceVocabulary(sources: Sources, habits: Habits, size: number): Vocabulary {
  const { model, listed, files } = sources;
  const builder = new VocabularyBuilder(size);
  for (const [id, piece] of model.pieces.entries()) builder.place(id, pieceToken(piece));
  const guess = habits.guessesSpecial ?? true;
  // This file knows nothing of special tokens.
  for (const [content, id] of listed) put(builder, id, asToken({ content, special: false }));
  for (const token of configuredTokens(files)) put(builder, token.id, typed(token, guess));
  for (const token of files.tokenizer?.added_tokens ?? []) {
    const former = builder.get(token.id);
    const entry = typed(token, guess);
    if (habits.tokenizerJsonWins === true || former === undefined) put(builder, token.id, entry);
    else if (former.text !== entry.text && former.text !== token.content) {
      throw conflict(token.id, former, entry);
    }
  }
  return builder.finish();
}

/** SentencePiece's own tokens for the user are cut out of the text before all else, as llama.cpp's are. */
function pieceToken({ text, type, score }: Piece): Token {
  return type === 'userDefined'
    ? { text: text.replaceAll(SPACE_MARK, ' '), type: TOKEN_TYPES.userDefined, score }
    : { text, type: TOKEN_TYPES[type], score };
}

function typed(token: AddedToken, guess: boolean): Token {
  return asToken(guess ? guessSpecial(token) : token);
}

/** Reserved pieces may be given another text; one that text is made of may not. */
function put(builder: VocabularyBuilder, id: number, token: Token): void {
  const former = builder.get(id);
  const ordinary = former?.type === TOKEN_TYPES.normal || former?.type === TOKEN_TYPES.byte;
  if (former !== undefined && ordinary && former.text !== token.text) throw conflict(id, former, token);
  builder.replace(id, token);
}
