import type { PolicyChange } from '../../main/contract/shapes.ts';
import type { AppState } from '../../main/contract/state.ts';
import { security as t } from '../texts/en/security.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { protocolTitles } from '../ui/protocols.ts';
import { UnderWay } from '../ui/reading.tsx';
import { lifetime } from '../ui/time.ts';
import { ChoiceRow } from './choice-row.tsx';
import styles from './settings.module.css';
import { useAdministration } from './step-up.tsx';

type Policies = NonNullable<AppState['policies']>;
type Lock = Policies['onLock']['value'];

const onLock = (): Record<Lock, string> => ({
  keep: t.loginsAndDatabaseSessionsGoOn,
  cut: t.tokensAndDatabaseSessionsEnd,
  'sign-out': t.everyAccountIsSignedOutTokens,
});
const onLockShort = (): Record<Lock, string> => ({
  keep: t.everythingGoesOn,
  cut: t.tokensAndSessionsEnd,
  'sign-out': t.everybodyIsSignedOut,
});

const setBy = (): Record<Policies['onLock']['origin'], string> => ({
  'built-in': t.notSetThisIsWhatLatchkey,
  organisation: t.setByYourOrganisation,
  person: t.setInYourConfigurationFile,
});

/** In seconds; the longest is what the configuration allows. */
const times = [5, 8, 12, 20, 30, 45, 50];

/** What counts for a locked screen and for logins that wait, and the way to change it. */
export function PoliciesSection({ policies }: { policies: Policies | undefined }) {
  const action = useAdministration();
  const announce = useAnnounce();
  if (policies === undefined) return null;
  const { onLock: lock, holds } = policies;

  async function change(wanted: PolicyChange): Promise<void> {
    if ((await action.run('setPolicies', wanted)) !== undefined) announce(t.policySaved);
  }

  return (
    <section className={styles['section']} aria-labelledby="policies">
      <h2 id="policies">{t.lockedScreenAndWaitingLogins}</h2>
      <div className={styles['panel']}>
        <Policy
          label={t.whenTheScreenIsLocked}
          hint={onLock()[lock.value]}
          setting="session.onLock"
          of={lock}
          options={Object.entries(onLockShort())}
          onChange={(value) => void change({ onLock: value as Lock })}
        />
        {holds.map((hold) => (
          <Policy
            key={hold.protocol}
            label={t.howLongALoginWaitsFor(protocolTitles[hold.protocol])}
            hint={t.programsWhoseOwnPatienceIs}
            setting={`hold.${hold.protocol}`}
            of={hold}
            options={timesWith(hold.value)}
            onChange={(value) => void change({ hold: { [hold.protocol]: Number.parseInt(value, 10) } })}
          />
        ))}
      </div>
      <UnderWay busy={action.busy} />
      <ProblemPanel problem={action.problem} onDismiss={action.dismiss} />
    </section>
  );
}

/** Also what the file has, where that is none of them. */
function timesWith(value: string): [value: string, words: string][] {
  const all = times.map((seconds): [string, string] => [`${seconds}s`, lifetime(seconds)]);
  return all.some(([known]) => known === value) ? all : [[value, value], ...all];
}

function Policy(props: {
  label: string;
  hint: string;
  /** Its name in the configuration file. */
  setting: string;
  of: Policies['onLock'] | Policies['holds'][number];
  options: readonly (readonly [value: string, words: string])[];
  onChange(value: string): void;
}) {
  const { of } = props;
  return (
    <ChoiceRow
      label={props.label}
      value={of.value}
      options={props.options}
      isFixed={of.locked === true}
      onChange={props.onChange}
    >
      <small>{props.hint}</small>
      <small>
        {setBy()[of.origin]}: <code>{props.setting}</code>
      </small>
    </ChoiceRow>
  );
}
