import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { jsonBytes, jsonOf } from '../base/json-bytes.ts';
import type { Configuration, ConnectionSettings } from '../config/schema.ts';
import { portsOf } from '../config/values.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { ListenerSettings } from '../gateway/ports.ts';
import { readIfThere, writeDurably } from '../store/durable-file.ts';
import { storeFailed } from '../store/system-reason.ts';
import { newerThanThis, versionOf } from '../store/versioned.ts';
import { isFree } from './free-port.ts';

export type PlaceOfConnection = Pick<ListenerSettings, 'port' | 'portRecord'>;

const fileName = 'ports.json';
const record = z.object({
  version: z.literal(1),
  ports: z.record(z.string(), z.number().int().min(1024).max(65_535)),
});

/** Users whose numbers follow each other get so many ports each, and do not meet. */
const block = 20;

/**
 * The ports of all connections: those that the configuration names, and for `port: auto` one of `listen.ports`. That one
 * is chosen once and kept in the home, as tools have saved it: from then on somebody else who has it is a fault that is told.
 * `reserved` ports are nobody's now.
 * @param home the state folder
 * @throws LatchkeyError `port-in-use` where no port of the range is free, `store-failed`, and `stored-newer`
 */
export async function choosePorts(
  {
    connections,
    listen,
    api,
    metrics,
    reserved = [],
  }: Pick<Configuration, 'connections' | 'listen' | 'api' | 'metrics'> & { reserved?: readonly number[] },
  home: string,
  user: number = userNumber(),
  free: (port: number) => Promise<boolean> = isFree,
): Promise<(connection: ConnectionSettings) => PlaceOfConnection> {
  const file = join(home, fileName);
  const wanted = connections.filter(({ port }) => port === 'auto').map(({ name }) => name);
  const { first, last } = portsOf(listen.ports);
  const named = new Set([...connections.map(({ port }) => port), ...reserved, api.port, metrics.port]);
  const recorded = wanted.length === 0 ? {} : await read(file);
  const chosen = new Map(
    Object.entries(recorded).filter(([, port]) => port >= first && port <= last && !named.has(port)),
  );
  const missing = wanted.filter((name) => !chosen.has(name));
  const taken = new Set<unknown>([...named, ...chosen.values()]);
  for (const name of missing) {
    const port = await firstFree({ first, last, user, taken, free });
    if (port === undefined) throw noneFree(name, listen.ports);
    taken.add(port);
    chosen.set(name, port);
  }
  if (missing.length > 0) await write(file, Object.fromEntries(chosen));
  return ({ name, port }) => {
    if (port !== 'auto') return { port };
    const kept = chosen.get(name);
    if (kept === undefined) throw new RangeError(`no port for ${name}`);
    return { port: kept, portRecord: file };
  };
}

/** From the user's own part of the range on, and then from its beginning. */
async function firstFree(of: {
  first: number;
  last: number;
  user: number;
  taken: ReadonlySet<unknown>;
  free(port: number): Promise<boolean>;
}): Promise<number | undefined> {
  const { first, last, user, taken, free } = of;
  const count = last - first + 1;
  const start = (user * block) % (count < block ? count : count - (count % block));
  for (let step = 0; step < count; step += 1) {
    const port = first + ((start + step) % count);
    if (!taken.has(port) && (await free(port))) return port;
  }
  return undefined;
}

/** Windows has names and no numbers. */
function userNumber(): number {
  return (
    process.getuid?.() ??
    createHash('sha256').update(userInfo().username.toLowerCase()).digest().readUInt32BE()
  );
}

async function read(file: string): Promise<Record<string, number>> {
  const bytes = await readIfThere(file).catch((cause: unknown) => {
    throw storeFailed(file, 'read', cause);
  });
  if (bytes === undefined) return {};
  const value = jsonOf(bytes);
  if (versionOf(value) > 1) throw newerThanThis(`The list of ports ${file}`);
  const found = record.safeParse(value);
  if (found.success) return found.data.ports;
  throw new LatchkeyError('store-failed', `The list of ports ${file} cannot be understood.`, {
    remedy:
      'Correct it, or delete it: then ports are chosen anew, and tools that have saved them need the new ones.',
  });
}

async function write(file: string, ports: Record<string, number>): Promise<void> {
  await writeDurably(file, jsonBytes({ version: 1, ports })).catch((cause: unknown) => {
    throw storeFailed(file, 'written', cause);
  });
}

function noneFree(name: string, range: string): LatchkeyError {
  return new LatchkeyError('port-in-use', `Connection "${name}" finds no free port in ${range}.`, {
    remedy: 'Give the connections of this computer more room: listen.ports.',
  });
}
