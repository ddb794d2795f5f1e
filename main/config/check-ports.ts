import type { z } from 'zod';
import type { Fault } from './fault.ts';
import type { configuration } from './schema.ts';

/** Ports that two would listen at. */
export function portClashes({
  api,
  metrics,
  connections,
}: Pick<z.output<typeof configuration>, 'api' | 'metrics' | 'connections'>): Fault[] {
  const owners = new Map<number, string>();
  const faults: Fault[] = [];
  const take = (port: number | 'auto' | undefined, path: Fault['path'], by: string): void => {
    if (port === undefined || port === 'auto') return;
    const owner = owners.get(port);
    if (owner === undefined) owners.set(port, by);
    else faults.push({ path, message: `port ${port} already belongs to ${owner}; choose another` });
  };
  take(api.port, ['api', 'port'], 'the HTTP API (api.port)');
  take(metrics.port, ['metrics', 'port'], 'the metrics (metrics.port)');
  for (const [index, { name, port }] of connections.entries())
    take(port, ['connections', index, 'port'], `connection "${name}"`);
  return faults;
}
