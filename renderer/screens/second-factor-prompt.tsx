import type { MfaPrompt } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { prompts as t } from '../texts/en/prompts.ts';
import { signIn } from '../texts/en/sign-in.ts';
import { Button } from '../ui/button.tsx';
import { CodeForm } from '../ui/code-form.tsx';
import { Countdown } from '../ui/countdown.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { PhoneNumber } from '../ui/phone-number.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { timeOfDay, useNow } from '../ui/time.ts';
import styles from './prompt-dialog.module.css';
import { PromptFrame, type PromptProps } from './prompt-frame.tsx';
import { usePromptShell } from './prompt-shell.tsx';

/** A login needs a code or the phone. */
export function SecondFactorPrompt(props: PromptProps<MfaPrompt> & { lockedUntil: string | undefined }) {
  const { prompt } = props;
  const { id, methods, pushNumber } = prompt;
  const asksBoth = methods.includes('totp') && methods.includes('push');
  const or = asksBoth && <p className={styles['or']}>{t.or}</p>;
  const lead = prompt.also === undefined ? t.approveOnlyThisLogin : t.approveOnlyTheseLogins;
  const accepted = () => props.onSettled(t.accepted);

  return (
    <PromptFrame
      asked={props}
      heading={t.secondFactorFor(<Name>{props.title}</Name>)}
      lead={prompt.mode === 'session' ? t.countsForThisSignIn(lead) : lead}
      whenNoneWaits={t.countsForTheNextOne}
      no={t.deny}
      refused={t.deniedTheLogin}
    >
      <Countdown
        from={prompt.since}
        until={prompt.expiresAt}
        left={t.canBeAnsweredForAnother}
        over={t.theTimeToAnswerIsOver}
        soon={t.canBeAnsweredForHalfAMinute}
        soonMs={30_000}
      />
      {/* It has to be compared with the phone: nobody may have to look for it. */}
      {pushNumber !== undefined && <PhoneNumber number={pushNumber} />}
      {pushNumber !== undefined && or}
      {methods.includes('totp') && <Code id={id} lockedUntil={props.lockedUntil} onAccepted={accepted} />}
      {pushNumber === undefined && or}
      {methods.includes('push') && <Phone prompt={prompt} onAccepted={accepted} />}
    </PromptFrame>
  );
}

function Code(props: { id: string; lockedUntil: string | undefined; onAccepted(): void }) {
  const { id, lockedUntil } = props;
  const answer = useAction();
  const { startsOnText } = usePromptShell();
  const now = useNow(1000);

  async function submit(code: string): Promise<void> {
    if ((await answer.run('answerPrompt', { id, code })) !== undefined) props.onAccepted();
  }

  if (lockedUntil !== undefined && Date.parse(lockedUntil) > now) {
    return (
      <Callout icon="clock" title={t.noCodeIsTakenUntil(timeOfDay(lockedUntil, now))}>
        <p>{t.tooManyWrongOnes}</p>
      </Callout>
    );
  }
  return (
    <CodeForm
      label={signIn.codeOfYourAuthenticator}
      hint={t.sixDigitsPasteSends}
      submit={t.approve}
      action={answer}
      focusAtFirst={!startsOnText}
      sendsPaste
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
      {pushNumber === undefined && (
        <div>
          <Button
            kind={methods.includes('totp') ? 'secondary' : 'primary'}
            busy={ask.busy}
            onClick={() => void askPhone()}
          >
            <Icon name="phone" size={18} />
            {ask.busy ? t.askingYourPhone : signIn.askMyPhone}
          </Button>
        </div>
      )}
      <ProblemPanel problem={pushNumber === undefined && !ask.busy ? problem : undefined} />
    </>
  );
}
