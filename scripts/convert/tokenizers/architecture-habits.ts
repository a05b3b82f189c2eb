/** What llama.cpp's converter does to the tokenizers of one architecture only. */
export interface Habits {
  /** Whether `tokenizer.model` is looked for. */
  readonly sentencePiece: boolean;
  /** A class in tokenizer_config.json with which `tokenizer.model` is left alone. */
  readonly byteLevelClass?: string;
  /** Whether a space before the text is written down whatever the files say, and which. */
  readonly spacePrefix?: boolean;
  /** Whether tokenizer_config.json's `add_prefix_space` is written down. Default false. */
  readonly writesSpacePrefix?: boolean;
  /** Whether unmarked tokens that look special become control tokens. Default true. */
  readonly guessesSpecial?: boolean;
  /** Whether tokenizer.json's added tokens replace those of the other files. Default false. */
  readonly tokenizerJsonWins?: boolean;
}

const HABITS: Readonly<Record<string, Habits>> = {
  gpt2: { sentencePiece: false },
  gptneox: { sentencePiece: false },
  llama: { sentencePiece: true, writesSpacePrefix: true },
  phi3: {
    sentencePiece: true,
    byteLevelClass: 'GPT2Tokenizer',
    guessesSpecial: false,
    tokenizerJsonWins: true,
  },
  gemma2: { sentencePiece: true, spacePrefix: false },
};

/** The habits of an architecture by llama.cpp's name; those of Qwen 2 and 3 and of any other are the common ones. */
export function habitsOf(architecture: string): Habits {
  return HABITS[architecture] ?? { sentencePiece: true };
}
