import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** What counting cores reads of the system; a test gives its own. */
export interface SystemReaders {
  readonly platform: NodeJS.Platform;
  /** Logical processors the process may run on. */
  readonly availableParallelism: () => number;
  /** Content of a file, or undefined if it can't be read. */
  readonly readFile: (path: string) => string | undefined;
  /** Value of a sysctl, or undefined. */
  readonly sysctl: (name: string) => number | undefined;
}

/** Physical cores available to this process: its CPU affinity and cgroup quota are respected. At least 1. */
export function physicalCores(system: SystemReaders = realSystem): number {
  const logical = system.availableParallelism();
  const physical = platformCores(system) ?? logical;
  const quota = system.platform === 'linux' ? cgroupQuota(system) : Infinity;
  return Math.max(1, Math.min(logical, physical, Math.floor(quota)));
}

function platformCores(system: SystemReaders): number | undefined {
  if (system.platform === 'linux') return linuxCores(system);
  if (system.platform === 'darwin') {
    // Performance cores only: the slowest thread sets the pace of a matrix product.
    return system.sysctl('hw.perflevel0.physicalcpu') ?? system.sysctl('hw.physicalcpu');
  }
  return undefined;
}

/** Cores behind the logical processors this process may use; undefined if the topology is not told. */
function linuxCores(system: SystemReaders): number | undefined {
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(system.readFile('/proc/self/status') ?? '')?.[1];
  if (allowed === undefined) return undefined;
  const cores = new Set<string>();
  for (const cpu of parseCpuList(allowed)) {
    const siblings = system.readFile(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`);
    if (siblings === undefined) return undefined;
    cores.add(siblings.trim());
  }
  return cores.size === 0 ? undefined : cores.size;
}

/** The numbers in a kernel list such as "0-3,8". */
export function parseCpuList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    if (first === undefined || last === undefined || Number.isNaN(first + last)) return [];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Processors' worth of time the process's control groups allow; Infinity without a limit. */
function cgroupQuota(system: SystemReaders): number {
  const lines = (system.readFile('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'));
  const quotas = lines.flatMap(([hierarchy, controllers, path = '/']) => {
    if (hierarchy === '0') return ancestors(path).map((group) => quotaV2(system, group));
    if (controllers?.split(',').includes('cpu') !== true) return [];
    return ancestors(path).map((group) => quotaV1(system, controllers, group));
  });
  return Math.min(Infinity, ...quotas);
}

function quotaV2(system: SystemReaders, group: string): number {
  const [quota, period] = (system.readFile(`/sys/fs/cgroup${group}/cpu.max`) ?? 'max').trim().split(' ');
  return quota === 'max' ? Infinity : ratio(quota, period);
}

function quotaV1(system: SystemReaders, controllers: string, group: string): number {
  for (const mount of [controllers, 'cpu']) {
    const quota = system.readFile(`/sys/fs/cgroup/${mount}${group}/cpu.cfs_quota_us`);
    const period = system.readFile(`/sys/fs/cgroup/${mount}${group}/cpu.cfs_period_us`);
    if (quota !== undefined) return ratio(quota, period);
  }
  return Infinity;
}

function ratio(quota: string | undefined, period: string | undefined): number {
  const value = Number(quota) / Number(period);
  return value > 0 ? value : Infinity;
}

/** A group and those it lies in, whose limits hold for it too: "/a/b" -> "/a/b", "/a", "". */
function ancestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return [...parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`), ''];
}

const realSystem: SystemReaders = {
  platform: process.platform,
  availableParallelism,
  readFile: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  sysctl: (name) => {
    try {
      const value = Number(
        execFileSync('/usr/sbin/sysctl', ['-n', name], { timeout: 2000, encoding: 'utf8' }),
      );
      return value > 0 ? value : undefined;
    } catch {
      return undefined;
    }
  },
};
