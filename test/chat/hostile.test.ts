import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { compileTemplate, TemplateError } from '../../src/chat/template/compile.js';

const MESSAGES = { messages: [{ role: 'user', content: 'Hi' }] };
const grown = (step: string): string =>
  `{% set ns = namespace(x='aaaaaaaaaa') %}{% for a in range(100) %}{% set ns.x = ${step} %}{% endfor %}{{ ns.x }}`;

/** What each would do is unbounded: the test would not come to an end, or have no memory left. */
const HOSTILE: Readonly<
  Record<string, [template: string, reason: RegExp, variables?: Record<string, unknown>]>
> = {
  'loops in loops': [
    '{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}',
    /steps/,
  ],
  'a range without end': ['{% for a in range(1000000000) %}{% endfor %}', /range\(\) is longer/],
  'a text that doubles': [grown('ns.x + ns.x'), /characters/],
  'a text that replaces itself': [grown("ns.x.replace('a', ns.x)"), /characters/],
  'the same by the filter': [grown("ns.x | replace('a', ns.x)"), /characters/],
  'a method by another name': [
    "{% set f = 'aaaa'.replace %}{{ f('', 'b' ~ messages | tojson) | length }}{% set g = ns %}" +
      grown("(ns.x.replace)('a', ns.x)"),
    /characters/,
  ],
  'a list in a list twice': [
    "{% set ns = namespace(x=['aaaa']) %}{% for a in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
    /characters/,
  ],
  'lists joined by themselves': [grown('range(10000) | join(ns.x)'), /characters/],
  'a namespace in itself': [
    '{% set ns = namespace(x=1) %}{% set ns.x = ns %}{{ ns | tojson }}',
    /a namespace lies in another value/,
  ],
  'lists nested without end': [
    '{% set ns = namespace(x=[]) %}{% for a in range(10000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}',
    /nested more than/,
  ],
  'wide indents': ["{{ 'a\nb' | indent(1000000000) }}", /indents by more/],
  'a wide filter block': ['{% filter indent(1000000000) %}a\nb{% endfilter %}', /indents by more/],
  'wide JSON': ['{{ messages | tojson(indent=1000000000) }}', /indents by more/],
  'wide JSON by an unpacked object': ["{{ messages | tojson(**{'indent': 1000000000}) }}", /indents by more/],
  'macros that call themselves twice': [
    '{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}',
    /steps/,
  ],
  'macros without end': ['{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(1) }}', /too deep|not a function/],
  'searching a long text for a long one': [
    '{{ messages[1] in messages[0] }}',
    /steps/,
    { messages: ['a'.repeat(2_000_000), `${'a'.repeat(500_000)}b`] },
  ],
  'a text in very many parts': [
    "{{ messages[0].split(',') | length }}",
    /splits a text/,
    { messages: [','.repeat(200_000)] },
  ],
  '100,000 parentheses': [`{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`, /nested too deep/],
  'blocks in blocks': [
    `${'{% if 1 %}'.repeat(9000)}${'{% endif %}'.repeat(9000)}`,
    /nested too deep|calls itself/,
  ],
  '10 MB': ['a'.repeat(10_000_000), /at most 262144 are read/],
  'a desert of white space': [`a${' '.repeat(10_000)}b`, /white space/],
  'no end': ['{% for a in messages %}', /incomplete/],
};

describe('a hostile template is refused', () => {
  for (const [what, [template, reason, variables = MESSAGES]] of Object.entries(HOSTILE)) {
    test(what, () => {
      assert.throws(
        () => compileTemplate(template).render(variables),
        (error) => error instanceof TemplateError && reason.test(error.message),
      );
    });
  }
});

test('nothing of JavaScript can be reached', () => {
  const names = ['constructor', '__proto__', 'prototype', 'toString', 'valueOf'];
  for (const name of names) {
    const template = `{{ messages.${name} }}{{ ''.${name} }}{{ messages[0].${name} }}{{ messages[0]['${name}'] }}{{ ${name} }}.`;
    assert.equal(compileTemplate(template).render(MESSAGES), '.', name);
  }
});

test('a limit grows with the conversation', () => {
  const template = '{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}\n{% endfor %}';
  const messages = Array.from({ length: 4096 }, () => ({ role: 'user', content: 'word '.repeat(100) }));
  const text = compileTemplate(template).render({ messages });
  assert.equal(text, `<user>${'word '.repeat(100).trim()}\n`.repeat(4096));
});
