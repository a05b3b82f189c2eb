import { grammarLiteral } from '../../generation/grammar-rules.js';
import type { SpecialTexts } from '../special-texts.js';
import type { ToolFormat } from './format.js';

/** How a call begins wherever one is written. */
export const CALL_START = '{"name": "';

/** A format as a model's tokens write it: control tokens, which are in no reply's text, are only grammar. */
export interface WrittenFormat {
  readonly format: ToolFormat;
  /** Grammar of what stands before, between and behind calls. */
  readonly grammar: Readonly<Record<'marker' | 'opening' | 'separator' | 'closing', string>>;
  /** The text by which a call is recognised, which no other text of a reply has. */
  readonly trigger: string;
  /** Whether the trigger counts at a reply's beginning only. */
  readonly onlyFirst: boolean;
  /** Whether the marker is a token without a text. */
  readonly hasSilentMarker: boolean;
  /** What stands before the next call of a list; empty where each call has a marker. */
  readonly next: string;
  /** What closes calls, without white space around it; empty if there is nothing to see. */
  readonly closing: string;
}

/** A format in the tokens of a model. */
export function writtenFormat(format: ToolFormat, control: SpecialTexts): WrittenFormat {
  const [marker, opening, separator, closing] = [
    format.marker,
    format.opening,
    format.separator,
    format.closing,
  ].map((text) => split(text, control)) as [Split, Split, Split, Split];
  return {
    format,
    grammar: {
      marker: marker.grammar,
      opening: opening.grammar,
      separator: separator.grammar,
      closing: closing.grammar,
    },
    trigger: marker.visible === '' ? opening.visible.trim() + CALL_START : marker.visible,
    onlyFirst: format.marker === '',
    hasSilentMarker: format.marker !== '' && marker.visible === '',
    next: format.separator.includes(format.marker) ? '' : separator.visible.trim(),
    closing: closing.visible.trim(),
  };
}

interface Split {
  readonly grammar: string;
  readonly visible: string;
}

/** A text as grammar, control tokens by their ids, and as what is seen of it. */
function split(text: string, control: SpecialTexts): Split {
  const items: string[] = [];
  let visible = '';
  let from = 0;
  const literal = (end: number): void => {
    if (end === from) return;
    items.push(grammarLiteral(text.slice(from, end)));
    visible += text.slice(from, end);
  };
  for (let start = 0; start < text.length;) {
    const found = control.at(text, start);
    if (typeof found !== 'object') {
      start += 1;
      continue;
    }
    literal(start);
    items.push(`<[${found.id}]>`);
    from = start = found.end;
  }
  literal(text.length);
  return { grammar: items.join(' '), visible };
}
