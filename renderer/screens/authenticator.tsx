import { useRef, useState } from 'react';
import type { Enrolment } from '../../main/contract/ipc.ts';
import type { SecondFactor } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { CodeForm } from '../ui/code-form.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { Qr } from '../ui/qr.tsx';
import { timeOfDay, useNow } from '../ui/time.ts';
import { RecoveryCodes } from './recovery-codes.tsx';
import styles from './security.module.css';

type Task =
  | { kind: 'none' }
  /** A code of the authenticator there is, before it may be changed. */
  | { kind: 'prove'; next: 'replace' | 'remove' }
  | { kind: 'enrol'; enrolment: Enrolment };

const fewCodes = 3;

/** The authenticator application: what is set up, and the ways to set up, replace and remove it. */
export function Authenticator({ totp, phone }: { totp: SecondFactor['totp']; phone: boolean }) {
  const [task, setTask] = useState<Task>({ kind: 'none' });
  // They live here only while they are shown.
  const [recoveryCodes, setRecoveryCodes] = useState<string[]>();
  const begin = useAction();
  const confirm = useAction();
  const remove = useAction();
  const announce = useAnnounce();
  const heading = useRef<HTMLHeadingElement>(null);

  /** The control that had the focus goes away with its step. */
  function end(text?: string): void {
    setTask({ kind: 'none' });
    for (const action of [begin, confirm, remove]) action.dismiss();
    heading.current?.focus();
    if (text !== undefined) announce(text);
  }

  async function enrol(code?: string): Promise<void> {
    const done = await begin.run('enrolTotp', code === undefined ? {} : { code });
    if (done !== undefined) setTask({ kind: 'enrol', enrolment: done.reply });
  }

  async function confirmWith(code: string): Promise<void> {
    const done = await confirm.run('confirmTotp', { code });
    if (done === undefined) return;
    setRecoveryCodes(done.reply.recoveryCodes);
    end();
  }

  async function removeWith(code: string): Promise<void> {
    if ((await remove.run('removeTotp', { code })) !== undefined) end('Authenticator removed');
  }

  return (
    <section className={styles['section']} aria-labelledby="authenticator">
      <div className={styles['head']}>
        <h2 id="authenticator" ref={heading} tabIndex={-1}>
          Authenticator application
        </h2>
        <Badge tone={totp.enrolled ? 'good' : 'waiting'}>{totp.enrolled ? 'Set up' : 'Not set up'}</Badge>
      </div>
      <div className={styles['card']}>
        <Lock until={totp.lockedUntil} />
        {task.kind === 'none' && (
          <>
            {totp.enrolled ? (
              <CodesLeft count={totp.recoveryCodesLeft} />
            ) : (
              <p className={styles['soft']}>
                An application on your phone shows six digits that change every half minute. Any that knows
                the usual standard (TOTP) will do.
              </p>
            )}
            <ProblemPanel problem={begin.problem} onDismiss={begin.dismiss} />
            <div className={styles['buttons']}>
              {totp.enrolled ? (
                <>
                  <Button onClick={() => setTask({ kind: 'prove', next: 'replace' })}>
                    Set up another one
                  </Button>
                  <Button
                    kind="danger"
                    label="Remove the authenticator"
                    onClick={() => setTask({ kind: 'prove', next: 'remove' })}
                  >
                    Remove
                  </Button>
                </>
              ) : (
                <Button kind="primary" busy={begin.busy} onClick={() => void enrol()}>
                  Set up an authenticator
                </Button>
              )}
            </div>
          </>
        )}
        {task.kind === 'prove' && (
          <>
            <p>
              {task.next === 'replace'
                ? 'The new authenticator takes the place of this one, and new recovery codes that of the old ones.'
                : `Logins that ask for a second factor then ${phone ? 'need your phone' : 'refuse you'}.`}
            </p>
            <CodeForm
              key={task.next}
              label="Code of the authenticator you have now"
              hint="Six digits, or one of your recovery codes."
              submit={task.next === 'replace' ? 'Go on' : 'Remove authenticator'}
              kind={task.next === 'replace' ? 'primary' : 'danger'}
              action={task.next === 'replace' ? begin : remove}
              focusAtFirst
              onCode={(code) => void (task.next === 'replace' ? enrol(code) : removeWith(code))}
            >
              <Button kind="quiet" onClick={() => end()}>
                Cancel
              </Button>
            </CodeForm>
          </>
        )}
        {task.kind === 'enrol' && (
          <ol className={styles['steps']}>
            <Scan enrolment={task.enrolment} />
            <li>
              <div className={styles['step']}>
                <h3>Enter the code that it shows</h3>
                <CodeForm
                  label="Six digits"
                  submit="Confirm"
                  action={confirm}
                  focusAtFirst
                  onCode={(code) => void confirmWith(code)}
                >
                  <Button kind="quiet" onClick={() => end()}>
                    Cancel
                  </Button>
                </CodeForm>
              </div>
            </li>
          </ol>
        )}
      </div>
      {recoveryCodes !== undefined && (
        <RecoveryCodes
          codes={recoveryCodes}
          onStored={() => {
            setRecoveryCodes(undefined);
            announce('Authenticator set up');
          }}
        />
      )}
    </section>
  );
}

function Scan({ enrolment }: { enrolment: Enrolment }) {
  return (
    <li>
      <div className={styles['step']}>
        <h3>Scan this with the application</h3>
        <div className={styles['scan']}>
          <Qr
            modules={enrolment.qr}
            label="QR code with the key for your authenticator. The same key is written out beside it."
          />
          <div>
            <p>No camera? Type in this key:</p>
            <code className={styles['key']} data-testid="key">
              {enrolment.key}
            </code>
            <p className={styles['soft']}>
              Kind: time-based, six digits, every 30 seconds. Whoever sees the key can make your codes.
            </p>
          </div>
        </div>
      </div>
    </li>
  );
}

function CodesLeft({ count }: { count: number }) {
  const words = count === 1 ? '1 recovery code is' : `${count === 0 ? 'No' : count} recovery codes are`;
  if (count > fewCodes) return <p>{words} left for the day when your phone is not at hand.</p>;
  return (
    <Callout icon="alert" title={`${words} left`}>
      <p>Set up the authenticator once more to get new ones.</p>
    </Callout>
  );
}

function Lock({ until }: { until: string | undefined }) {
  const now = useNow(1000);
  if (until === undefined || Date.parse(until) <= now) return null;
  return (
    <Callout icon="clock" title={`Locked until ${timeOfDay(until, now)}`}>
      <p>There were too many wrong codes. If they were not yours, tell your administrator.</p>
    </Callout>
  );
}
