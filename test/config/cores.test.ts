import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { parseCpuList, physicalCores, type SystemReaders } from '../../src/config/cores.js';

/** A Linux machine whose logical processors i and i + cores share a core. */
function linux(files: Record<string, string>, logical = 8, cores = 4): SystemReaders {
  const topology = Object.fromEntries(
    Array.from({ length: logical }, (_, cpu) => [
      `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`,
      `${cpu % cores},${(cpu % cores) + cores}\n`,
    ]),
  );
  const all: Record<string, string> = {
    '/proc/self/status': `Name:\tnode\nCpus_allowed_list:\t0-${logical - 1}\n`,
    ...topology,
    ...files,
  };
  return {
    platform: 'linux',
    availableParallelism: () => logical,
    readFile: (path) => all[path],
    sysctl: () => undefined,
  };
}

describe('physicalCores', () => {
  test('counts cores, not their hardware threads', () => {
    assert.equal(physicalCores(linux({})), 4);
  });

  test('counts only cores the process may run on', () => {
    assert.equal(physicalCores(linux({ '/proc/self/status': 'Cpus_allowed_list:\t0,4,5\n' })), 2);
  });

  test('respects a cgroup v2 quota, also of an outer group', () => {
    const files = {
      '/proc/self/cgroup': '0::/outer/inner\n',
      '/sys/fs/cgroup/outer/inner/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/outer/cpu.max': '250000 100000\n',
    };
    assert.equal(physicalCores(linux(files)), 2);
  });

  test('respects a cgroup v1 quota', () => {
    const files = {
      '/proc/self/cgroup': '4:cpu,cpuacct:/box\n3:memory:/\n',
      '/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us': '300000\n',
      '/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us': '100000\n',
    };
    assert.equal(physicalCores(linux(files)), 3);
  });

  test('ignores a quota of -1, which is none', () => {
    const files = {
      '/proc/self/cgroup': '4:cpu:/\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    };
    assert.equal(physicalCores(linux(files)), 4);
  });

  test('is at least 1 under a quota below one processor', () => {
    const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '50000 100000\n' };
    assert.equal(physicalCores(linux(files)), 1);
  });

  test('takes logical processors where nothing is told', () => {
    const system = { ...linux({}), readFile: () => undefined };
    assert.equal(physicalCores(system), 8);
    assert.equal(physicalCores({ ...system, platform: 'win32' }), 8);
  });

  test('takes performance cores on macOS', () => {
    const values: Record<string, number> = { 'hw.perflevel0.physicalcpu': 6, 'hw.physicalcpu': 10 };
    const system: SystemReaders = { ...linux({}, 10), platform: 'darwin', sysctl: (name) => values[name] };
    assert.equal(physicalCores(system), 6);
  });

  test('of this machine is a positive integer', () => {
    assert.ok(Number.isInteger(physicalCores()) && physicalCores() >= 1);
  });
});

test('parseCpuList reads ranges and single numbers', () => {
  assert.deepEqual(parseCpuList('0-2,5,7-8'), [0, 1, 2, 5, 7, 8]);
});
