/** What people hand over instead of a model's file, by how it starts. */
const LOOKALIKES: readonly (readonly [start: RegExp, what: string])[] = [
  [/^version https:\/\/git-lfs/, 'a Git LFS pointer; fetch the real file with "git lfs pull"'],
  [/^\s*<(!doctype|html)/i, 'a web page'],
];

/** Bytes of a file's start that are enough to tell. */
export const LOOKED_AT_BYTES = 256;

/** What a file is instead of what it should be, where its start tells; undefined otherwise. */
export function lookalikeOf(start: Buffer): string | undefined {
  const text = start.toString('latin1', 0, LOOKED_AT_BYTES);
  return LOOKALIKES.find(([pattern]) => pattern.test(text))?.[1];
}
