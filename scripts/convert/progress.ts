/** How far a conversion is. */
export interface ConversionProgress {
  /** "tensors": the converter writes; "quantize": llama.cpp's quantiser does; "verify": both models run. */
  readonly phase: 'tensors' | 'quantize' | 'verify';
  /** 0 to 1 within the phase. */
  readonly fraction: number;
  /** Bytes of the checkpoint converted so far; absent while quantising. */
  readonly bytes?: number;
}

/** Where progress is shown; process.stderr is one. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const LABELS: Readonly<Record<ConversionProgress['phase'], string>> = {
  tensors: 'converting',
  quantize: 'quantising',
  verify: 'verifying',
};

/**
 * Shows progress: one line that is rewritten on a terminal, a line for every tenth elsewhere.
 *
 * @param now milliseconds, for the rate
 */
export function progressPrinter(
  stream: ProgressStream,
  now: () => number = () => performance.now(),
): { show: (progress: ConversionProgress) => void; end: () => void } {
  const started = now();
  const terminal = stream.isTTY === true;
  let shown = '';
  const show = (progress: ConversionProgress): void => {
    const line = terminal ? terminalLine(progress, now() - started) : plainLine(progress);
    if (line === shown) return;
    // Padded: a shorter line must cover a longer one.
    stream.write(terminal ? `\r${line.padEnd(shown.length)}` : `${line}\n`);
    shown = line;
  };
  const end = (): void => {
    if (terminal && shown !== '') stream.write('\n');
    shown = '';
  };
  return { show, end };
}

function plainLine({ phase, fraction }: ConversionProgress): string {
  return `${LABELS[phase]}: ${Math.floor(fraction * 10) * 10}%`;
}

function terminalLine({ phase, fraction, bytes }: ConversionProgress, elapsedMs: number): string {
  const percent = `${LABELS[phase]} ${String(Math.floor(fraction * 100)).padStart(3)}%`;
  if (bytes === undefined || elapsedMs < 500) return percent;
  const rate = bytes / 1e6 / (elapsedMs / 1000);
  const left = fraction > 0 ? (elapsedMs / 1000) * (1 / fraction - 1) : 0;
  return `${percent}  ${rate.toFixed(0)} MB/s  ${left.toFixed(0)} s left`;
}

/** A number of bytes for people: 512 bytes, 7.4 MB, 1.31 GB (powers of 1000). */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1e6) return `${(bytes / 1e3).toPrecision(3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toPrecision(3)} MB` : `${(bytes / 1e9).toPrecision(3)} GB`;
}
