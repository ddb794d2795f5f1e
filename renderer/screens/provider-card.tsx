import { useRef, useState } from 'react';
import type { Check } from '../../main/contract/ipc.ts';
import type { ProviderState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { CheckList, countChecks } from '../ui/check-list.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { Switch } from '../ui/switch.tsx';
import { wayWords } from '../ui/ways.ts';
import { ProviderForm } from './provider-form.tsx';
import { ProviderSecret } from './provider-secret.tsx';
import styles from './providers.module.css';

type Task = 'none' | 'edit' | 'secret';

/** One provider of the chain. */
export function ProviderCard(props: {
  provider: ProviderState;
  /** In the chain, from 1. */
  position: number;
  /** Whether the person who is signed in has come through it. */
  signsIn: boolean;
  onRemoved(): void;
}) {
  const { provider, signsIn } = props;
  const { name, type, enabled } = provider;
  const [task, setTask] = useState<Task>('none');
  const [asking, setAsking] = useState<'remove' | 'disable'>();
  const [checks, setChecks] = useState<Check[]>();
  const change = useAction();
  const remove = useAction();
  const validate = useAction();
  const announce = useAnnounce();
  const heading = useRef<HTMLHeadingElement>(null);

  /** The form that had the focus goes away. */
  function end(text?: string): void {
    setTask('none');
    heading.current?.focus();
    if (text !== undefined) announce(text);
  }

  async function turn(on: boolean): Promise<boolean> {
    const done = await change.run('setProviderEnabled', { name, enabled: on });
    if (done !== undefined) announce(`${name} is turned ${on ? 'on' : 'off'}`);
    return done !== undefined;
  }

  async function check(): Promise<void> {
    const done = await validate.run('validateProvider', { name });
    if (done === undefined) return;
    setChecks(done.reply);
    announce(`${name} checked: ${countChecks(done.reply)}`);
  }

  return (
    <li className={`${styles['card']} ${enabled ? '' : styles['off']}`}>
      <div className={styles['head']}>
        <span className={styles['turn']} aria-hidden="true">
          {props.position}
        </span>
        <div className={styles['title']}>
          <h2 ref={heading} tabIndex={-1}>
            <Name>{name}</Name>
          </h2>
          <small>{type === 'local' ? 'Local, break-glass accounts' : 'Azure Directory'}</small>
        </div>
        <label className={styles['switch']}>
          {enabled ? 'On' : 'Off'}
          <Switch
            label={`${name} is turned on`}
            checked={enabled}
            onChange={(on) => {
              if (!on && signsIn) setAsking('disable');
              else void turn(on);
            }}
          />
        </label>
      </div>
      {type === 'azure-directory' && <Facts provider={provider} />}
      <ProblemPanel problem={asking === undefined ? change.problem : undefined} onDismiss={change.dismiss} />
      {task === 'none' ? (
        <div className={styles['buttons']}>
          {type === 'azure-directory' && (
            <>
              <Button label={`Edit ${name}`} onClick={() => setTask('edit')}>
                Edit
              </Button>
              <Button label={`Application secret of ${name}`} onClick={() => setTask('secret')}>
                Application secret
              </Button>
            </>
          )}
          <Button label={`Check ${name}`} busy={validate.busy} onClick={() => void check()}>
            Check
          </Button>
          <Button kind="danger" label={`Remove ${name}`} onClick={() => setAsking('remove')}>
            Remove
          </Button>
        </div>
      ) : (
        <div className={styles['task']}>
          {task === 'edit' ? (
            <ProviderForm provider={provider} onSaved={() => end(`${name} saved`)} onCancel={() => end()} />
          ) : (
            <ProviderSecret provider={provider} onDone={end} onCancel={() => end()} />
          )}
        </div>
      )}
      <output className={styles['progress']}>{validate.busy ? 'Checking…' : ''}</output>
      <ProblemPanel problem={validate.problem} onDismiss={validate.dismiss} />
      {checks !== undefined && !validate.busy && <CheckList checks={checks} label={`Findings for ${name}`} />}
      {asking !== undefined && (
        <ConfirmDialog
          question={asking === 'remove' ? removeQuestion(provider, signsIn) : disableQuestion(provider)}
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
  const { tenant, applicationId, domains, ways, hasSecret } = provider;
  return (
    <dl className={styles['facts']}>
      <dt>Tenant</dt>
      <dd>
        <Name>{tenant}</Name>
      </dd>
      <dt>Application id</dt>
      <dd>
        <Name>{applicationId}</Name>
      </dd>
      <dt>Domains</dt>
      <dd>{domains.length === 0 ? 'everybody whom the tenant knows' : <Name>{domains.join(', ')}</Name>}</dd>
      <dt>Sign-in</dt>
      <dd>{ways.map((way) => wayWords[way]).join(', then ')}</dd>
      <dt>Application secret</dt>
      <dd>{hasSecret ? 'stored, encrypted' : 'not stored'}</dd>
    </dl>
  );
}

const signedOut = 'You are signed in through it: your session, your tokens and your database sessions end.';

function removeQuestion({ name, type }: ProviderState, signsIn: boolean) {
  return {
    title: 'Remove this provider?',
    text: (
      <>
        <p>
          <Name>{name}</Name> goes from the configuration
          {type === 'local' ? '.' : ', and its application secret is forgotten.'}
        </p>
        {signsIn && <p>{signedOut}</p>}
      </>
    ),
    confirm: 'Remove provider',
  };
}

function disableQuestion({ name }: ProviderState) {
  return {
    title: 'Turn this provider off?',
    text: (
      <>
        <p>
          Nobody can sign in with <Name>{name}</Name> until it is turned on again.
        </p>
        <p>{signedOut}</p>
      </>
    ),
    confirm: 'Turn off',
  };
}
