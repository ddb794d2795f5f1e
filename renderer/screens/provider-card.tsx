import { useState } from 'react';
import type { Check } from '../../main/contract/shapes.ts';
import { secretEndText } from '../../main/contract/secret-end.ts';
import type { ProviderState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { providers as t } from '../texts/en/providers.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { CheckList } from '../ui/check-list.tsx';
import { countChecks } from '../ui/count-checks.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import layout from '../ui/layout.module.css';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { Switch } from '../ui/switch.tsx';
import { useTask } from '../ui/task.ts';
import { useNow } from '../ui/time.ts';
import { wayWords } from '../ui/ways.ts';
import { isLocked } from './organisation-locks.ts';
import { ProviderForm } from './provider-form.tsx';
import { ProviderSecret } from './provider-secret.tsx';
import { endsAtOnce } from './sign-out.tsx';
import { useAdministration } from './step-up.tsx';
import cards from '../ui/cards.module.css';
import { DirectoryDetails, TenantFact } from './directory-details.tsx';
import styles from './providers.module.css';

type Task = 'edit' | 'secret';

/** Accounts that have come through it, and their live database sessions. */
interface EndsWithIt {
  accounts: number;
  sessions: number;
}

/** One provider of the chain. */
export function ProviderCard(props: {
  provider: ProviderState;
  /** In the chain, from 1. */
  position: number;
  /** What ends with it. */
  ends: EndsWithIt;
  onRemoved(): void;
}) {
  const { provider, ends } = props;
  const { name, type, enabled, organisation } = provider;
  const locked = organisation?.locked ?? [];
  const { task, begin, end, anchor } = useTask<Task>();
  const [asking, setAsking] = useState<'remove' | 'disable'>();
  const [checks, setChecks] = useState<Check[]>();
  const change = useAdministration();
  const remove = useAdministration();
  const validate = useAction();
  const announce = useAnnounce();

  async function turn(on: boolean): Promise<boolean> {
    const done = await change.run('setProviderEnabled', { name, enabled: on });
    if (done !== undefined) announce(on ? t.turnedOn(name) : t.turnedOff(name));
    return done !== undefined;
  }

  async function check(): Promise<void> {
    const done = await validate.run('validateProvider', { name });
    if (done === undefined) return;
    setChecks(done.reply.checks);
    announce(t.checked(name, countChecks(done.reply.checks)));
  }

  return (
    <li className={`${cards['card']} ${enabled ? '' : styles['off']}`}>
      <div className={cards['head']}>
        <span className={styles['turn']} aria-hidden="true">
          {props.position}
        </span>
        <div className={cards['title']}>
          <h2 ref={anchor} tabIndex={-1}>
            <Name>{name}</Name>
          </h2>
          <small>
            {type === 'local' ? t.localBreakGlassAccounts : t.entra}
            {organisation !== undefined && t.ofYourOrganisation}
          </small>
        </div>
        {isLocked(locked, 'enabled') ? (
          <span className={styles['switch']}>{enabled ? t.on : t.off}</span>
        ) : (
          <label className={styles['switch']}>
            {enabled ? t.on : t.off}
            <Switch
              label={t.isTurnedOn(name)}
              checked={enabled}
              onChange={(on) => {
                if (!on && ends.accounts > 0) setAsking('disable');
                else void turn(on);
              }}
            />
          </label>
        )}
      </div>
      {type === 'azure-directory' && <Facts provider={provider} />}
      <ProblemPanel problem={asking === undefined ? change.problem : undefined} onDismiss={change.dismiss} />
      {task === undefined ? (
        <div className={layout['buttons']}>
          {type === 'azure-directory' && (
            <>
              {locked.length === 0 && (
                <Button label={t.edit(name)} onClick={() => begin('edit')}>
                  {common.edit}
                </Button>
              )}
              <Button label={t.applicationSecretOf(name)} onClick={() => begin('secret')}>
                {t.applicationSecret}
              </Button>
            </>
          )}
          <Button label={t.check(name)} busy={validate.busy} onClick={() => void check()}>
            {t.checkShort}
          </Button>
          {organisation === undefined && (
            <Button kind="danger" label={t.remove(name)} onClick={() => setAsking('remove')}>
              {common.remove}
            </Button>
          )}
        </div>
      ) : (
        <div className={cards['task']}>
          {task === 'edit' ? (
            <ProviderForm provider={provider} onSaved={() => end(t.saved(name))} onCancel={() => end()} />
          ) : (
            <ProviderSecret provider={provider} onDone={end} onCancel={() => end()} />
          )}
        </div>
      )}
      <output className={styles['progress']}>
        {validate.busy ? t.checking : change.busy ? common.workingOnIt : ''}
      </output>
      <ProblemPanel problem={validate.problem} onDismiss={validate.dismiss} />
      {checks !== undefined && !validate.busy && <CheckList checks={checks} label={t.findingsFor(name)} />}
      {asking !== undefined && (
        <ConfirmDialog
          question={asking === 'remove' ? removeQuestion(provider, ends) : disableQuestion(provider, ends)}
          action={asking === 'remove' ? remove : change}
          onConfirm={async () =>
            asking === 'remove' ? (await remove.run('removeProvider', { name })) !== undefined : turn(false)
          }
          onDone={() => {
            if (asking === 'remove') props.onRemoved();
          }}
          onClose={() => setAsking(undefined)}
        />
      )}
    </li>
  );
}

function Facts({ provider }: { provider: ProviderState }) {
  const { tenant, domains, ways, hasSecret, secretEnd } = provider;
  const now = useNow(3600_000);
  const end = secretEnd && secretEndText(secretEnd, now);
  return (
    <>
      <dl className={styles['facts']}>
        <TenantFact tenant={tenant} />
        <dt>{t.domains}</dt>
        <dd>{domains.length === 0 ? t.everybodyWhomTheTenantKnows : <Name>{domains.join(', ')}</Name>}</dd>
        <dt>{t.signIn}</dt>
        <dd>{ways.map((way) => wayWords()[way]).join(t.thenBy)}</dd>
        <dt>{t.applicationSecret}</dt>
        <dd>
          {hasSecret ? t.storedEncrypted : t.notStored}
          {end !== undefined && (
            <span className={end.isDue ? styles['due'] : undefined}>
              {end.isDue && <Icon name="alert" size={16} />}
              {` ${end.text}`}
            </span>
          )}
        </dd>
      </dl>
      <DirectoryDetails {...provider} />
    </>
  );
}

function Ends({ ends: { accounts, sessions } }: { ends: EndsWithIt }) {
  if (accounts === 0) return null;
  return (
    <p>
      {t.youAreSignedInThroughIt(accounts)}
      {sessions > 0 && ` ${endsAtOnce(sessions)}`}
    </p>
  );
}

function removeQuestion({ name, type }: ProviderState, ends: EndsWithIt) {
  return {
    title: t.removeThisProvider,
    text: (
      <>
        <p>
          {type === 'local'
            ? t.goesFromTheConfiguration(<Name>{name}</Name>)
            : t.goesWithItsSecret(<Name>{name}</Name>)}
        </p>
        <Ends ends={ends} />
      </>
    ),
    confirm: t.removeProvider,
  };
}

function disableQuestion({ name }: ProviderState, ends: EndsWithIt) {
  return {
    title: t.turnThisProviderOff,
    text: (
      <>
        <p>{t.nobodyCanSignInWithUntil(<Name>{name}</Name>)}</p>
        <Ends ends={ends} />
      </>
    ),
    confirm: t.turnOff,
  };
}
