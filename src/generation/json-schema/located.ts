import { GlossaError } from '../../errors.js';

/** A part of a schema and where it stands. Pointers are only written out for messages: names may be long. */
export interface Located {
  readonly value: unknown;
  readonly parent: Located | undefined;
  readonly token: string;
}

/** What stands under a name or an index. */
export function under(parent: Located, token: string, value: unknown): Located {
  return { value, parent, token };
}

/** What a pointer in a message is cut to, in UTF-16 units. */
const SHOWN = 200;

/**
 * Refuses a part of a schema.
 *
 * @throws GlossaError INVALID_REQUEST; the message begins with the part's JSON pointer
 */
export function refuse(where: Located, reason: string): never {
  throw new GlossaError('INVALID_REQUEST', `${pointerOf(where)}: ${reason}`);
}

/** A name that a client chose, as a message shows it. */
export function shownName(name: string): string {
  return (name.length > 64 ? `${name.slice(0, 64)}…` : name).toWellFormed();
}

/** The JSON pointer (RFC 6901) as a URI fragment without percent-encoding. */
function pointerOf(where: Located): string {
  const tokens: string[] = [];
  for (let each = where; each.parent !== undefined; each = each.parent) {
    tokens.push(shownName(each.token).replaceAll('~', '~0').replaceAll('/', '~1'));
  }
  const pointer = ['#', ...tokens.reverse()].join('/');
  return pointer.length > SHOWN ? `${pointer.slice(0, SHOWN / 2)}…${pointer.slice(-SHOWN / 2)}` : pointer;
}
