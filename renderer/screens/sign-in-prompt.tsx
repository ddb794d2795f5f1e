import { assertNever } from '../../main/contract/errors.ts';
import type { SignInPrompt, SignInState } from '../../main/contract/state.ts';
import { type ActionRunner, useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { Countdown } from '../ui/countdown.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { CodeCard } from './code-card.tsx';
import { PageHelp } from './page-help.tsx';
import styles from './prompt-dialog.module.css';
import { PromptFrame, type PromptProps } from './prompt-frame.tsx';

/** A tool has come with its handle while nobody is signed in: its login goes on as soon as somebody is. */
export function SignInPromptDialog(props: PromptProps<SignInPrompt> & { signIn: SignInState }) {
  const { prompt, signIn } = props;
  const action = useAction();

  return (
    <PromptFrame
      asked={props}
      heading={
        <>
          Sign in to reach <Name>{props.title}</Name>
        </>
      }
      facts={<Directory signIn={signIn} />}
      lead="A tool wants to log in with its handle, and nobody is signed in. Its login goes on by itself once you are. Sign in only if you have just started the tool yourself."
      whenNoneWaits="sign in, then connect again"
      no="Cancel sign-in"
      refused="Cancelled. The login is refused."
    >
      <Step prompt={prompt} signIn={signIn} action={action} />
      <ProblemPanel problem={action.problem} />
    </PromptFrame>
  );
}

function Step(props: { prompt: SignInPrompt; signIn: SignInState; action: ActionRunner }) {
  const { prompt, signIn, action } = props;
  switch (signIn.kind) {
    case 'code':
      return (
        <>
          <CodeCard key={signIn.userCode} code={signIn} action={action} announces />
          <p className={styles['lead']}>Application {signIn.applicationId}</p>
          <PageHelp signIn={signIn} other={undefined} />
        </>
      );
    case 'signed-out':
      return (
        <>
          <TimeLeft from={prompt.since} until={prompt.expiresAt} />
          <div>
            <Button kind="primary" busy={action.busy} onClick={() => void action.run('signIn', {})}>
              Sign in
            </Button>
          </div>
        </>
      );
    case 'working':
      return (
        <>
          <TimeLeft from={prompt.since} until={prompt.expiresAt} />
          <p className={styles['step']}>
            {signIn.step === 'reading-groups'
              ? 'Signed in. Reading your groups…'
              : 'Contacting the directory…'}
          </p>
        </>
      );
    case 'browser':
      return (
        <>
          <TimeLeft from={signIn.startedAt} until={signIn.expiresAt} />
          <p className={styles['step']}>
            The sign-in page has been opened in your browser. Sign in there: Latchkey notices by itself.
          </p>
        </>
      );
    case 'signed-in':
      return <p className={styles['step']}>You are signed in. The login goes on.</p>;
    default:
      return assertNever(signIn);
  }
}

/** Where the code or the page leads. */
function Directory({ signIn }: { signIn: SignInState }) {
  if (signIn.kind !== 'code' && signIn.kind !== 'browser') return null;
  return (
    <>
      <dt>Directory</dt>
      <dd>
        <Name>{signIn.provider}</Name>{' '}
        <small>
          tenant <Name>{signIn.tenant}</Name>
        </small>
      </dd>
    </>
  );
}

function TimeLeft(props: { from: string; until: string }) {
  return (
    <Countdown
      {...props}
      left="Waits for another"
      over="The time for this sign-in is over"
      soon="The sign-in waits for one more minute"
    />
  );
}
