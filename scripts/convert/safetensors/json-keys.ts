/**
 * Keys of a JSON object's own level, repeated ones included, which `JSON.parse` would silently merge.
 *
 * @param text a valid JSON text whose value is an object
 */
export function topLevelKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  let expectsKey = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') {
      const end = stringEnd(text, index);
      if (expectsKey) keys.push(JSON.parse(text.slice(index, end + 1)) as string);
      expectsKey = false;
      index = end;
    } else if (character === '{' || character === '[') {
      depth += 1;
      expectsKey = depth === 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
    } else if (character === ',') {
      expectsKey = depth === 1;
    }
  }
  return keys;
}

/** The index of the closing quote of the string that starts at `start`. */
function stringEnd(text: string, start: number): number {
  let index = start + 1;
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index;
}
