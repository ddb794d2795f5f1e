import { assertNever } from '../../main/contract/errors.ts';
import type { Forbidden } from '../../main/contract/forbidden.ts';
import type { AppState } from '../../main/contract/state.ts';
import { Name } from '../ui/name.tsx';
import styles from './settings.module.css';

/** The settings of the organisation, where there are any: what a person cannot change, and what does not count for that. */
export function OrganisationSection({ settings }: { settings: AppState['organisationSettings'] }) {
  if (settings === undefined) return undefined;
  const { origin, locked, forbid, ignored } = settings;
  return (
    <section className={styles['section']} aria-labelledby="organisation">
      <h2 id="organisation">Your organisation</h2>
      <div className={styles['panel']}>
        <div className={styles['row']}>
          <div className={styles['what']}>
            Your organisation has settings for this computer. What it does not set is yours.
            <small>
              <Name>{origin}</Name>
            </small>
          </div>
        </div>
        <Listed title="You cannot change" items={locked} />
        <Listed title="You cannot have" items={forbid.map(forbiddenText)} />
        <Listed title="Of your file this does not count" items={ignored} />
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
      return 'providers of your own';
    case 'connections':
      return 'connections of your own';
    case 'break-glass':
      return 'break-glass accounts of your own';
    case 'commands':
      return 'connections of your own that run commands';
    default:
      return assertNever(what);
  }
}
