import type { MfaPrompt } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { CodeForm } from '../ui/code-form.tsx';
import { Countdown } from '../ui/countdown.tsx';
import { Icon } from '../ui/icon.tsx';
import { Modal } from '../ui/modal.tsx';
import { Name } from '../ui/name.tsx';
import { PhoneNumber } from '../ui/phone-number.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { timeOfDay, useNow } from '../ui/time.ts';
import styles from './prompt-dialog.module.css';

/** Who wants in where, and the ways to say yes or no. It closes when main says that the prompt is over. */
export function PromptDialog(props: {
  prompt: MfaPrompt;
  /** Of the connection. */
  title: string;
  /** How many prompts wait behind this one. */
  others: number;
  lockedUntil: string | undefined;
  onHide(): void;
  /** It has been answered; the text says how. */
  onSettled(text: string): void;
}) {
  const { prompt, title } = props;
  const { id, methods } = prompt;
  const deny = useAction();
  const asksBoth = methods.includes('totp') && methods.includes('push');

  async function refuse(): Promise<void> {
    if ((await deny.run('denyPrompt', { id })) !== undefined)
      props.onSettled('Denied. The login is refused.');
  }

  const accepted = () => props.onSettled('Accepted. The login goes on.');

  return (
    <Modal
      title={
        <>
          Second factor for <Name>{title}</Name>
        </>
      }
      onEscape={props.onHide}
    >
      <p className={styles['lead']}>Approve only if you have just started this login yourself.</p>
      <Facts prompt={prompt} title={title} />
      <Countdown
        from={prompt.since}
        until={prompt.expiresAt}
        left="Can be answered for another"
        over="The time to answer is over"
        soon="The prompt can be answered for half a minute more"
        soonMs={30_000}
      />
      {methods.includes('totp') && <Code id={id} lockedUntil={props.lockedUntil} onAccepted={accepted} />}
      {asksBoth && <p className={styles['or']}>or</p>}
      {methods.includes('push') && <Phone prompt={prompt} onAccepted={accepted} />}
      <ProblemPanel problem={deny.problem} />
      <div className={styles['foot']}>
        <Button kind="danger" busy={deny.busy} onClick={() => void refuse()}>
          Deny
        </Button>
        <Button kind="quiet" onClick={props.onHide}>
          Not now
        </Button>
        {props.others > 0 && (
          <small>{props.others === 1 ? 'One more waits' : `${props.others} more wait`} after this one</small>
        )}
      </div>
    </Modal>
  );
}

function Facts({ prompt, title }: { prompt: MfaPrompt; title: string }) {
  return (
    <dl className={styles['facts']}>
      <dt>Program</dt>
      <dd>
        {prompt.program === '' ? (
          'does not say its name'
        ) : (
          <>
            <small>calls itself</small> <Name>{prompt.program}</Name>
          </>
        )}
      </dd>
      <dt>Connection</dt>
      <dd>
        <Name>{title}</Name>
      </dd>
      <dt>Database</dt>
      <dd>
        <Name>{prompt.database}</Name>
      </dd>
      <dt>Role</dt>
      <dd>
        <Name>{prompt.role}</Name>
      </dd>
      <dt>From</dt>
      <dd>{prompt.address === 'unix' ? 'this computer (unix socket)' : <Name>{prompt.address}</Name>}</dd>
      <dt>Waiting</dt>
      <dd>{waiting(prompt.waiting)}</dd>
    </dl>
  );
}

function waiting(count: number): string {
  if (count === 0) return 'no login any more; your answer counts for the next one';
  return count === 1 ? '1 login' : `${count} logins`;
}

function Code(props: { id: string; lockedUntil: string | undefined; onAccepted(): void }) {
  const { id, lockedUntil } = props;
  const answer = useAction();
  const now = useNow(1000);

  async function submit(code: string): Promise<void> {
    if ((await answer.run('answerPrompt', { id, code })) !== undefined) props.onAccepted();
  }

  if (lockedUntil !== undefined && Date.parse(lockedUntil) > now) {
    return (
      <Callout icon="clock" title={`No code is taken until ${timeOfDay(lockedUntil, now)}`}>
        <p>There were too many wrong ones.</p>
      </Callout>
    );
  }
  return (
    <CodeForm
      label="Code of your authenticator"
      hint="Six digits, or one of your recovery codes."
      submit="Approve"
      action={answer}
      focusAtFirst
      onCode={(code) => void submit(code)}
    />
  );
}

function Phone({ prompt, onAccepted }: { prompt: MfaPrompt; onAccepted: () => void }) {
  const ask = useAction();
  const { id, pushNumber, pushProblem, methods } = prompt;
  const problem = ask.problem ?? pushProblem;

  async function askPhone(): Promise<void> {
    if ((await ask.run('askPhone', { id })) !== undefined) onAccepted();
  }

  return (
    <>
      {pushNumber === undefined ? (
        <div>
          <Button
            kind={methods.includes('totp') ? 'secondary' : 'primary'}
            busy={ask.busy}
            onClick={() => void askPhone()}
          >
            <Icon name="phone" size={18} />
            {ask.busy ? 'Asking your phone…' : 'Ask my phone'}
          </Button>
        </div>
      ) : (
        <PhoneNumber number={pushNumber} />
      )}
      <ProblemPanel problem={pushNumber === undefined && !ask.busy ? problem : undefined} />
    </>
  );
}
