import { assertNever } from '../../main/contract/errors.ts';
import type { Forbidden } from '../../main/contract/forbidden.ts';
import type { AppState } from '../../main/contract/state.ts';
import { organisation as t } from '../texts/en/organisation.ts';
import { Name } from '../ui/name.tsx';
import styles from './settings.module.css';

/** The settings of the organisation, where there are any: what a person cannot change, and what does not count for that. */
export function OrganisationSection({ settings }: { settings: AppState['organisationSettings'] }) {
  if (settings === undefined) return undefined;
  const { origin, locked, forbid, ignored } = settings;
  return (
    <section className={styles['section']} aria-labelledby="organisation">
      <h2 id="organisation">{t.yourOrganisation}</h2>
      <div className={styles['panel']}>
        <div className={styles['row']}>
          <div className={styles['what']}>
            {t.yourOrganisationHasSettingsFor}
            <small>
              <Name>{origin}</Name>
            </small>
          </div>
        </div>
        <Listed title={t.youCannotChange} items={locked} />
        <Listed title={t.youCannotHave} items={forbid.map(forbiddenText)} />
        <Listed title={t.ofYourFileThisDoesNot} items={ignored} />
      </div>
    </section>
  );
}

function Listed({ title, items }: { title: string; items: readonly string[] }) {
  if (items.length === 0) return undefined;
  return (
    <div className={styles['row']}>
      <div className={styles['what']}>
        {title}
        <ul>
          {items.map((item) => (
            <li key={item}>
              <Name>{item}</Name>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function forbiddenText(what: Forbidden): string {
  switch (what) {
    case 'providers':
      return t.providersOfYourOwn;
    case 'connections':
      return t.connectionsOfYourOwn;
    case 'break-glass':
      return t.breakGlassAccountsOfYourOwn;
    case 'commands':
      return t.connectionsOfYourOwnThatRun;
    default:
      return assertNever(what);
  }
}
