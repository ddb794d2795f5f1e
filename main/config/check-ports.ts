import { type Fault, repeated } from './fault.ts';
import { entriesOf } from './faulty.ts';
import { isRecord } from './yaml/render.ts';

/**
 * What two connections, or a connection and another listener, cannot both have: a name, or a port. It is told from what is
 * written, whatever else is wrong with it: of two nobody knows which one is meant.
 */
export function clashes(value: unknown): Fault[] {
  if (!isRecord(value)) return [];
  const connections = entriesOf(value).map((one) => (isRecord(one) ? one : {}));
  return [...nameClashes(connections), ...portClashes(value, connections)];
}

type Settings = Record<string, unknown>;

function nameClashes(connections: readonly Settings[]): Fault[] {
  return repeated(
    connections.flatMap(({ name }, index): [string, Fault['path']][] =>
      typeof name === 'string' ? [[name, ['connections', index, 'name']]] : [],
    ),
  );
}

function portClashes({ api, metrics }: Settings, connections: readonly Settings[]): Fault[] {
  const owners = new Map<number, string>();
  const faults: Fault[] = [];
  const take = (of: unknown, path: Fault['path'], by: string): void => {
    const port = isRecord(of) ? of['port'] : undefined;
    if (typeof port !== 'number') return;
    const owner = owners.get(port);
    if (owner === undefined) owners.set(port, by);
    else
      faults.push({
        path: [...path, 'port'],
        message: `port ${port} already belongs to ${owner}; choose another`,
      });
  };
  take(api, ['api'], 'the HTTP API (api.port)');
  take(metrics, ['metrics'], 'the metrics (metrics.port)');
  for (const [index, one] of connections.entries())
    take(one, ['connections', index], `connection "${String(one['name'])}"`);
  return faults;
}
