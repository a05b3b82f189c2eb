import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { planListeners } from '../../src/config/listener-plan.js';
import type { ListenAddress } from '../../src/config/listeners.js';

function ports(
  port: number,
  listen: readonly ListenAddress[] = [],
  classicPorts = false,
): (string | number)[] {
  const plan = planListeners({ host: '127.0.0.1', port, listen: [...listen], classicPorts });
  return plan.map(({ api = 'all', port: planned }) => `${api}=${planned}`);
}

describe('the ports of a server', () => {
  test('are the common one and those asked for', () => {
    assert.deepEqual(ports(1), ['all=1']);
    assert.deepEqual(
      ports(1, [
        { dialect: 'alpaca', port: 2 },
        { dialect: 'alpaca', port: 3 },
      ]),
      ['all=1', 'alpaca=2', 'alpaca=3'],
    );
  });

  test('may be free ones, many times', () => {
    const listen: ListenAddress[] = [
      { dialect: 'alpaca', port: 0 },
      { dialect: 'generate', port: 0 },
    ];
    assert.deepEqual(ports(0, listen), ['all=0', 'alpaca=0', 'generate=0']);
  });

  test('are the classic ones if asked for', () => {
    const classic = ['autocomplete=6006', 'generate=6060', 'alpaca=19327'];
    assert.deepEqual(ports(1, [], true), ['all=1', ...classic, 'sagemaker=8080']);
    assert.deepEqual(ports(8080, [], true), ['all=8080', ...classic]);
  });

  const conflicts: readonly [number, ListenAddress[], boolean, string][] = [
    [
      6,
      [{ dialect: 'alpaca', port: 6 }],
      false,
      'port 6 is asked for twice: by --port (all APIs) and by --listen alpaca=6 (alpaca)',
    ],
    [
      1,
      [
        { dialect: 'alpaca', port: 2 },
        { dialect: 'generate', port: 2 },
      ],
      false,
      'port 2 is asked for twice: by --listen alpaca=2 (alpaca) and by --listen generate=2 (generate)',
    ],
    [
      1,
      [
        { dialect: 'alpaca', port: 2 },
        { dialect: 'alpaca', port: 2 },
      ],
      false,
      'port 2 is asked for twice: by --listen alpaca=2 (alpaca) and by --listen alpaca=2 (alpaca)',
    ],
    [
      1,
      [{ dialect: 'alpaca', port: 19_327 }],
      true,
      'port 19327 is asked for twice: by --listen alpaca=19327 (alpaca) and by --classic-ports (alpaca)',
    ],
    [
      6006,
      [],
      true,
      'port 6006 is asked for twice: by --port (all APIs) and by --classic-ports (autocomplete)',
    ],
  ];
  for (const [port, listen, classicPorts, message] of conflicts) {
    test(`conflict: ${message}`, () => {
      assert.throws(() => ports(port, listen, classicPorts), { code: 'CONFIG_INVALID', message });
    });
  }
});
