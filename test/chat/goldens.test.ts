import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ALPACA_TEMPLATE } from '../../src/chat/alpaca-template.js';
import type { ChatMessage, ChatTool } from '../../src/chat/chat.js';
import type { ModelTemplate } from '../../src/chat/model-template.js';
import { renderChat } from '../../src/chat/render-chat.js';
import { SpecialTexts } from '../../src/chat/special-texts.js';
import { compileTemplate } from '../../src/chat/template/compile.js';
import type { JsonObject } from '../../src/server/json-body.js';
import { golden, templateText } from './fixtures.js';

interface GoldenMessage {
  readonly role: ChatMessage['role'];
  readonly content: string | null;
  readonly name?: string;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: JsonObject };
  }[];
}

interface Case {
  readonly template: string;
  readonly conversation: string;
  readonly variant: 'plain' | 'tools' | 'thinking' | 'closed';
  readonly text?: string;
  readonly error?: string;
  readonly message?: string;
}

const { conversations, tools } = golden('conversations.json') as {
  conversations: Record<string, readonly GoldenMessage[]>;
  tools: readonly { readonly function: ChatTool }[];
};
const { cases } = golden('renderings.json') as { cases: readonly Case[] };
const KWARGS = {
  plain: {},
  tools: {},
  thinking: { enable_thinking: false },
  closed: { add_generation_prompt: false },
};
const none = new SpecialTexts([]);

function chatMessage(message: GoldenMessage): ChatMessage {
  return {
    role: message.role,
    content: message.content,
    ...(message.name !== undefined && { name: message.name }),
    ...(message.tool_call_id !== undefined && { toolCallId: message.tool_call_id }),
    ...(message.tool_calls !== undefined && {
      toolCalls: message.tool_calls.map(({ id, function: { name, arguments: given } }) => ({
        id,
        name,
        // As Python writes it: DeepSeek's template takes the text as it is.
        arguments: JSON.stringify(given, null, 1)
          .replaceAll(/\n */g, ' ')
          .replaceAll(/([{[]) | ([\]}])/g, '$1$2'),
      })),
    }),
  };
}

function render(template: string, { conversation, variant }: Case): string {
  const model: ModelTemplate = {
    modelId: 'parrot',
    template: compileTemplate(template),
    bosToken: '<s>',
    eosToken: '</s>',
    control: none,
    userDefined: none,
    markers: none,
    bosId: undefined,
  };
  return renderChat(model, {
    messages: (conversations[conversation] ?? []).map(chatMessage),
    tools: variant === 'tools' ? tools.map((tool) => tool.function) : [],
    templateArguments: KWARGS[variant],
    idOf: (id) => id,
  }).text;
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message;
  }
  return 'nothing was refused';
}

describe("conversations as transformers' Jinja renders them", () => {
  for (const template of new Set(cases.map((each) => each.template))) {
    test(template, () => {
      const text = templateText(template);
      const own = cases.filter((each) => each.template === template);
      assert.ok(own.length >= 28);
      for (const each of own) {
        const label = `${each.conversation}, ${each.variant}`;
        if (each.error === undefined) assert.equal(render(text, each), each.text, label);
        // Python cannot join None to a text; we give such templates an empty content.
        else if (each.error === 'TypeError') assert.ok(render(text, each).length > 0, label);
        else
          assert.equal(
            refusal(() => render(text, each)),
            `messages: ${each.message ?? ''}`,
            label,
          );
      }
    });
  }
});

test("the alpaca template writes what the shipped adapter's does, and refuses what that refuses", () => {
  const own = cases.filter((each) => each.template === 'alpaca');
  for (const each of own) {
    if (each.text !== undefined) assert.equal(render(ALPACA_TEMPLATE, each), each.text);
    else
      assert.match(
        refusal(() => render(ALPACA_TEMPLATE, each)),
        /^messages: the alpaca template knows/,
      );
  }
});
