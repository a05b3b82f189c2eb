import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { WireHeaders } from '../../../src/dialects/sagemaker/signature/message.js';
import { AccessRefusal } from '../../../src/dialects/sagemaker/signature/refusal.js';
import { openClaim, verifyClaim } from '../../../src/dialects/sagemaker/signature/verify.js';
import { GlossaError } from '../../../src/errors.js';
import { randomNumbers } from '../../e2e/random.js';
import { hex, sign, type SigningJob } from './signer.js';
import { ACCESS_KEY_ID, SECRET, TARGET, VECTORS } from './vectors.js';

const secrets = new Map([[ACCESS_KEY_ID, SECRET]]);
const NOW = Date.parse('2026-11-21T15:57:02Z');

/** A request as it is written to a socket. */
interface Sent {
  method: string;
  target: string;
  headers: [name: string, value: string][];
  body: Buffer;
}

/** 'accepted', or the type of the refusal. Anything else that is thrown fails the test. */
async function outcome({ method, target, headers, body }: Sent, now = NOW): Promise<string> {
  const message = { method, target, headers: new WireHeaders(headers), body };
  try {
    await verifyClaim(message, openClaim(message, { secrets, now: () => now }));
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof AccessRefusal && error instanceof GlossaError, String(error));
    assert.equal(error.code, 'UNAUTHORIZED');
    assert.doesNotMatch(error.message, new RegExp(SECRET));
    return error.type;
  }
}

function sentVector({ headers, body }: (typeof VECTORS)[number]): Sent {
  const copies = headers.map(([name, value]): [string, string] => [name, value]);
  return { method: 'POST', target: TARGET, headers: copies, body: Buffer.from(body) };
}

const BODY = '{"input":"The little dog"}';
const HEADERS = { host: 'localhost:8080', 'x-amz-date': '20261121T155702Z' };

/** A request of our own making, correctly signed unless told otherwise. */
function signed(change: Partial<SigningJob> = {}, unsigned: readonly [string, string][] = []): Sent {
  const job: SigningJob = {
    ...{ accessKeyId: ACCESS_KEY_ID, secret: SECRET, time: HEADERS['x-amz-date'] },
    ...{ target: TARGET, headers: HEADERS, body: BODY },
    ...change,
  };
  const { method = 'POST', target, headers, body } = job;
  return {
    ...{ method, target, body: Buffer.from(body) },
    headers: [...Object.entries(headers), ...unsigned, ['Authorization', sign(job)]],
  };
}

function withAuthorization(change: (value: string) => string): Sent {
  const sent = signed();
  const headers = sent.headers.map(([name, value]): [string, string] => [
    name,
    name === 'Authorization' ? change(value) : value,
  ]);
  return { ...sent, headers };
}

describe('what clients really signed is accepted', () => {
  for (const vector of VECTORS) {
    test(vector.client, async () => {
      assert.equal(await outcome(sentVector(vector)), 'accepted');
    });
  }

  test('a signature over nothing but host and x-amz-date', async () => {
    assert.equal(await outcome(signed()), 'accepted');
  });

  test('one with the header date instead, of HTTP or of ISO form', async () => {
    for (const date of ['Sat, 21 Nov 2026 15:57:02 GMT', '20261121T155702Z']) {
      assert.equal(await outcome(signed({ headers: { host: 'a', date } })), 'accepted', date);
    }
  });

  test('one with the hash of its body, signed', async () => {
    const headers = { ...HEADERS, 'x-amz-content-sha256': hex(BODY) };
    assert.equal(await outcome(signed({ headers })), 'accepted');
  });

  test('one with a query', async () => {
    assert.equal(await outcome(signed({ target: `${TARGET}?a=1&b=` })), 'accepted');
  });
});

describe('flipping any one byte of any signed part is refused', () => {
  for (const vector of VECTORS) {
    test(vector.client, async () => {
      const original = sentVector(vector);
      for (const changed of flips(original)) assert.notEqual(await outcome(changed), 'accepted');
    });
  }
});

/** Headers that no client signs, but for the claim itself. */
const isSigned = (names: string, name: string): boolean =>
  name === 'Authorization' ||
  name.toLowerCase() === 'x-amz-content-sha256' ||
  names.split(';').includes(name.toLowerCase());

function signedNames({ headers }: Sent): string {
  const authorization = headers.find(([name]) => name === 'Authorization')?.[1] ?? '';
  return /SignedHeaders=([^,]+)/.exec(authorization)?.[1] ?? '';
}

/** The request with each of its signed bytes changed, in its lowest bit and in the one that is a letter's case. */
function* flips(sent: Sent): Generator<Sent> {
  const { method, target, headers, body } = sent;
  for (const bit of [1, 32]) {
    for (const text of flipped(method, bit)) yield { ...sent, method: text };
    for (const text of flipped(target, bit)) yield { ...sent, target: text };
    for (const text of flipped(body.toString('latin1'), bit))
      yield { ...sent, body: Buffer.from(text, 'latin1') };
    for (const [index, [name, value]] of headers.entries()) {
      if (!isSigned(signedNames(sent), name)) continue;
      for (const text of flipped(value, bit)) yield { ...sent, headers: headers.with(index, [name, text]) };
    }
  }
}

function* flipped(text: string, bit: number): Generator<string> {
  for (let index = 0; index < text.length; index += 1) {
    yield text.slice(0, index) + String.fromCharCode(text.charCodeAt(index) ^ bit) + text.slice(index + 1);
  }
}

/** Changes to a text that leave its spaces alone: how many there are inside a header is not signed. */
const TEXT_MUTATIONS: readonly ((text: string, at: number, byte: string) => string)[] = [
  (text, at, byte) => text.slice(0, at) + byte + text.slice(at + 1),
  (text, at, byte) => text.slice(0, at) + byte + text.slice(at),
  (text, at) => (text[at] === ' ' ? `${text}x` : text.slice(0, at) + text.slice(at + 1)),
  (text, at) => text.slice(0, at + 1) + text.slice(at),
  (text, at) => (text.slice(0, at).trimEnd() === '' ? `${text}x` : text.slice(0, at)),
];

function mutatedText(text: string, random: () => number): string {
  const byte = String.fromCharCode(33 + Math.floor(random() * 94));
  const at = Math.floor(random() * text.length);
  const mutate = TEXT_MUTATIONS[Math.floor(random() * TEXT_MUTATIONS.length)];
  const changed = mutate === undefined || text[at] === ' ' ? `${text}${byte}` : mutate(text, at, byte);
  const isSame = changed === text || changed.trim().replaceAll(/ +/g, ' ') === text.replaceAll(/ +/g, ' ');
  return isSame ? `${text}${byte}` : changed;
}

function mutated(sent: Sent, random: () => number): Sent {
  const { headers, body, target, method } = sent;
  const names = signedNames(sent);
  const indices = [...headers.keys()].filter((index) => isSigned(names, headers[index]?.[0] ?? ''));
  const index = indices[Math.floor(random() * indices.length)] ?? 0;
  const [name, value] = headers[index] ?? ['', ''];
  const kind = Math.floor(random() * 10);
  if (kind === 0) return { ...sent, method: mutatedText(method, random) };
  if (kind === 1) return { ...sent, target: mutatedText(target, random) };
  if (kind <= 3)
    return { ...sent, body: Buffer.from(mutatedText(body.toString('latin1'), random), 'latin1') };
  if (kind === 4) return { ...sent, headers: [...headers, [name, value]] };
  if (kind === 5) return { ...sent, headers: [...headers, ['X-Amzn-SageMaker-Target-Model', 'gpt2']] };
  if (kind === 6 && name.toLowerCase() !== 'x-amz-content-sha256')
    return { ...sent, headers: headers.toSpliced(index, 1) };
  return { ...sent, headers: headers.with(index, [name, mutatedText(value, random)]) };
}

test('of 1,000 random mutations none is accepted', async () => {
  const random = randomNumbers(5);
  const refused = new Map<string, number>();
  for (let count = 0; count < 1000; count += 1) {
    const vector = VECTORS[Math.floor(random() * VECTORS.length)];
    assert.ok(vector !== undefined);
    const changed = mutated(sentVector(vector), random);
    const result = await outcome(changed);
    assert.notEqual(result, 'accepted', `${vector.client}, mutation ${count}: ${JSON.stringify(changed)}`);
    refused.set(result, (refused.get(result) ?? 0) + 1);
  }
  // Most of them got as far as the comparison of the signatures, not only to a first look at the header.
  assert.ok((refused.get('InvalidSignatureException') ?? 0) > 400, JSON.stringify([...refused]));
});

describe('age', () => {
  const minutes = (count: number): number => NOW + count * 60_000;
  const ages: readonly [number, string][] = [
    [4.9, 'accepted'],
    [-4.9, 'accepted'],
    [5.1, 'InvalidSignatureException'],
    [-5.1, 'InvalidSignatureException'],
    [60 * 24, 'InvalidSignatureException'],
  ];
  for (const [age, expected] of ages) {
    test(`a request that is replayed ${age} minutes after its time is ${expected}`, async () => {
      assert.equal(await outcome(signed(), minutes(age)), expected);
    });
  }

  test('an old signature with a new date is no better', async () => {
    const sent = signed();
    const headers = sent.headers.map(([name, value]): [string, string] =>
      name === 'x-amz-date' ? [name, '20261121T160402Z'] : [name, value],
    );
    assert.equal(await outcome({ ...sent, headers }, minutes(7)), 'InvalidSignatureException');
  });

  test('the day of the scope must be that of the time', async () => {
    const sent = withAuthorization((value) => value.replace('/20261121/', '/20261120/'));
    assert.equal(await outcome(sent), 'InvalidSignatureException');
  });
});

describe('what is refused, and how', () => {
  const replace = (from: string | RegExp, to: string): Sent =>
    withAuthorization((value) => value.replace(from, to));
  const incomplete: readonly [string, Sent][] = [
    ['no Credential', replace(/Credential=[^,]+, /, '')],
    ['no SignedHeaders', replace(/SignedHeaders=[^,]+, /, '')],
    ['no Signature', replace(/, Signature=.+/, '')],
    ['Credential twice', replace(/Credential=[^,]+, /, '$&$&')],
    ['another part', replace(/$/, ', More=1')],
    ['a short signature', replace(/.$/, '')],
    [
      'a signature in capitals',
      withAuthorization((value) => value.slice(0, -64) + value.slice(-64).toUpperCase()),
    ],
    ['another algorithm', replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256')],
    ['another service', signed({ service: 's3' })],
    ['another end of the scope', replace('aws4_request', 'aws4_requests')],
    ['names in no order', replace('host;x-amz-date', 'x-amz-date;host')],
    ['a name twice', replace('host;', 'host;host;')],
    ['a name in capitals', replace('host;', 'Host;')],
    [
      'host unsigned',
      signed({ headers: { 'x-amz-date': HEADERS['x-amz-date'] } }, [['Host', 'localhost:8080']]),
    ],
    ['no host', signed({ headers: { 'x-amz-date': HEADERS['x-amz-date'] } })],
    ['no date', signed({ headers: { host: 'a' } })],
    ['an unsigned date', signed({ headers: { host: 'a' } }, [['Date', 'Sat, 21 Nov 2026 15:57:02 GMT']])],
    ['a date of another form', signed({ headers: { host: 'a', 'x-amz-date': '2026-11-21T15:57:02Z' } })],
    [
      'a day that does not exist',
      signed({ headers: { host: 'a', 'x-amz-date': '20260230T155702Z' }, time: '20260230T155702Z' }),
    ],
    ['a header added after signing', signed({}, [['X-Amzn-SageMaker-Target-Model', 'other']])],
    ['another x-amz header added after signing', signed({}, [['X-Amz-Target', 'other']])],
    ['the host twice', signed({}, [['Host', 'elsewhere']])],
    ['a signed header twice', signed({ headers: { ...HEADERS, accept: '*/*' } }, [['Accept', 'text/plain']])],
    [
      'two claims',
      signed({}, [
        [
          'authorization',
          sign({
            accessKeyId: 'A',
            secret: 'b',
            time: HEADERS['x-amz-date'],
            target: TARGET,
            headers: HEADERS,
            body: BODY,
          }),
        ],
      ]),
    ],
    ['a presigned URL', signed({ target: `${TARGET}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00` })],
  ];
  for (const [what, sent] of incomplete) {
    test(`${what}: IncompleteSignatureException`, async () => {
      assert.equal(await outcome(sent), 'IncompleteSignatureException');
    });
  }

  const unsignedBody = (hash: string): Sent =>
    signed({ headers: { ...HEADERS, 'x-amz-content-sha256': hash } });
  const invalid: readonly [string, Sent][] = [
    ['another secret', signed({ secret: `${SECRET}x` })],
    [
      'a body that is not the one that was signed',
      { ...signed(), body: Buffer.from('{"input":"The little cat"}') },
    ],
    ['no body', { ...signed(), body: Buffer.alloc(0) }],
    ['a hash that is not the body’s, signed', unsignedBody(hex('another'))],
    ['a hash that is not the body’s, unsigned', signed({}, [['x-amz-content-sha256', hex('another')]])],
    ['UNSIGNED-PAYLOAD', unsignedBody('UNSIGNED-PAYLOAD')],
    ['a body signed in chunks', unsignedBody('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')],
    ['another path', { ...signed(), target: '/endpoints/gpt2/invocations' }],
    ['the same path spelt otherwise', { ...signed(), target: '/endpoints/gpt%2D2/invocations' }],
    ['a query that was added', { ...signed(), target: `${TARGET}?a=1` }],
    ['another region', replace('us-east-1', 'us-east-2')],
    ['a signed header that is not there', replace('host;', 'accept;host;')],
  ];
  for (const [what, sent] of invalid) {
    test(`${what}: InvalidSignatureException`, async () => {
      assert.equal(await outcome(sent), 'InvalidSignatureException');
    });
  }

  test('an unknown access key: UnrecognizedClientException', async () => {
    assert.equal(await outcome(signed({ accessKeyId: 'AKIDUNKNOWN0000000' })), 'UnrecognizedClientException');
  });

  test('a security token, which nobody here can have given out: UnrecognizedClientException', async () => {
    const headers = { ...HEADERS, 'x-amz-security-token': 'FwoGZXIvYXdzEA' };
    assert.equal(await outcome(signed({ headers })), 'UnrecognizedClientException');
  });
});
