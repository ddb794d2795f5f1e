import { openAudit } from '../audit/audit.ts';
import { actorOf } from '../audit/actor.ts';
import { createFetch } from '../base/http.ts';
import {
  checkOrganisation,
  configurationTexts,
  emptyConfiguration,
  loadedFrom,
  type ConfigurationSource,
} from '../config/load.ts';
import { demandWhole } from '../config/faulty.ts';
import { createIfMissing } from '../store/edit-file.ts';
import { openHome } from '../store/home.ts';
import { keptOrganisation } from './kept.ts';
import { openMembership, type Membership } from './membership.ts';
import { bundleLayer, refuseBesideMachine } from './source.ts';

/**
 * The membership of a home while no broker runs: what is joined or left counts from the next start. It is for whoever owns
 * the home and the configuration file, and could write both.
 * @param source the person's file, and the file of this computer
 * @throws LatchkeyError `home-in-use` where a broker runs, and what `use` throws
 */
export async function withMembership<T>(
  { homePath, source }: { homePath: string; source: ConfigurationSource },
  use: (membership: Membership) => Promise<T>,
): Promise<T> {
  const home = await openHome(homePath);
  const closers: (() => Promise<void> | void)[] = [() => home.close()];
  try {
    const uid = process.getuid?.();
    const audit = await openAudit({ folder: home.audit, actor: (event) => actorOf(event, { uid }) });
    closers.push(() => audit.close());
    const { fetch, close } = createFetch();
    closers.push(close);
    const membership = await openMembership({
      kept: keptOrganisation(home.path),
      fetch,
      audit,
      mayJoin: () => refuseBesideMachine(source.organisation),
      checkBundle: (bundle, address) => void checkOrganisation(bundleLayer(bundle, address)),
      async checkWithPerson(bundle, address) {
        // Without an organisation the file is what Latchkey starts with.
        if (bundle === undefined) await createIfMissing(source.file, emptyConfiguration);
        const organisation = bundle && bundleLayer(bundle, address);
        const read = async () => organisation;
        const texts = await configurationTexts({ ...source, organisation: { read, files: [] } });
        demandWhole(loadedFrom(texts, source.file), source.file);
      },
      apply: async () => undefined,
      changed: () => undefined,
      log: () => undefined,
      now: Date.now,
    });
    closers.push(membership.close);
    return await use(membership);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}
