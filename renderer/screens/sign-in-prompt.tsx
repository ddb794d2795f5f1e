import { assertNever } from '../../main/contract/errors.ts';
import type { SignInPrompt, SignInState } from '../../main/contract/state.ts';
import { type ActionRunner, useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { prompts as t } from '../texts/en/prompts.ts';
import { signIn as signInTexts } from '../texts/en/sign-in.ts';
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
      heading={t.signInToReach(<Name>{props.title}</Name>)}
      facts={<Directory signIn={signIn} />}
      lead={t.aToolWantsToLogIn}
      whenNoneWaits={t.signInThenConnectAgain}
      no={signInTexts.cancelSignIn}
      refused={t.cancelled}
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
          <p className={styles['lead']}>{t.application(signIn.applicationId)}</p>
          <PageHelp signIn={signIn} other={undefined} />
        </>
      );
    case 'signed-out':
      return (
        <>
          <TimeLeft from={prompt.since} until={prompt.expiresAt} />
          <div>
            <Button kind="primary" busy={action.busy} onClick={() => void action.run('signIn', {})}>
              {common.signIn}
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
              ? signInTexts.signedInReadingYourGroups
              : signInTexts.contactingTheDirectory}
          </p>
        </>
      );
    case 'browser':
      return (
        <>
          <TimeLeft from={signIn.startedAt} until={signIn.expiresAt} />
          <p className={styles['step']}>{t.thePageIsOpenInYourBrowser}</p>
        </>
      );
    case 'signed-in':
      return <p className={styles['step']}>{t.youAreSignedIn}</p>;
    default:
      return assertNever(signIn);
  }
}

/** Where the code or the page leads. */
function Directory({ signIn }: { signIn: SignInState }) {
  if (signIn.kind !== 'code' && signIn.kind !== 'browser') return null;
  return (
    <>
      <dt>{common.directory}</dt>
      <dd>
        <Name>{signIn.provider}</Name> <small>{t.inTenant(<Name>{signIn.tenant}</Name>)}</small>
      </dd>
    </>
  );
}

function TimeLeft(props: { from: string; until: string }) {
  return (
    <Countdown
      {...props}
      left={signInTexts.waitsForAnother}
      over={signInTexts.theTimeForThisSignIn}
      soon={signInTexts.theSignInWaitsForOne}
    />
  );
}
