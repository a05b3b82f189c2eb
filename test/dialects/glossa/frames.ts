import assert from 'node:assert/strict';

/** The data of all frames of an event stream. */
export async function framesOf(response: Response): Promise<string[]> {
  const text = await response.text();
  assert.ok(text.endsWith('\n\n'));
  return text
    .trimEnd()
    .split('\n\n')
    .map((frame) => {
      assert.ok(frame.startsWith('data: ') && !frame.includes('\n'), frame);
      return frame.slice('data: '.length);
    });
}
