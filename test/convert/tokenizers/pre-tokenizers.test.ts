import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { findSplitPattern, SPLIT_PATTERNS } from '../../../scripts/convert/tokenizers/split-patterns.js';
import { folder, LETTERS, LLAMA3, type Parts, sequence, split } from './tiny-byte-level.js';
import { assertRefused, convertTokenizer } from './tokenizer-folder.js';

const QWEN2 = LLAMA3.replace('{1,3}', '');
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const CASED =
  '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+@|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*@|\\p{N}#| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

describe('the pre-tokenizer is recognised', () => {
  const cases: readonly (readonly [kind: string, name: string, parts: Parts])[] = [
    ["GPT-2's", 'gpt-2', { pre_tokenizer: { type: 'ByteLevel' } }],
    ["GPT-2's, alone in a sequence", 'gpt-2', { pre_tokenizer: sequence(sequence({ type: 'ByteLevel' })) }],
    ["GPT-2's, spelt out", 'gpt-2', { pre_tokenizer: sequence(split(GPT2), LETTERS) }],
    ["GPT-NeoX's", 'olmo', { pre_tokenizer: { type: 'ByteLevel' }, architecture: 'gptneox' }],
    ["LLaMA 3's", 'llama-bpe', { pre_tokenizer: sequence(split(LLAMA3), LETTERS), ignoreMerges: true }],
    [
      "LLaMA 3's, by what lies between matches",
      'llama-bpe',
      {
        pre_tokenizer: sequence(split(LLAMA3, { behavior: 'Removed', invert: true }), LETTERS),
        ignoreMerges: true,
      },
    ],
    ["LLaMA 3's with merges", 'dbrx', { pre_tokenizer: sequence(split(LLAMA3), LETTERS) }],
    ["Qwen 2's", 'qwen2', { pre_tokenizer: sequence(split(QWEN2), LETTERS) }],
    [
      "SmolLM's",
      'smollm',
      { pre_tokenizer: sequence({ type: 'Digits', individual_digits: true }, { type: 'ByteLevel' }) },
    ],
    [
      "Mistral NeMo's",
      'tekken',
      {
        pre_tokenizer: sequence(split(CASED.replaceAll('@', '').replace('#', '')), LETTERS),
        ignoreMerges: true,
      },
    ],
    [
      "GPT-4o's",
      'gpt-4o',
      {
        pre_tokenizer: sequence(
          split(CASED.replaceAll('@', "(?i:'s|'t|'re|'ve|'m|'ll|'d)?").replace('#', '{1,3}')),
          LETTERS,
        ),
      },
    ],
    [
      "DeepSeek Coder's, with line breaks as they are",
      'deepseek-coder',
      {
        pre_tokenizer: sequence(
          split('[\r\n]'),
          split('\\s?\\p{L}+'),
          split('\\s?\\p{P}+'),
          split('[一-龥ࠀ-一가-\uD7FF]+'),
          { type: 'Digits', individual_digits: true },
          LETTERS,
        ),
      },
    ],
  ];
  for (const [kind, name, parts] of cases) {
    test(`${kind}: ${name}`, async (context) => {
      const metadata = await convertTokenizer(context, folder(parts));
      assert.equal(metadata.get('tokenizer.ggml.pre')?.value, name);
    });
  }

  test('by expressions that are written otherwise and cut alike', () => {
    const spellings = {
      llama3: [
        "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
        LLAMA3.replaceAll('\\r', '\r').replaceAll('\\n', '\n'),
        LLAMA3.replace(
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
          "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])",
        ),
      ],
      qwen2: [QWEN2.replace('\\p{N}|', '\\p{N}{1}|')],
      gpt2: ["'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s+(?!\\S)|\\s+"],
    } as const;
    for (const [name, expressions] of Object.entries(spellings))
      for (const expression of expressions) assert.equal(findSplitPattern(expression), name);
  });

  test('by no expression that cuts otherwise', () => {
    const others = [
      LLAMA3.replace('{1,3}', '{1,2}'),
      LLAMA3.replace('(?i:', '(?:'),
      LLAMA3.replace('|\\s+(?!\\S)', ''),
      `${LLAMA3}|x`,
      LLAMA3.replace('[^\\r\\n\\p{L}\\p{N}]?', '[^\\r\\n\\p{L}|\\p{N}]?'),
      '',
    ];
    for (const expression of others) assert.equal(findSplitPattern(expression), undefined, expression);
    const texts = Object.values(SPLIT_PATTERNS);
    assert.equal(new Set(texts.map((text) => findSplitPattern(text))).size, texts.length);
  });

  test('with NFC before it, which llama.cpp leaves out', async (context) => {
    const pre_tokenizer = sequence(split(QWEN2), LETTERS);
    for (const normalizer of [{ type: 'NFC' }, { type: 'Sequence', normalizers: [{ type: 'NFC' }] }]) {
      const metadata = await convertTokenizer(context, folder({ pre_tokenizer, tokenizer: { normalizer } }));
      assert.equal(metadata.get('tokenizer.ggml.pre')?.value, 'qwen2');
    }
  });
});

describe('a pre-tokenizer is refused', () => {
  const cases: readonly (readonly [kind: string, parts: Parts, message: RegExp])[] = [
    [
      'with an expression that is not known',
      { pre_tokenizer: sequence(split('\\w+'), LETTERS) },
      /no known pre-tokenizer \(gpt-2, .*ufakzeka\) cuts text as Split "\\\\w\+" \+ ByteLevel does/,
    ],
    [
      'that cuts a second time',
      { pre_tokenizer: sequence(split(LLAMA3), { type: 'ByteLevel' }) },
      /cuts text as Split ".*" \+ ByteLevel does/,
    ],
    ['without bytes as letters', { pre_tokenizer: split(GPT2) }, /cuts text as Split ".*" does/],
    [
      'with a plain text as the pattern',
      { pre_tokenizer: sequence({ type: 'Split', pattern: { String: ' ' }, behavior: 'Isolated' }, LETTERS) },
      /cuts text as Split \+ ByteLevel does/,
    ],
    [
      'that glues what it cuts',
      { pre_tokenizer: sequence(split(LLAMA3, { behavior: 'MergedWithPrevious' }), LETTERS) },
      /no known pre-tokenizer/,
    ],
    [
      'that drops what it matches',
      { pre_tokenizer: sequence(split(LLAMA3, { behavior: 'Removed' }), LETTERS) },
      /no known pre-tokenizer/,
    ],
    [
      'with runs of digits',
      { pre_tokenizer: sequence({ type: 'Digits', individual_digits: false }, { type: 'ByteLevel' }) },
      /cuts text as Digits \+ ByteLevel does/,
    ],
    [
      'that has no name with whole words',
      { pre_tokenizer: sequence(split(QWEN2), LETTERS), ignoreMerges: true },
      /with ignore_merges does/,
    ],
    [
      'with a space put first',
      { pre_tokenizer: sequence(split(QWEN2), { ...LETTERS, add_prefix_space: true }) },
      /expected false for add_prefix_space/,
    ],
    [
      'after NFKC',
      {
        pre_tokenizer: { type: 'ByteLevel' },
        tokenizer: { normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'NFKC' }] } },
      },
      /the normalizer "NFKC" is not supported/,
    ],
  ];
  for (const [kind, parts, message] of cases) {
    test(kind, (context) => assertRefused(context, folder(parts), message));
  }
});
