import { useState } from 'react';
import type { Problem } from '../../main/contract/errors.ts';
import type { Proof } from '../../main/contract/proof.ts';
import type { SignedInAccount } from '../../main/contract/state.ts';
import { type ActionRunner, useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { signIn as t } from '../texts/en/sign-in.ts';
import { Button } from '../ui/button.tsx';
import { CodeForm } from '../ui/code-form.tsx';
import layout from '../ui/layout.module.css';
import { Modal } from '../ui/modal.tsx';
import { Name } from '../ui/name.tsx';
import { PhoneNumber } from '../ui/phone-number.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import type { Outcome, Pending } from './pending-proof.ts';

/** Asks for the proof, by what the person has. */
export function StepUpDialog(props: {
  pending: Pending;
  several: boolean;
  /** That the phone shows. */
  number: string | undefined;
  onSettled(outcome: Outcome | undefined): void;
  /** A new sign-in has begun. */
  onSignIn(): void;
}) {
  const { pending, several, onSettled } = props;
  const cancel = (): void => onSettled(undefined);
  return (
    <Modal title={t.confirmThatItIsYou} onEscape={cancel}>
      {several && pending.account !== undefined && (
        <p>{t.asIt(<Name>{pending.account.account.username}</Name>)}</p>
      )}
      {pending.means === 'sign-in' ? (
        <SignInAgain
          account={pending.account}
          several={several}
          problem={pending.problem}
          onStarted={() => {
            cancel();
            props.onSignIn();
          }}
          onCancel={cancel}
        />
      ) : (
        <Prove pending={pending} number={props.number} onSettled={onSettled} />
      )}
    </Modal>
  );
}

function Prove(props: {
  pending: Pending;
  number: string | undefined;
  onSettled(outcome: Outcome | undefined): void;
}) {
  const { pending, onSettled } = props;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  async function give(proof: Proof): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    const outcome = await pending.send(proof);
    setBusy(false);
    // What is wrong with the change itself is told where it was made.
    if (!outcome.ok && /^(mfa-|push-)/.test(outcome.problem.code)) setProblem(outcome.problem);
    else onSettled(outcome);
  }

  const cancel = (
    <Button kind="quiet" onClick={() => onSettled(undefined)}>
      {common.cancel}
    </Button>
  );
  if (pending.means === 'code') {
    const action: ActionRunner = {
      busy,
      problem,
      dismiss: () => setProblem(undefined),
      run: async () => undefined,
    };
    return (
      <>
        <p>{t.thisChangesWhoMayDecideHere}</p>
        <CodeForm
          label={t.codeOfYourAuthenticator}
          hint={t.sixDigitsOrOneOfYour}
          submit={t.confirm}
          action={action}
          focusAtFirst
          onCode={(code) => void give({ code })}
        >
          {cancel}
        </CodeForm>
      </>
    );
  }
  return (
    <>
      <p>{t.thisNeedsYourPhone}</p>
      {props.number !== undefined && <PhoneNumber number={props.number} />}
      <ProblemPanel problem={problem} />
      <div className={layout['buttons']}>
        <Button kind="primary" busy={busy} onClick={() => void give({ phone: true })}>
          {busy ? t.waitingForThePhone : t.askMyPhone}
        </Button>
        {cancel}
      </div>
    </>
  );
}

function SignInAgain(props: {
  account: SignedInAccount | undefined;
  several: boolean;
  problem: Problem | undefined;
  onStarted(): void;
  onCancel(): void;
}) {
  const { account } = props;
  const start = useAction();
  return (
    <>
      <p>{t.thisNeedsANewSignIn}</p>
      <ProblemPanel problem={start.problem} />
      <div className={layout['buttons']}>
        {account !== undefined && (
          <Button
            kind="primary"
            busy={start.busy}
            onClick={() =>
              void start
                .run('signIn', {
                  provider: account.account.provider,
                  ...(props.several ? { username: account.account.username } : {}),
                  anew: true,
                })
                .then((done) => (done === undefined ? undefined : props.onStarted()))
            }
          >
            {t.signInAgain}
          </Button>
        )}
        <Button kind="quiet" onClick={props.onCancel}>
          {common.cancel}
        </Button>
      </div>
    </>
  );
}
