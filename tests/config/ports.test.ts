import { expect, it } from 'vitest';
import { clashes } from '../../main/config/check-ports.ts';

const faultsOf = (value: unknown): string[] =>
  clashes(value).map(({ path, message }) => `${path.join('.')}: ${message}`);
const withPorts = (api: number, metrics: number, ...ports: number[]) => ({
  api: { port: api },
  metrics: { port: metrics },
  connections: ports.map((port, index) => ({ name: `c${index}`, port })),
});

it('no two listen at one port', () => {
  expect(faultsOf(withPorts(9000, 9001, 9002, 9003))).toEqual([]);
  expect(faultsOf(withPorts(9000, 9000, 9000, 9001, 9001))).toEqual([
    'metrics.port: port 9000 already belongs to the HTTP API (api.port); choose another',
    'connections.0.port: port 9000 already belongs to the HTTP API (api.port); choose another',
    'connections.2.port: port 9001 already belongs to connection "c1"; choose another',
  ]);
});

it('no two have one name, whatever else is wrong with them', () => {
  const named = (...names: unknown[]) => ({ connections: names.map((name) => ({ name, prot: 1 })) });
  expect(faultsOf(named('a', 'b', 7, 7, undefined, undefined))).toEqual([]);
  expect(faultsOf(named('a', 'b', 'a'))).toEqual([
    'connections.2.name: "a" is used twice; give each its own name',
  ]);
  expect(faultsOf({ connections: [null, 'x', ['y']] })).toEqual([]);
  expect(faultsOf({ connections: 'none', api: 7 })).toEqual([]);
});
