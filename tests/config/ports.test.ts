import { expect, it } from 'vitest';
import { portClashes } from '../../main/config/check-ports.ts';

type Ports = Parameters<typeof portClashes>[0];

const faultsOf = (api: number, metrics: number, ...ports: number[]): string[] =>
  portClashes({
    api: { port: api },
    metrics: { port: metrics },
    connections: ports.map((port, index) => ({ name: `c${index}`, port })) as Ports['connections'],
  }).map(({ path, message }) => `${path.join('.')}: ${message}`);

it('no two listen at one port', () => {
  expect(faultsOf(9000, 9001, 9002, 9003)).toEqual([]);
  expect(faultsOf(9000, 9000, 9000, 9001, 9001)).toEqual([
    'metrics.port: port 9000 already belongs to the HTTP API (api.port); choose another',
    'connections.0.port: port 9000 already belongs to the HTTP API (api.port); choose another',
    'connections.2.port: port 9001 already belongs to connection "c1"; choose another',
  ]);
});
