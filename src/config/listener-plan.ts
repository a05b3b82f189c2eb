import { GlossaError } from '../errors.js';
import type { DialectName, ListenAddress } from './listeners.js';
import type { Settings } from './schema.js';

/** Ports of the original services, which their clients have built in. */
const CLASSIC_PORTS: readonly ListenAddress[] = [
  { dialect: 'autocomplete', port: 6006 },
  { dialect: 'generate', port: 6060 },
  { dialect: 'alpaca', port: 19_327 },
  { dialect: 'sagemaker', port: 8080 },
];

/** A port to be opened. */
export interface PlannedListener {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** API that has the port to itself; absent for the common one. */
  readonly api?: DialectName;
  /** The flag that asks for it. */
  readonly flag: string;
  /** What to change if it can't be opened. */
  readonly remedy: string;
}

/**
 * The ports that the settings ask for, the common one first.
 *
 * @throws GlossaError CONFIG_INVALID if two of them are the same
 */
export function planListeners(
  settings: Pick<Settings, 'host' | 'port' | 'listen' | 'classicPorts'>,
): [PlannedListener, ...PlannedListener[]] {
  const { host, port } = settings;
  const common = { host, port, flag: '--port', remedy: 'choose another one with --port' };
  const own = settings.listen.map(({ dialect, port: ownPort }) => ({
    ...{ host, port: ownPort, api: dialect, flag: `--listen ${dialect}=${ownPort}` },
    remedy: `choose another one with --listen ${dialect}=PORT`,
  }));
  const classic = settings.classicPorts ? classicListeners(host, port) : [];
  const all: [PlannedListener, ...PlannedListener[]] = [common, ...own, ...classic];
  checkPorts(all);
  return all;
}

/** A common port 8080 has sagemaker's routes already. */
function classicListeners(host: string, commonPort: number): PlannedListener[] {
  const wanted = CLASSIC_PORTS.filter(({ dialect, port }) => dialect !== 'sagemaker' || port !== commonPort);
  return wanted.map(({ dialect, port }) => ({
    ...{ host, port, api: dialect, flag: '--classic-ports' },
    remedy: 'name the ports one by one with --listen API=PORT instead of --classic-ports',
  }));
}

function checkPorts(listeners: readonly PlannedListener[]): void {
  const takers = new Map<number, PlannedListener>();
  for (const listener of listeners) {
    const earlier = takers.get(listener.port);
    if (earlier !== undefined && listener.port !== 0) {
      throw new GlossaError(
        'CONFIG_INVALID',
        `port ${listener.port} is asked for twice: by ${nameOf(earlier)} and by ${nameOf(listener)}`,
      );
    }
    takers.set(listener.port, listener);
  }
}

function nameOf({ api, flag }: PlannedListener): string {
  return `${flag} (${api ?? 'all APIs'})`;
}
