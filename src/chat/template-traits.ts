import type { ChatTemplate } from './template/compile.js';

/** What a template's text says of what it expects. */
export interface TemplateTraits {
  readonly knowsTools: boolean;
  /** All words of its text: what is not among them, it can't read. */
  readonly words: ReadonlySet<string>;
  readonly knowsDeveloper: boolean;
  /** Whether it asks if a content is none, as DeepSeek's do of calls; others would write "None". */
  readonly wantsNoneContent: boolean;
  /** What a reply is over with, though no token says so. */
  readonly stopStrings: readonly string[];
  /** Whether it writes the arguments of a call as it gets them, and so wants text; found out on first use. */
  wantsArgumentText(): boolean;
}

const kept = new WeakMap<ChatTemplate, TemplateTraits>();
const PROBE = 'glossa_probe';
/** Where alpaca's next instruction begins. */
const INSTRUCTION = '### Instruction:';

/** The traits of a template. */
export function traitsOf(template: ChatTemplate): TemplateTraits {
  const known = kept.get(template);
  if (known !== undefined) return known;
  const { text } = template;
  let wantsText: boolean | undefined;
  const wantsNoneContent = /\bcontent['"]?\s*\]?\s+is\s+(?:not\s+)?none\b/.test(text);
  const writes = (asText: boolean): boolean =>
    writesArguments(template, asText, wantsNoneContent ? null : '');
  const traits: TemplateTraits = {
    knowsTools: /\btools\b/.test(text),
    words: new Set(text.match(/\w+/g)),
    knowsDeveloper: text.includes('developer'),
    wantsNoneContent,
    stopStrings: text.includes(INSTRUCTION) ? [`\n\n${INSTRUCTION}`, INSTRUCTION] : [],
    wantsArgumentText: () => (wantsText ??= !writes(false) && writes(true)),
  };
  kept.set(template, traits);
  return traits;
}

/** Whether arguments come through the template, as an object or as text. */
function writesArguments(template: ChatTemplate, asText: boolean, content: string | null): boolean {
  const value = { [PROBE]: 1 };
  const call = { name: 'f', arguments: asText ? JSON.stringify(value) : value };
  try {
    const text = template.render({
      messages: [
        { role: 'user', content: 'x' },
        {
          role: 'assistant',
          content,
          tool_calls: [{ id: 'abcdefghi', type: 'function', function: call }],
        },
      ],
      tools: null,
      documents: null,
      add_generation_prompt: false,
      bos_token: '',
      eos_token: '',
    });
    return text.includes(PROBE) && !text.includes(`\\"${PROBE}`);
  } catch {
    return false;
  }
}
