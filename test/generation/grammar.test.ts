import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { GlossaError } from '../../src/errors.js';
import { checkGrammar } from '../../src/generation/grammar.js';

/** What is wrong with a grammar; undefined if nothing. Anything but a GlossaError of this parameter fails. */
function fault(text: string): string | undefined {
  try {
    checkGrammar(text);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof GlossaError, String(error));
    assert.equal(error.code, 'INVALID_REQUEST');
    assert.equal(error.param, 'grammar');
    assert.ok(error.message.startsWith('grammar: ') && error.message.length < 200, error.message);
    return error.message;
  }
}

const VALID: Record<string, string> = {
  text: 'root ::= "yes" | "no"',
  'a rule over several lines': 'root ::= "a" |\n  "b" |\r\n\t(\n "c"\n  "d" )\n',
  'an empty first alternative': 'root ::=\n  | "a"\n',
  comments: '# "(" [\nroot ::= "#" [#"(] # ) "\n  # x ::= (\n',
  'quotes, brackets and parentheses in each other': String.raw`root ::= "(\"[(" [^)"(\]\[] "]" [)-] [-(] ["-)]`,
  escapes: String.raw`root ::= "\x41\u20AC\U0001F415\t\r\n\\\"\[\]\-" [\x00-\x1F\u0600-\u06ff]`,
  repetitions:
    'root ::= a* b+ c? [x]{3} "y"{ 2 , } .{0,1000} (a){0} ("z"){1,1}\na ::= "a"\nb ::= "b"\nc ::= "c"',
  'repeated repetitions': 'root ::= ("a"*)* ("b"+ +)? ws*\nws ::= [ ]*',
  'right recursion': 'root ::= "a" root | list\nlist ::= "(" (list ("," list)*)? ")"',
  'beginning after what is never empty': 'root ::= opt "x" root | "y"\nopt ::= [a]?',
  'classes with U+0000 among others': String.raw`root ::= [\x00-\x1f] [^\x00] [a\x00] [^\x01-\uD7FF]`,
  'all characters, written or escaped': String.raw`root ::= "\uD7FF\uE000\U0010FFFF😀" [\x01-\U0010FFFF] [😀-😏] [^a-\U0010FFFF]`,
  tokens: 'root ::= <[7]> !<[8]>* <think> !</think>* ("<" | "!")',
  'names with dashes and digits': 'root ::= -a1 2nd\n-a1 ::= "a"\n2nd ::= "b"',
  'the last of two definitions': 'root ::= root "a"\nroot ::= "b"',
  'nested as deep as may be': `root ::= ${'('.repeat(64)}"a"${')'.repeat(64)}`,
  'as many rules as may be': Array.from({ length: 4096 }, (_, i) => `${i ? `r${i}` : 'root'} ::= "x"`).join(
    '\n',
  ),
  'a long chain of rules':
    'root ::= r0\n' +
    Array.from({ length: 4094 }, (_, i) => `r${i} ::= r${i + 1}\n`).join('') +
    'r4094 ::= "."',
  'as long as may be': `root ::= "${'a'.repeat(99_000)}" # ${'x'.repeat(262_144 - 99_014)}`,
  'an outline of lists': 'root ::= item+\nitem ::= ("- " | "* ") [^\\r\\n\\u2028]+ "\\n" | "  " item',
};

const INVALID: Record<string, [grammar: string, message: RegExp]> = {
  nothing: ['', /^grammar: expected a rule named root, received none$/],
  'another root': ['Root ::= "a"', /expected a rule named root, received none$/],
  'five megabytes': [
    'x'.repeat(5_242_880),
    /^grammar: expected at most 262144 characters, received 5242880$/,
  ],
  'nesting of 10,000': [
    `root ::= ${'('.repeat(10_000)}"a"${')'.repeat(10_000)}`,
    /^grammar: expected parentheses nested at most 64 deep, received more$/,
  ],
  'too many rules': [
    Array.from({ length: 4097 }, (_, i) => `r${i} ::= "x"`).join('\n'),
    /^grammar: expected at most 4096 rules, received more$/,
  ],
  'too many repetitions': [
    'root ::= "a"{1,1001}',
    /line 1: expected repetitions from 0 to 1000, received 1001$/,
  ],
  'absurd repetitions': [
    'root ::= .{99999999999999999999999}',
    /from 0 to 1000, received 99999999999999999999$/,
  ],
  'fewer at most than at least': [
    'root ::= "a"{3,2}',
    /expected the most repetitions to be at least 3, received 2$/,
  ],
  'an expansion': [
    `root ::= "${'a'.repeat(50_000)}"{3}`,
    /expected at most 100000 symbols once repetitions are written out, received more$/,
  ],
  'repetitions of repetitions': ['root ::= "ab"{1000}{1000}', /expected at most 100000 symbols/],
  'nothing to repeat': ['root ::= *', /expected something to repeat before/],
  'an empty text repeated': ['root ::= "a" ""+', /expected something to repeat before/],
  'an undefined rule': ['root ::= "a"\nb ::=\n  c | "d"', /^grammar: line 3: the rule c is not defined$/],
  'left recursion': [
    'root ::= list\nlist ::= list "," | "a"',
    /^grammar: line 1: the rule list is left-recursive: it can begin with itself$/,
  ],
  'left recursion through others': [
    'root ::= "x" a\na ::= b | "q"\nb ::= (a "x")+',
    /the rule a is left-recursive/,
  ],
  'left recursion behind what may be empty': [
    'root ::= opt root "x" | "y"\nopt ::= maybe\nmaybe ::= "z"?',
    /the rule root is left-recursive/,
  ],
  'a rule that is itself': ['root ::= root', /the rule root is left-recursive/],
  'an open text': [
    'root ::= "abc',
    /line 1: expected the end of a text in quotes or brackets, received the end/,
  ],
  'an open class': ['root ::= [a-', /expected the end of a text in quotes or brackets/],
  'an open group': ['root ::= (\n"a" |\n', /line 3: expected \) for the \( of line 1, received the end/],
  'a closing parenthesis': ['root ::= "a")', /expected the end of the line, received "\)"/],
  'an unknown escape': [
    String.raw`root ::= "\d"`,
    /line 1: expected one of x u U .* after a backslash, received "d"/,
  ],
  'too few digits': [String.raw`root ::= "\u12G4"`, /expected 4 hexadecimal digits after \\u/],
  'a reversed range': [
    'root ::= "a" |\n [z-a]',
    /^grammar: line 2: expected the ends of a range in ascending order, received U\+007A-U\+0061$/,
  ],
  'a reversed range behind others': ['root ::= [^a-z😏-😀]', /ascending order, received U\+1F60F-U\+1F600$/],
  'a text with U+0000': [String.raw`root ::= "a\x00"`, /line 1: expected a text without U\+0000/],
  'a raw U+0000': ['root ::= "\0"', /expected a text without U\+0000/],
  'a class of U+0000': [String.raw`root ::= [\x00]`, /expected a class that some character of a text is in$/],
  'a class of nothing': [String.raw`root ::= [^\x01-\uD7FF\uE000-\U0010FFFF]`, /expected a class that some/],
  'beyond Unicode': [
    String.raw`root ::= "\U00110000"`,
    /expected code points up to U\+10FFFF that are no surrogates, received U\+110000$/,
  ],
  'far beyond Unicode': [String.raw`root ::= [a-\UFFFFFFFF]`, /no surrogates, received U\+FFFFFFFF$/],
  'a surrogate': [String.raw`root ::= "\uD83D\uDE00"`, /no surrogates, received U\+D83D$/],
  'a surrogate in a class': [String.raw`root ::= [^\uD800-\uDFFF]`, /no surrogates, received U\+D800$/],
  'a lone surrogate': ['root ::= "a\uDE00"', /no surrogates, received U\+DE00$/],
  'an underscore': ['root ::= my_rule', /expected the end of the line, received "_"/],
  'no definition': ['root = "a"', /expected ::= after the name of a rule, received "="/],
  'two on a line': ['root ::= "a" ::= "b"', /expected the end of the line, received ":"/],
  'an open token': ['root ::= <think', /expected > at the end of a token/],
  'a token id that is none': ['root ::= <[abc]>', /expected a token id/],
  'a negation of nothing': ['root ::= !"a"', /expected < after !/],
};

describe('a grammar', () => {
  for (const [name, grammar] of Object.entries(VALID)) {
    test(`passes: ${name}`, () => {
      assert.equal(fault(grammar), undefined);
    });
  }
  for (const [name, [grammar, message]] of Object.entries(INVALID)) {
    test(`is refused: ${name}`, () => {
      assert.match(fault(grammar) ?? 'passed', message);
    });
  }

  test('however it is mutilated, gets a verdict', () => {
    let state = 12_345;
    const below = (limit: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const sources = Object.values(VALID).filter(({ length }) => length < 400);
    const scraps = [
      '(',
      ')',
      '"',
      '[',
      ']',
      '{',
      '}',
      ',',
      '\\',
      '\\x',
      '|',
      '*',
      '::=',
      '\n',
      '#',
      '<',
      '>',
      '!',
      '-',
      '9',
      'root',
      '\0',
      '\uD800',
      '😀',
      '^',
      ' ',
    ];
    const verdicts = { passed: 0, refused: 0 };
    for (let round = 0; round < 20_000; round += 1) {
      let text = sources[below(sources.length)] ?? '';
      for (let edits = 1 + below(4); edits > 0; edits -= 1) {
        const at = below(text.length + 1);
        const scrap = scraps[below(scraps.length)] ?? '';
        text = text.slice(0, at) + (below(3) > 0 ? scrap : '') + text.slice(at + below(4));
      }
      verdicts[fault(text) === undefined ? 'passed' : 'refused'] += 1;
    }
    assert.ok(verdicts.passed > 1000 && verdicts.refused > 1000, JSON.stringify(verdicts));
  });
});
