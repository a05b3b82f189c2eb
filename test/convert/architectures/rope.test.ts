import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { described, metadataOf, refuses } from './described.js';

const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  hidden_size: 256,
  num_attention_heads: 4,
  num_hidden_layers: 1,
  max_position_embeddings: 131_072,
};

const ropeOf = (entries: object): string[] =>
  metadataOf({ ...CONFIG, ...entries })
    .filter((line) => line.startsWith('llama.rope.') && !line.includes('dimension_count'))
    .map((line) => line.slice('llama.rope.'.length));

/** [what, rope_scaling, metadata before the base] */
const SCALINGS: readonly (readonly [string, object, readonly string[]])[] = [
  ['default', { rope_type: 'default' }, []],
  ['linear', { type: 'linear', factor: 2.5 }, ['scaling.type string linear', 'scaling.factor float32 2.5']],
  [
    'yarn',
    { type: 'yarn', factor: 4, original_max_position_embeddings: 32_768, finetuned: true },
    ['scaling.type string yarn', 'scaling.factor float32 4', 'scaling.original_context_length uint32 32768'],
  ],
  [
    'yarn with everything but an attention factor of its own',
    { rope_type: 'yarn', factor: 4, extrapolation_factor: 1, attn_factor: 1, beta_fast: 32, beta_slow: 1 },
    [
      'scaling.type string yarn',
      'scaling.factor float32 4',
      'scaling.original_context_length uint32 131072',
      'scaling.yarn_ext_factor float32 1',
      'scaling.yarn_attn_factor float32 1',
      'scaling.yarn_beta_fast float32 32',
      'scaling.yarn_beta_slow float32 1',
    ],
  ],
  ['dynamic', { type: 'dynamic', factor: 2 }, []],
  [
    'llama3',
    {
      rope_type: 'llama3',
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    },
    [],
  ],
];

describe('rotary parameters', () => {
  for (const [kind, scaling, lines] of SCALINGS) {
    test(`${kind}, in the old layout and the new`, () => {
      const expected = [...lines, 'freq_base float32 500000'];
      assert.deepEqual(ropeOf({ rope_theta: 5e5, rope_scaling: scaling }), expected);
      assert.deepEqual(ropeOf({ rope_parameters: { ...scaling, rope_theta: 5e5 } }), expected);
      // An empty rope_scaling is none, and what is inside wins over what is beside.
      assert.deepEqual(
        ropeOf({ rope_scaling: {}, rope_theta: 1, rope_parameters: { ...scaling, rope_theta: 5e5 } }),
        expected,
      );
    });
  }

  test('no parameters at all', () => {
    assert.deepEqual(ropeOf({}), ['freq_base float32 10000']);
    assert.deepEqual(ropeOf({ rope_scaling: null }), ['freq_base float32 10000']);
  });

  test('yarn without a factor: the ratio of the contexts', () => {
    const lines = ropeOf({
      rope_scaling: { rope_type: 'yarn', factor: null, original_max_position_embeddings: 8192 },
    });
    assert.ok(lines.includes('scaling.factor float32 16'));
  });

  test('dynamic is warned of: llama.cpp does not stretch', () => {
    const { warnings = [] } = described({ ...CONFIG, rope_scaling: { type: 'dynamic', factor: 2 } });
    assert.match(warnings.join(), /rope type dynamic: .*\(131072\)/);
  });

  const bad: readonly (readonly [string, object, RegExp])[] = [
    [
      'unknown type',
      { rope_scaling: { type: 'mystery', factor: 2 } },
      /expected one of default, linear, dynamic, yarn, longrope, llama3 for rope_scaling.rope_type, received mystery/,
    ],
    ['factor missing', { rope_scaling: { type: 'linear' } }, /config.json: rope_scaling.factor: /],
    ['factor without a type', { rope_scaling: { factor: 2 } }, /config.json: rope_scaling.factor: /],
    [
      'llama3 half said',
      { rope_parameters: { rope_type: 'llama3', factor: 8 } },
      /rope_parameters.low_freq_factor: /,
    ],
    [
      'range not rounded',
      { rope_scaling: { type: 'yarn', factor: 2, truncate: false } },
      /rope_scaling.truncate: /,
    ],
    [
      'several dimensions',
      { rope_scaling: { type: 'default', mrope_section: [1, 2] } },
      /rope_scaling.mrope_section: /,
    ],
    [
      'parameters for each kind of attention',
      { rope_parameters: { full_attention: { rope_type: 'default' } } },
      /rope_parameters.full_attention: /,
    ],
    ['base of a wrong type', { rope_theta: '10000' }, /config.json: rope_theta: /],
    [
      'factors that are not half as many as dimensions',
      { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1] } },
      /expected 32 numbers for long_factor, received 1/,
    ],
  ];
  for (const [kind, entries, message] of bad) {
    test(`refused: ${kind}`, () => {
      refuses({ ...CONFIG, ...entries }, message);
    });
  }
});

/** LLaMA 3.2's parameters, at its 1B model's size of heads. */
const LLAMA3 = {
  rope_type: 'llama3',
  rope_theta: 500_000,
  factor: 32,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
};

/** Rotary frequencies that transformers 5.23 computes for them (ROPE_INIT_FUNCTIONS['llama3']). */
const LLAMA3_FREQUENCIES = [
  1.0, 0.663601279, 0.440366626, 0.292227834, 0.193922758, 0.128687382, 0.0853971019, 0.0566696189,
  0.0376060307, 0.0249554086, 0.0165604409, 0.0109895291, 0.00729266508, 0.00483942125, 0.00321144611,
  0.00129054801, 0.000429556705, 9.70828623e-5, 1.94616387e-5, 1.29147675e-5, 8.57025589e-6, 5.68723226e-6,
  3.77405445e-6, 2.50446715e-6, 1.66196742e-6, 1.10288363e-6, 7.31874934e-7, 4.85673127e-7, 3.22293289e-7,
  2.1387423e-7, 1.41927202e-7, 9.41830649e-8,
];

/** The factors that are neither 1 nor 32, as torch computes them in binary32. */
const LLAMA3_BETWEEN = [1.6513292789459229, 3.2922627925872803, 9.666730880737305];

describe('generated factors', () => {
  test("llama3's are those of transformers, and bit for bit those of llama.cpp's converter", () => {
    const { generated = [] } = described({ ...CONFIG, rope_parameters: LLAMA3 });
    const [{ target, values } = { target: '', values: new Float32Array() }] = generated;
    assert.equal(generated.length, 1);
    assert.equal(target, 'rope_freqs.weight');
    assert.equal(values.length, 32);
    for (const [index, frequency] of LLAMA3_FREQUENCIES.entries()) {
      const ours = 500_000 ** (-index / 32) / (values[index] ?? NaN);
      assert.ok(Math.abs(ours / frequency - 1) < 2e-6, `frequency ${index}: ${ours}`);
    }
    assert.deepEqual([...values.slice(15, 18)], LLAMA3_BETWEEN);
    assert.deepEqual(new Set(values.slice(0, 15)), new Set([1]));
    assert.deepEqual(new Set(values.slice(18)), new Set([32]));
  });

  test('no other type has any', () => {
    assert.deepEqual(described(CONFIG).generated, []);
    assert.deepEqual(described({ ...CONFIG, rope_scaling: { type: 'linear', factor: 2 } }).generated, []);
  });

  test("longrope's are config.json's, for long contexts first", () => {
    const long = Array.from({ length: 32 }, (_, index) => 2 + index);
    const short = Array.from({ length: 32 }, (_, index) => 1 + index / 10);
    const { generated = [] } = described({
      ...CONFIG,
      rope_scaling: { type: 'su', long_factor: long, short_factor: short },
    });
    assert.deepEqual(
      generated.map(({ target, values }) => [target, [...values]]),
      [
        ['rope_factors_long.weight', long],
        ['rope_factors_short.weight', short.map(Math.fround)],
      ],
    );
  });
});

/**
 * Factors on cosine and sine that transformers 5.23 computes (the second result of ROPE_INIT_FUNCTIONS), yarn's
 * divided by what llama.cpp multiplies with by itself, 0.1 ln(factor) + 1.
 */
const ATTENTION_FACTORS: readonly (readonly [string, object, number | undefined])[] = [
  ['yarn as the paper has it', { rope_type: 'yarn', factor: 4 }, undefined],
  [
    'yarn with its own factor',
    { rope_type: 'yarn', factor: 4, attention_factor: 1.6 },
    1.6 / 1.138629436111989,
  ],
  [
    'yarn with weights',
    { rope_type: 'yarn', factor: 8, mscale: 2, mscale_all_dim: 0.5 },
    1.2825399643040467 / (0.1 * Math.log(8) + 1),
  ],
  ['longrope', { rope_type: 'longrope', original_max_position_embeddings: 4096 }, 1.1902380714238083],
  [
    'longrope with a factor',
    { rope_type: 'longrope', original_max_position_embeddings: 4096, factor: 8 },
    1.118033988749895,
  ],
  ['longrope that is no longer', { rope_type: 'longrope' }, 1],
  ['longrope with its own factor', { rope_type: 'longrope', attention_factor: 1.7 }, 1.7],
];

describe('attention factors', () => {
  const factors = { long_factor: Array<number>(32).fill(2), short_factor: Array<number>(32).fill(1) };
  for (const [kind, parameters, expected] of ATTENTION_FACTORS) {
    test(kind, () => {
      const { metadata } = described({ ...CONFIG, rope_parameters: { ...factors, ...parameters } });
      const value = metadata.get('llama.rope.scaling.attn_factor')?.value;
      if (expected === undefined) assert.equal(value, undefined);
      else assert.ok(typeof value === 'number' && Math.abs(value - expected) < 1e-12, JSON.stringify(value));
    });
  }
});
