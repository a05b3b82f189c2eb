import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';

import { answerIn, chunksIn, contentOf } from '../dialects/openai/chat-server.js';
import { complete, joined, stream } from '../dialects/openai/completing.js';
import { OPENAI_MODELS } from './openai-models.js';
import { inFlight, randomNumbers } from './random.js';
import { ServedGlossa } from './server.js';

/** Sets of stop strings for each route. */
const SETS = 75;
const WIDTH = 12;

let glossa: ServedGlossa;
before(async () => {
  const models = { ...OPENAI_MODELS, 'glossa-tales': { reproducible: true } };
  glossa = await ServedGlossa.start({ config: { models, defaultModel: 'glossa-tales' } });
});
after(() => glossa.stop());

/** What both routes tell of a text. */
interface Text {
  readonly text: string;
  readonly end: string;
}

/** A route, asked for the same text whole and streamed. */
interface Route {
  readonly whole: (body: object) => Promise<Text>;
  readonly streamed: (body: object) => Promise<Text>;
  /** Ids of the tokens that stand for single bytes which are no ASCII. */
  readonly byteTokens: readonly number[];
}

const prompt = 'The little dog';
const completions: Route = {
  whole: async (body) => {
    const { choices } = await complete(glossa, { prompt, ...body });
    return { text: choices[0]?.text ?? '', end: choices[0]?.finish_reason ?? '' };
  },
  streamed: async (body) => {
    const { text, finish_reason: end } = joined(await stream(glossa, { prompt, ...body }), 0);
    return { text, end: end ?? '' };
  },
  byteTokens: range(97, 252),
};

const CHAT = '/v1/chat/completions';
const chat = { model: 'sprout', messages: [{ role: 'user', content: 'Name a colour.' }] };
const chats: Route = {
  whole: async (body) => {
    const { choices } = await answerIn(await glossa.post(CHAT, { ...chat, ...body }));
    return { text: choices[0]?.message.content ?? '', end: choices[0]?.finish_reason ?? '' };
  },
  streamed: async (body) => {
    const chunks = await chunksIn(await glossa.post(CHAT, { ...chat, ...body, stream: true }));
    const ends = chunks.flatMap(({ choices }) => choices.map((choice) => choice.finish_reason ?? ''));
    return { text: contentOf(chunks), end: ends.join('') };
  },
  byteTokens: range(131, 258),
};

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Ways to make a model write: its own words, letters of several bytes, and bytes that are no UTF-8. */
function manners({ byteTokens }: Route): readonly object[] {
  const logit_bias = Object.fromEntries(byteTokens.map((id) => [id, 8]));
  return [
    { ignore_eos: true },
    { grammar: 'root ::= ([à-ÿ] | [一-龠] | [ぁ-ん] | [😀-😿] [a-z]? | [a-z] [à-ÿ])+' },
    { ignore_eos: true, logit_bias },
  ];
}

const STRANGE = [
  'é',
  '日本',
  '😀',
  '\u{1F600}\u{1F601}',
  'ß',
  ' ',
  '\n',
  'the',
  '.',
  'zebra ',
  '\u0301',
  'あ',
  'い',
];

/** Strings of which some are in the text, wherever tokens end in it, some nearly, and some not at all. */
function stopSet(random: () => number, free: string): string[] {
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = (): string => STRANGE[below(STRANGE.length)] ?? '';
  const letters = Array.from(free);
  const part = (): string => {
    const begin = below(letters.length);
    return letters.slice(begin, begin + 1 + below(5)).join('');
  };
  const kinds = [part, part, pick, () => part() + pick(), () => pick() + part(), () => part().repeat(2)];
  const set = Array.from({ length: 1 + below(16) }, () => (kinds[below(kinds.length)] ?? pick)());
  // What stands for broken bytes is in no text: it comes of their being shown.
  const sound = set.filter((stop) => stop !== '' && !stop.includes('\uFFFD'));
  // Common letters would end every text at its beginning.
  const long = sound.filter((stop) => Array.from(stop).length > 1);
  return random() < 0.6 && long.length > 0 ? long : [...sound, 'zebra'].slice(0, 16);
}

/** The text before any of the strings, and no more is missing than begins with one of them. */
function assertStopped(found: Text, free: Text, stops: readonly string[]): void {
  const told = JSON.stringify({ found, free, stops });
  assert.ok(free.text.startsWith(found.text), told);
  for (const stop of stops) assert.ok(!found.text.includes(stop), told);
  const missing = free.text.slice(found.text.length);
  if (missing === '') return;
  assert.equal(found.end, 'stop', told);
  assert.ok(
    stops.some((stop) => missing.startsWith(stop)),
    told,
  );
}

interface Counts {
  stopped: number;
  replaced: number;
  ofSeveralBytes: number;
}

async function checkSet(route: Route, index: number, counts: Counts): Promise<void> {
  const random = randomNumbers(1000 + index);
  const kinds = manners(route);
  const body = { max_tokens: 14, seed: index, temperature: 1.2, ...kinds[index % kinds.length] };
  const free = await route.whole(body);
  const stop = stopSet(random, free.text);
  const [whole, streamed] = await Promise.all([
    route.whole({ ...body, stop }),
    route.streamed({ ...body, stop }),
  ]);
  assert.deepEqual(streamed, whole, JSON.stringify({ free, stop }));
  assertStopped(whole, free, stop);
  if (whole.text !== free.text) counts.stopped += 1;
  if (whole.text.includes('\uFFFD')) counts.replaced += 1;
  else if (/[^\0-\x7F]/.test(whole.text)) counts.ofSeveralBytes += 1;
}

async function checkRoute(t: TestContext, route: Route): Promise<void> {
  const counts = { stopped: 0, replaced: 0, ofSeveralBytes: 0 };
  await inFlight(SETS, WIDTH, (index) => checkSet(route, index, counts));
  t.diagnostic(`of ${SETS} texts: ${JSON.stringify(counts)}`);
  // All of this happens.
  for (const [kind, count] of Object.entries(counts)) assert.ok(count > 3, kind);
}

test('completions: streamed and whole texts end before random stop strings', (t) =>
  checkRoute(t, completions));

test('chats: streamed and whole texts end before random stop strings', (t) => checkRoute(t, chats));
