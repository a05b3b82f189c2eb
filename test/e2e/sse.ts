/** A frame of `POST /glossa/generate` with `stream: true`. */
export interface Frame {
  readonly type?: 'prompt' | 'token' | 'finish';
  readonly text?: string;
  readonly finish_reason?: string;
  readonly cached_tokens?: number;
  readonly token_id?: number;
  readonly error?: { readonly code: string; readonly message: string; readonly param: string | null };
}

/** What a stream of server-sent events held. */
export interface StreamResult {
  readonly frames: readonly Frame[];
  /** Whether the closing frame came. */
  readonly done: boolean;
}

/** Reads a stream of events to its end; `onFrame` sees each as it comes. */
export async function readStream(
  response: Response,
  onFrame: (frame: Frame, index: number) => void = () => undefined,
): Promise<StreamResult> {
  const frames: Frame[] = [];
  let done = false;
  let rest = '';
  for await (const chunk of response.body ?? new ReadableStream<Uint8Array>()) {
    // Frames are sent whole and in whole code points, but the network may cut anywhere: ids are ASCII, texts need not be.
    rest += Buffer.from(chunk as Uint8Array).toString('latin1');
    const parts = rest.split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const data = Buffer.from(part, 'latin1')
        .toString('utf8')
        .replace(/^data: /, '');
      if (data === '[DONE]') {
        done = true;
        continue;
      }
      const frame = JSON.parse(data) as Frame;
      onFrame(frame, frames.length);
      frames.push(frame);
    }
  }
  if (rest !== '') throw new Error(`the stream ends in the middle of a frame: ${rest}`);
  return { frames, done };
}

/** All text of a stream. */
export function textOf({ frames }: StreamResult): string {
  return frames.map((frame) => frame.text ?? '').join('');
}
