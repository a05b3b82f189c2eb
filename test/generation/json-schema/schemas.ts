import { createRandom } from './random.js';

/** Schemas as they come in practice: arguments of functions, forms, records to extract, trees, unions. */
export const REALISTIC: Record<string, unknown> = {};

const text = { type: 'string', maxLength: 24 };
const int = { type: 'integer', minimum: 0, maximum: 1000 };

function object(
  properties: Record<string, unknown>,
  required = Object.keys(properties),
): Record<string, unknown> {
  return { type: 'object', properties, required, additionalProperties: false };
}

function list(items: unknown, minItems = 0, maxItems = 4): Record<string, unknown> {
  return { type: 'array', items, minItems, maxItems };
}

function optional(properties: Record<string, unknown>): Record<string, unknown> {
  return object(properties, []);
}

function orNull(schema: unknown): Record<string, unknown> {
  return { anyOf: [schema, { type: 'null' }] };
}

function ref(name: string): Record<string, unknown> {
  return { $ref: `#/$defs/${name}` };
}

const address = object({ street: text, city: text, zip: { type: 'string', pattern: '^\\d{5}(-\\d{4})?$' } });
const formatted = (format: string): Record<string, unknown> => ({ type: 'string', format });

Object.assign(REALISTIC, {
  weather: object({ location: text, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } }, [
    'location',
  ]),
  search: object(
    {
      query: text,
      limit: { type: 'integer', minimum: 1, maximum: 50, default: 10 },
      safe: { type: 'boolean' },
    },
    ['query'],
  ),
  email: object(
    { to: list(formatted('email'), 1, 3), cc: list(formatted('email')), subject: text, body: text },
    ['to', 'subject'],
  ),
  event: object({
    title: text,
    start: formatted('date-time'),
    end: formatted('date-time'),
    attendees: list(text),
  }),
  person: object({
    name: text,
    age: { type: 'integer', minimum: 0, maximum: 130 },
    email: orNull(formatted('email')),
  }),
  address,
  customer: object({
    id: formatted('uuid'),
    address,
    orders: list(object({ sku: { type: 'string', pattern: '^[A-Z]{3}-[0-9]{4}$' }, count: int })),
  }),
  invoice: object({
    number: { type: 'string', pattern: '^INV-\\d{6}$' },
    date: formatted('date'),
    lines: list(object({ text, amount: { type: 'number', minimum: 0, maximum: 9999.99 } }), 1),
    paid: { type: 'boolean' },
  }),
  sentiment: object({
    sentiment: { enum: ['positive', 'neutral', 'negative'] },
    confidence: { type: 'number', minimum: 0, maximum: 1 },
  }),
  entities: object({
    entities: list(
      object({ text, type: { enum: ['person', 'place', 'organisation'] }, start: int, end: int }),
    ),
  }),
  steps: object({ steps: list(object({ explanation: text, output: text }), 1, 3), final_answer: text }),
  labels: list({ enum: ['a', 'b', 'c'] }, 2, 5),
  point: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }], items: false },
  geojson: object({
    type: { const: 'Point' },
    coordinates: {
      type: 'array',
      prefixItems: [
        { type: 'number', minimum: -180, maximum: 180 },
        { type: 'number', minimum: -90, maximum: 90 },
      ],
      minItems: 2,
      maxItems: 2,
    },
  }),
  shapes: list(
    {
      oneOf: [
        object({ kind: { const: 'circle' }, r: int }),
        object({ kind: { const: 'square' }, a: int }),
        object({ kind: { const: 'box' }, a: int, b: int }),
      ],
    },
    1,
  ),
  tree: { ...ref('node'), $defs: { node: object({ value: int, children: list(ref('node'), 0, 2) }) } },
  linked: { $ref: '#/$defs/item', $defs: { item: object({ v: int, next: orNull(ref('item')) }) } },
  expression: {
    $ref: '#/$defs/e',
    $defs: { e: { anyOf: [int, object({ op: { enum: ['+', '-', '*'] }, l: ref('e'), r: ref('e') })] } },
  },
  comments: {
    $defs: { c: object({ text, replies: list(ref('c'), 0, 2) }) },
    ...object({ comments: list(ref('c')) }),
  },
  ui: {
    ...ref('ui'),
    $defs: {
      ui: object({
        type: { enum: ['div', 'button', 'form'] },
        label: text,
        children: list(ref('ui'), 0, 2),
        attributes: list(object({ name: text, value: text }), 0, 2),
      }),
    },
  },
  map: { type: 'object', additionalProperties: int, maxProperties: 4 },
  mapOfLists: { type: 'object', additionalProperties: list(text), maxProperties: 3 },
  knownAndOthers: {
    type: 'object',
    properties: { id: int, name: text },
    required: ['id'],
    additionalProperties: { type: 'boolean' },
    maxProperties: 5,
  },
  keysByPattern: {
    type: 'object',
    propertyNames: { pattern: '^[a-z]{2,5}$' },
    additionalProperties: int,
    maxProperties: 3,
  },
  keysByEnum: {
    type: 'object',
    propertyNames: { enum: ['de', 'en', 'fr'] },
    additionalProperties: text,
    required: ['de'],
  },
  zodRecord: {
    type: 'object',
    propertyNames: { type: 'string' },
    additionalProperties: { type: 'number' },
    maxProperties: 3,
  },
  settings: optional({
    theme: { enum: ['dark', 'light'] },
    size: int,
    beta: { type: 'boolean' },
    lang: text,
    zoom: { type: 'number', minimum: 0.25, maximum: 4 },
  }),
  patch: { ...optional({ name: text, age: int }), minProperties: 1 },
  nullable: object({
    a: { type: ['string', 'null'], maxLength: 8 },
    b: { type: ['integer', 'boolean', 'null'] },
  }),
  flags: object(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`flag_${i}`, { type: 'boolean' }]))),
  manyOptional: optional(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`field${i}`, int]))),
  countries: object({
    country: {
      enum: [
        'Austria',
        'Australia',
        'Belgium',
        'Benin',
        'Bolivia',
        'Brazil',
        'Côte d’Ivoire',
        'España',
        '日本',
        '한국',
      ],
    },
  }),
  deep: object({ a: object({ b: object({ c: object({ d: object({ e: list(object({ f: text })) }) }) }) }) }),
  matrix: list(list({ type: 'number', minimum: -1, maximum: 1 }, 3, 3), 3, 3),
  logs: list(
    object({
      time: formatted('time'),
      level: { enum: ['info', 'warn'] },
      ip: formatted('ipv4'),
      host: formatted('hostname'),
    }),
    1,
    3,
  ),
  network: object({
    ipv6: formatted('ipv6'),
    url: formatted('uri'),
    mask: { type: 'integer', minimum: 0, maximum: 32 },
  }),
  duration: object({ every: formatted('duration'), until: formatted('date') }),
  colour: { type: 'string', pattern: '^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$' },
  slug: { type: 'string', pattern: '^[a-z0-9]+(?:-[a-z0-9]+)*$', minLength: 3, maxLength: 20 },
  semver: {
    type: 'string',
    pattern: '^(0|[1-9]\\d{0,3})\\.(0|[1-9]\\d{0,3})\\.(0|[1-9]\\d{0,3})(-[0-9A-Za-z-]{1,9})?$',
  },
  phone: object({
    phone: { type: 'string', pattern: '^\\+?[1-9]\\d{6,14}$' },
    kind: { enum: ['home', 'work', 'mobile'] },
  }),
  licence: { type: 'string', pattern: '^[A-Z]{1,3}-[A-Z]{1,2} \\d{1,4}[EH]?$' },
  isbn: { type: 'string', pattern: '^(97[89]-)?\\d{1,5}-\\d{1,7}-\\d{1,6}-[\\dX]$' },
  contains: { type: 'string', pattern: '@', maxLength: 12 },
  quotes: { type: 'string', pattern: '^["\\\\\\n\\t]{1,6}$' },
  emoji: { type: 'string', pattern: '^[\\u{1F600}-\\u{1F64F}]{1,3}$' },
  notDigits: { type: 'string', pattern: '^\\D{2,9}$' },
  zodUuid: {
    type: 'string',
    format: 'uuid',
    pattern:
      '^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000)$',
  },
  zodDateTime: {
    type: 'string',
    format: 'date-time',
    pattern:
      '^(?:(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|(?:02)-(?:0[1-9]|1\\d|2[0-8])))T(?:(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d+)?)?(?:Z))$',
  },
  emailOfAHost: { type: 'string', format: 'email', pattern: '@example\\.com$', maxLength: 30 },
  pydantic: {
    $defs: {
      Pet: { title: 'Pet', ...object({ name: { title: 'Name', ...text }, kind: ref('Kind') }) },
      Kind: { enum: ['cat', 'dog'], title: 'Kind', type: 'string' },
    },
    title: 'Owner',
    ...object({
      pets: { title: 'Pets', ...list(ref('Pet')) },
      age: { anyOf: [int, { type: 'null' }], default: null, title: 'Age' },
    }),
  },
  discriminated: {
    discriminator: { propertyName: 't' },
    oneOf: [object({ t: { const: 'a' }, x: int }), object({ t: { const: 'b' }, y: text })],
  },
  composed: {
    allOf: [
      { type: 'object', properties: { id: int }, required: ['id'] },
      { type: 'object', properties: { name: text }, required: ['name'] },
    ],
  },
  extended: {
    $defs: { base: { type: 'object', properties: { id: int }, required: ['id'] } },
    $ref: '#/$defs/base',
    properties: { tag: text },
    required: ['tag'],
  },
  eitherRequired: {
    type: 'object',
    properties: { email: text, phone: text },
    anyOf: [{ required: ['email'] }, { required: ['phone'] }],
  },
  constants: object({
    version: { const: 1 },
    kind: { const: 'x' },
    none: { const: null },
    list: { const: [1, { a: 'b' }] },
  }),
  mixedEnum: { enum: [1, 'one', null, true, [1], { one: 1 }] },
  anything: object({
    data: { type: ['number', 'boolean', 'null'] },
    meta: { type: 'object', maxProperties: 2, additionalProperties: int },
  }),
  temperatures: list({ type: 'number', exclusiveMinimum: -273.15, maximum: 6000 }, 1, 4),
  probability: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
  ports: list({ type: 'integer', minimum: 1, maximum: 65535 }, 1, 3),
  int32: { type: 'integer', format: 'int32' },
  safe: { type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 },
  negative: { type: 'integer', exclusiveMaximum: 0 },
  latitude: { type: 'number', minimum: -90, maximum: 90 },
  percent: { type: 'number', minimum: 0, maximum: 100 },
  cents: { type: 'number', minimum: 0.01, maximum: 0.99 },
  long: { type: 'string', minLength: 70, maxLength: 150 },
  review: object({
    stars: { type: 'integer', enum: [1, 2, 3, 4, 5] },
    pros: list(text, 0, 2),
    cons: list(text, 0, 2),
  }),
  recipe: object({ name: text, ingredients: list(object({ item: text, grams: int }), 1, 3), minutes: int }),
  sql: object({
    table: { enum: ['users', 'orders'] },
    columns: list({ enum: ['id', 'name', 'total'] }, 1, 3),
    where: orNull(object({ column: text, op: { enum: ['=', '<', '>'] }, value: { anyOf: [int, text] } })),
  }),
  tool: {
    anyOf: [
      object({ name: { const: 'get' }, arguments: object({ url: formatted('uri') }) }),
      object({ name: { const: 'put' }, arguments: object({ path: text, data: text }) }),
    ],
  },
  prototypes: object({ constructor: { type: 'null' }, toString: int, hasOwnProperty: { type: 'boolean' } }),
  oddNames: object({ 'a "b"': int, ключ: int, '': int, 'line\nend': int, 'a/b~c': int }),
  boolean: { type: 'boolean' },
  fifty: { anyOf: Array.from({ length: 50 }, (_, i) => object({ [`field_${i}`]: int, common: text })) },
  fiftyAlike: {
    oneOf: Array.from({ length: 50 }, (_, i) => object({ note: text, kind: { const: `kind ${i}` } })),
  },
  calendar: object({
    days: { type: 'array', items: formatted('date'), minItems: 1, maxItems: 3 },
    zone: { type: 'string', pattern: '^[A-Z][a-z]+/[A-Z][a-z]+$', maxLength: 20 },
  }),
  chess: list(
    { type: 'string', pattern: '^[KQRBN]?[a-h]?[1-8]?x?[a-h][1-8](=[QRBN])?[+#]?$|^O-O(-O)?$' },
    1,
    4,
  ),
});

/** A schema of random shape, which ends: bounded, and nested at most `depth` deep. */
export function randomSchema(seed: number): unknown {
  const random = createRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const names = ['id', 'name', 'value', 'kind', 'größe', 'a_b', 'x', 'list'];
  const make = (depth: number): unknown => {
    const kind = below(depth > 0 ? 10 : 6);
    const [low, span] = [below(200) - 100, below(300)];
    if (kind === 0) return { type: 'integer', minimum: low, maximum: low + span };
    if (kind === 1) return { type: 'number', minimum: low / 8, exclusiveMaximum: (low + span + 1) / 8 };
    if (kind === 2) return { type: 'string', minLength: below(3), maxLength: 3 + below(10) };
    if (kind === 3)
      return {
        enum: Array.from({ length: 1 + below(5) }, (_, i) => [`v${i}`, i, null, 'größer', i / 2][below(5)]),
      };
    if (kind === 4) return { type: ['boolean', 'null', 'integer'].slice(below(3)) };
    if (kind === 5)
      return { type: 'string', format: ['date', 'time', 'uuid', 'ipv4', 'email', 'date-time'][below(6)] };
    if (kind === 6)
      return { type: 'array', items: make(depth - 1), minItems: below(3), maxItems: 2 + below(3) };
    if (kind === 7) return { anyOf: Array.from({ length: 1 + below(3) }, () => make(depth - 1)) };
    const used = names.slice(below(4), 4 + below(5));
    const properties = Object.fromEntries(used.map((name) => [name, make(depth - 1)]));
    const schema = { type: 'object', properties, required: used.filter(() => below(2) === 0) };
    return kind === 8 ? schema : { ...schema, additionalProperties: make(0), maxProperties: used.length + 1 };
  };
  return make(3);
}
