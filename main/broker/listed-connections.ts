import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { writtenConnections } from '../config/connections.ts';
import { ignoredText } from '../config/ignored.ts';
import { loadedFrom, type ConfigurationTexts } from '../config/load.ts';
import { lockedKeys } from '../config/restrictions.ts';
import type { ConnectionSettings } from '../config/schema.ts';
import type { writtenConnection } from '../contract/connection-shapes.ts';

type Settings = Record<string, unknown>;

/**
 * The connections as organisation and person have written them, and behind them those of the person that do not count.
 * @param counted those that count now
 */
export function listedConnections(
  texts: ConfigurationTexts,
  path: string,
  counted: readonly ConnectionSettings[],
): z.infer<typeof writtenConnection>[] {
  const { configuration, layers } = loadedFrom(texts, path);
  const { organisation, ignored } = layers;
  const written = writtenConnections(texts.person, path);
  const isWritten = (name: string): boolean => written.some((one) => one['name'] === name);
  // It has been checked: each has its name, and they are in the order of what was made of them.
  const merged = ((layers.value as Settings)['connections'] ?? []) as Settings[];
  const listed = configuration.connections.map((next, index) => {
    const { name } = next;
    const now = counted.find((one) => one.name === name);
    const settings = merged[index] ?? {};
    const counts = isDeepStrictEqual(next, now);
    if (organisation === undefined || !organisation.names('connections').includes(name))
      return { name, settings, counts };
    const locked = lockedKeys(organisation, 'connections', name);
    return { name, settings, counts, organisation: { locked, isAdapted: isWritten(name) } };
  });
  const left = written.flatMap((settings) => {
    const { name } = settings;
    const why = ignored.find(({ key }) => key === 'connections' || key === `connections.${String(name)}`);
    if (typeof name !== 'string' || why === undefined || listed.some((one) => one.name === name)) return [];
    return [{ name, settings, counts: false, ignored: ignoredText(why) }];
  });
  return [...listed, ...left];
}
