import type { Closers } from '../base/closers.ts';
import { changeUpdateChannel } from '../config/edit-updates.ts';
import type { LoadedConfiguration } from '../config/load.ts';
import { isLocked } from '../config/restrictions.ts';
import type { UpdateChannel } from '../contract/update-state.ts';
import type { UpdateWishes } from '../updates/ports.ts';
import { withoutUpdates } from '../updates/without.ts';
import type { PartOptions, Services } from './options.ts';
import type { People } from './people.ts';
import type { Reload } from './reload.ts';

export type UpdatesPart = Awaited<ReturnType<typeof openUpdates>>;

interface UpdateParts {
  people: Pick<People, 'configurationFile'>;
  reload: Pick<Reload, 'load' | 'whenLoaded'>;
  liveSessions(): number;
}

/** Newer versions of the application, where whoever has started the broker looks after them. */
export async function openUpdates(
  { inForce, home, fetchWith, openUpdates: openOwn = withoutUpdates }: PartOptions,
  { open }: Closers,
  services: Services,
  { people: { configurationFile }, reload, liveSessions }: UpdateParts,
) {
  const updates = await open(
    'updates',
    () =>
      openOwn({
        ...services,
        wishes: () => updateWishes(inForce),
        liveSessions,
        home: home.path,
        fetch: fetchWith(undefined),
      }),
    (opened) => opened.close(),
  );
  reload.whenLoaded(updates.configurationChanged);
  return {
    state: updates.state,
    check: updates.check,
    install: updates.install,
    /** @throws LatchkeyError `organisation-locked`, and as each change of the file */
    async setChannel(channel: UpdateChannel): Promise<void> {
      if (updateWishes(inForce).channel.value === channel) return;
      await configurationFile.change({
        edit: (text, organisation) =>
          changeUpdateChannel(text, channel, configurationFile.path, organisation),
        event: () => ({ event: 'update-channel-changed', channel }),
      });
      await reload.load('written');
    },
  };
}

/** What the configuration says of updates, and which layer of it. */
export function updateWishes({
  configuration: { updates },
  layers,
}: Pick<LoadedConfiguration, 'configuration' | 'layers'>): UpdateWishes {
  const of = <T>(key: keyof typeof updates, value: T) => ({
    value,
    origin: layers.placeOf(['updates', key])?.layer ?? ('built-in' as const),
  });
  const { organisation } = layers;
  const { enabled, channel, version, server } = updates;
  return {
    enabled: of('enabled', enabled),
    channel: {
      ...of('channel', channel),
      locked: organisation !== undefined && isLocked(organisation, ['updates', 'channel']),
    },
    ...(version === undefined ? {} : { version: of('version', version) }),
    ...(server === undefined ? {} : { server: of('server', server) }),
  };
}
