import type { Engine } from '../engine/engine.js';
import { GlossaError } from '../errors.js';
import type { ModelLease } from '../models/registry.js';
import { SpecialTexts } from './special-texts.js';
import { compileTemplate, TemplateError, type ChatTemplate } from './template/compile.js';

/** What is known of a model's conversations. */
export interface ModelTemplate {
  readonly modelId: string;
  readonly template: ChatTemplate;
  /** Of the model's tokens; empty where it has none. */
  readonly bosToken: string;
  readonly eosToken: string;
  /** Texts that are tokens and no text where they are taken for tokens. */
  readonly control: SpecialTexts;
  /** Texts that are tokens always and that the template uses: `<tool_call>` of many. */
  readonly userDefined: SpecialTexts;
  /** Both. */
  readonly markers: SpecialTexts;
  /** What the tokenizer puts before a prompt; undefined if it puts nothing there. */
  readonly bosId: number | undefined;
}

/** What is read of a vocabulary once. */
interface TokenTexts {
  readonly control: ReadonlyMap<string, number>;
  readonly userDefined: ReadonlyMap<string, number>;
  readonly bosId: number | undefined;
}

const tokenTexts = new WeakMap<Engine['info'], Promise<TokenTexts>>();
const modelTemplates = new WeakMap<TokenTexts, Map<ChatTemplate, Omit<ModelTemplate, 'modelId'>>>();

/**
 * A model's template, configured or its file's own, and its special tokens.
 *
 * @throws GlossaError INVALID_REQUEST if there is no template, or none that can be read
 */
export async function modelTemplate(lease: ModelLease): Promise<ModelTemplate> {
  const { engine, id: modelId } = lease;
  const text = lease.chatTemplate ?? engine.info.chatTemplate;
  if (text === null) {
    throw new GlossaError(
      'INVALID_REQUEST',
      `model: ${modelId} has no chat template; its chatTemplate can be configured`,
      { param: 'model' },
    );
  }
  const template = compiled(text, modelId);
  const texts = await textsOf(engine);
  const known = modelTemplates.get(texts) ?? new Map<ChatTemplate, Omit<ModelTemplate, 'modelId'>>();
  modelTemplates.set(texts, known);
  const made = known.get(template) ?? describe(engine, { template, texts });
  known.set(template, made);
  return { modelId, ...made };
}

function compiled(text: string, modelId: string): ChatTemplate {
  try {
    return compileTemplate(text);
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause;
    throw templateFault(modelId, cause);
  }
}

/** A failure that is the template's. */
export function templateFault(modelId: string, cause: TemplateError): GlossaError {
  return new GlossaError(
    'INVALID_REQUEST',
    `messages: the chat template of the model ${modelId} fails: ${cause.message}`,
    { param: 'messages', cause },
  );
}

function describe(
  { info }: Engine,
  { template, texts }: { template: ChatTemplate; texts: TokenTexts },
): Omit<ModelTemplate, 'modelId'> {
  // Runs of spaces are user-defined tokens too, in some vocabularies.
  const used = [...texts.userDefined].filter(([text]) => isMarker(text) && template.text.includes(text));
  const byId = (entries: Iterable<readonly [string, number]>): [number, string][] =>
    [...entries].map(([text, id]) => [id, text]);
  const names = new Map([...texts.control].map(([text, id]) => [id, text]));
  const named = (key: string): string => names.get(Number(info.metadata[`tokenizer.ggml.${key}`])) ?? '';
  return {
    template,
    bosToken: named('bos_token_id'),
    eosToken: named('eos_token_id'),
    bosId: texts.bosId,
    control: new SpecialTexts(byId(texts.control)),
    userDefined: new SpecialTexts(byId(used)),
    markers: new SpecialTexts(byId([...texts.control, ...used])),
  };
}

function isMarker(text: string): boolean {
  return text.length > 2 && /\S/.test(text);
}

/** Bound engines of one model share its info. A failure is not kept. */
async function textsOf(engine: Engine): Promise<TokenTexts> {
  const known = tokenTexts.get(engine.info);
  if (known !== undefined) return await known;
  const texts = readTexts(engine);
  tokenTexts.set(engine.info, texts);
  texts.catch(() => tokenTexts.delete(engine.info));
  return await texts;
}

async function readTexts(engine: Engine): Promise<TokenTexts> {
  const vocabulary = await engine.vocabulary();
  const control = new Map<string, number>();
  const userDefined = new Map<string, number>();
  for (let id = 0; id < vocabulary.size; id += 1) {
    const kind = vocabulary.kind(id);
    const into =
      kind === 'control' || kind === 'unknown' ? control : kind === 'user_defined' ? userDefined : undefined;
    const text = into === undefined ? '' : Buffer.from(vocabulary.bytes(id)).toString('utf8');
    if (text !== '' && into?.has(text) === false) into.set(text, id);
  }
  const [bosId] = await engine.tokenize('', { addSpecial: true });
  return { control, userDefined, bosId };
}
