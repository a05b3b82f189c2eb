/** How far a conversion is. */
export interface ConversionProgress {
  /**
   * "download": files come from the hub; "tensors": the converter writes; "quantize": llama.cpp's quantiser does;
   * "verify": both models run.
   */
  readonly phase: 'download' | 'tensors' | 'quantize' | 'verify';
  /** 0 to 1 within the phase. */
  readonly fraction: number;
  /** Bytes fetched, or bytes of the checkpoint converted so far; absent in the other phases. */
  readonly bytes?: number;
}

/** Where progress is shown; process.stderr is one. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const BAR_CELLS = 24;

const LABELS: Readonly<Record<ConversionProgress['phase'], string>> = {
  download: 'downloading',
  tensors: 'converting',
  quantize: 'quantising',
  verify: 'verifying',
};

/** Where a phase began. */
interface Moment extends ConversionProgress {
  readonly ms: number;
}

/**
 * Shows progress: a bar with rate and remaining time on a terminal, a line for every tenth elsewhere.
 *
 * @param now milliseconds, for the rate
 */
export function progressPrinter(
  stream: ProgressStream,
  now: () => number = () => performance.now(),
): { show: (progress: ConversionProgress) => void; end: () => void } {
  const terminal = stream.isTTY === true;
  let shown = '';
  let first: Moment | undefined;
  const show = (progress: ConversionProgress): void => {
    if (first?.phase !== progress.phase) first = { ...progress, ms: now() };
    const line = terminal ? terminalLine(progress, first, now() - first.ms) : plainLine(progress);
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

/** Rate and rest are those of the phase, and of this run: a download may have begun in an earlier one. */
function terminalLine(
  { phase, fraction, bytes }: ConversionProgress,
  first: Moment,
  elapsedMs: number,
): string {
  const filled = Math.floor(fraction * BAR_CELLS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
  const percent = `${LABELS[phase]} ${bar} ${String(Math.floor(fraction * 100)).padStart(3)}%`;
  const done = fraction - first.fraction;
  if (bytes === undefined || elapsedMs < 500 || done <= 0) return percent;
  const rate = (bytes - (first.bytes ?? 0)) / 1e6 / (elapsedMs / 1000);
  const left = ((elapsedMs / 1000) * (1 - fraction)) / done;
  return `${percent}  ${rate.toFixed(0)} MB/s  ${left.toFixed(0)} s left`;
}

/** A number of bytes for people: 512 bytes, 7.4 MB, 1.31 GB (powers of 1000). */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1e6) return `${(bytes / 1e3).toPrecision(3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toPrecision(3)} MB` : `${(bytes / 1e9).toPrecision(3)} GB`;
}
