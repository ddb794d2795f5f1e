import { useRef, useState } from 'react';
import type { Enrolment } from '../../main/contract/ipc.ts';
import type { SecondFactor } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { CodeForm } from '../ui/code-form.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { PhoneNumber } from '../ui/phone-number.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { Qr } from '../ui/qr.tsx';
import styles from './security.module.css';

type Task =
  | { kind: 'none' }
  /** A code of the authenticator, before a phone may be added or removed. */
  | { kind: 'prove'; next: 'enrol' | 'remove' }
  | { kind: 'enrol'; enrolment: Enrolment };

/** The phone that can be asked instead of typing a code. */
export function Phone({ push, hasAuthenticator }: { push: SecondFactor['push']; hasAuthenticator: boolean }) {
  const [task, setTask] = useState<Task>({ kind: 'none' });
  const begin = useAction();
  const confirm = useAction();
  const remove = useAction();
  const announce = useAnnounce();
  const heading = useRef<HTMLHeadingElement>(null);

  function end(text?: string): void {
    setTask({ kind: 'none' });
    for (const action of [begin, confirm, remove]) action.dismiss();
    heading.current?.focus();
    if (text !== undefined) announce(text);
  }

  async function enrol(code?: string): Promise<void> {
    const done = await begin.run('enrolPush', code === undefined ? {} : { code });
    if (done !== undefined) setTask({ kind: 'enrol', enrolment: done.reply });
  }

  async function tryPhone(): Promise<void> {
    if ((await confirm.run('confirmPush', undefined)) !== undefined) end('Phone set up');
  }

  async function removeWith(code: string): Promise<void> {
    if ((await remove.run('removePush', { code })) !== undefined) end('Phone removed');
  }

  return (
    <section className={styles['section']} aria-labelledby="phone">
      <div className={styles['head']}>
        <h2 id="phone" ref={heading} tabIndex={-1}>
          Phone
        </h2>
        <Badge tone={push.enrolled ? 'good' : 'waiting'}>
          {push.enrolled ? 'Set up' : push.available ? 'Not set up' : 'Not offered'}
        </Badge>
      </div>
      <div className={styles['card']}>
        {task.kind === 'none' && (
          <>
            <p className={styles['soft']}>{about(push, hasAuthenticator)}</p>
            <ProblemPanel problem={begin.problem} onDismiss={begin.dismiss} />
            {push.available && hasAuthenticator && (
              <div className={styles['buttons']}>
                <Button
                  kind={push.enrolled ? 'secondary' : 'primary'}
                  onClick={() => setTask({ kind: 'prove', next: 'enrol' })}
                >
                  {push.enrolled ? 'Set up another one' : 'Set up a phone'}
                </Button>
                {push.enrolled && (
                  <Button
                    kind="danger"
                    label="Remove the phone"
                    onClick={() => setTask({ kind: 'prove', next: 'remove' })}
                  >
                    Remove
                  </Button>
                )}
              </div>
            )}
          </>
        )}
        {task.kind === 'prove' && (
          <CodeForm
            key={task.next}
            label="Code of your authenticator"
            hint="Six digits, or one of your recovery codes."
            submit={task.next === 'enrol' ? 'Go on' : 'Remove phone'}
            kind={task.next === 'enrol' ? 'primary' : 'danger'}
            action={task.next === 'enrol' ? begin : remove}
            focusAtFirst
            onCode={(code) => void (task.next === 'enrol' ? enrol(code) : removeWith(code))}
          >
            <Button kind="quiet" onClick={() => end()}>
              Cancel
            </Button>
          </CodeForm>
        )}
        {task.kind === 'enrol' && (
          <ol className={styles['steps']}>
            <Subscribe enrolment={task.enrolment} />
            <li>
              <div className={styles['step']}>
                <h3>Try it</h3>
                <p>Latchkey sends a request with three numbers to choose from. It approves nothing.</p>
                {push.testNumber !== undefined && <PhoneNumber number={push.testNumber} />}
                <ProblemPanel problem={confirm.problem} />
                <div className={styles['buttons']}>
                  <Button kind="primary" busy={confirm.busy} onClick={() => void tryPhone()}>
                    <Icon name="phone" size={18} />
                    {confirm.busy ? 'Waiting for the phone…' : 'Send the request'}
                  </Button>
                  <Button kind="quiet" onClick={() => end()}>
                    Cancel
                  </Button>
                </div>
              </div>
            </li>
          </ol>
        )}
      </div>
    </section>
  );
}

function about(push: SecondFactor['push'], hasAuthenticator: boolean): string {
  if (!push.available) return 'Your administrator has not set up a server that can reach phones.';
  if (!hasAuthenticator) {
    return push.enrolled
      ? 'A phone is set up. Set up an authenticator application before you change or remove it.'
      : 'Set up an authenticator application first: it is the way back in when the phone is lost.';
  }
  return push.enrolled
    ? 'At a login your phone can be asked: it shows three numbers, and you choose the one on this screen.'
    : 'With the ntfy application your phone can be asked at a login: it shows three numbers, and you choose the one on this screen.';
}

function Subscribe({ enrolment }: { enrolment: Enrolment }) {
  return (
    <li>
      <div className={styles['step']}>
        <h3>Subscribe in the ntfy application</h3>
        <div className={styles['scan']}>
          <Qr
            modules={enrolment.qr}
            label="QR code with the topic for your phone. The same topic is written out beside it."
          />
          <div>
            <p>
              Scan this with the camera, or add a subscription on the server{' '}
              <Name>{new URL(enrolment.uri).host}</Name> to this topic:
            </p>
            <code className={styles['key']} data-testid="key">
              {enrolment.key}
            </code>
            <p className={styles['soft']}>Whoever knows the topic can read who logs in where.</p>
          </div>
        </div>
      </div>
    </li>
  );
}
