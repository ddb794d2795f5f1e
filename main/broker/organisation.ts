import type { Reloaded } from '../contract/shapes.ts';
import type { AppState } from '../contract/state.ts';
import type { Closers } from '../base/closers.ts';
import { checkOrganisation, emptyConfiguration } from '../config/load.ts';
import { openMembership } from '../organisation/membership.ts';
import { lookedAt, refusePrograms } from '../organisation/preview.ts';
import { bundleLayer, refuseBesideMachine } from '../organisation/source.ts';
import { createIfMissing } from '../store/edit-file.ts';
import type { PartOptions, Services } from './options.ts';
import type { People } from './people.ts';
import type { Reload } from './reload.ts';

export type OrganisationPart = Awaited<ReturnType<typeof openOrganisation>>;

/** The organisation that was joined by its address: what it sets counts by the same reload as the person's file. */
export async function openOrganisation(
  options: PartOptions,
  { open }: Closers,
  services: Services,
  { configurationFile }: Pick<People, 'configurationFile'>,
  reload: Pick<Reload, 'load' | 'preview'>,
) {
  const { inForce, organisation, fetchWith } = options;
  const { kept, machine } = organisation;
  let applied: Reloaded | undefined;
  const membership = await open(
    'organisation',
    () =>
      openMembership({
        ...services,
        kept,
        fetch: fetchWith(undefined),
        mayJoin: () => refuseBesideMachine(machine),
        checkBundle: (bundle, address) => void checkOrganisation(bundleLayer(bundle, address)),
        async checkWithPerson(bundle, address) {
          // With an organisation it may be missing; without one it is what Latchkey starts with.
          if (bundle === undefined) await createIfMissing(configurationFile.path, emptyConfiguration);
          const { person } = await configurationFile.texts();
          await reload.preview({ person, organisation: bundle && bundleLayer(bundle, address) });
        },
        apply: async () => {
          applied = await reload.load('organisation');
        },
      }),
    (opened) => opened.close(),
  );
  membership.begin();
  return {
    look: async (address: string) => lookedAt(await membership.look(address)),
    /** @param isProved whether whoever joins has proved who they are */
    join: (address: string, hash: string | undefined, isProved: boolean) =>
      membership.join(address, hash, isProved ? undefined : refusePrograms),
    leave: membership.leave,
    refresh: membership.refresh,
    /** Makes the configuration count as it is now; whoever asks for it wants the newest bundle, too. */
    async reload(how: 'asked' | 'signal'): Promise<Reloaded> {
      applied = undefined;
      if (how === 'asked') await membership.refresh();
      const { changes = [], ended = 0 } = applied ?? ({} as Partial<Reloaded>);
      const done = await reload.load(how);
      return { ...done, changes: [...changes, ...done.changes], ended: ended + done.ended };
    },
    state(): Pick<AppState, 'joinedOrganisation'> {
      const joined = membership.state();
      if (joined === undefined) return {};
      return { joinedOrganisation: { ...joined, counts: inForce.organisation?.label === joined.url } };
    },
  };
}
