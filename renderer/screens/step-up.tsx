import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { Problem } from '../../main/contract/errors.ts';
import type { Outcome as OutcomeOf } from '../../main/contract/bridge.ts';
import type { Proof } from '../../main/contract/proof.ts';
import type { AppState, SignedInAccount } from '../../main/contract/state.ts';
import { type ActionRunner, type Through, useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { signIn as t } from '../texts/en/sign-in.ts';
import { Button } from '../ui/button.tsx';
import { CodeForm } from '../ui/code-form.tsx';
import layout from '../ui/layout.module.css';
import { Modal } from '../ui/modal.tsx';
import { Name } from '../ui/name.tsx';
import { PhoneNumber } from '../ui/phone-number.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { useAs, usualAccount } from './accounts.tsx';

/** What proves the person who is signed in; `sign-in` where they have no second factor. */
type Means = 'code' | 'phone' | 'sign-in';
type Outcome = OutcomeOf<'removeProvider'>;

interface Pending {
  means: Means;
  /** Whose proof it is. */
  account: SignedInAccount | undefined;
  /** Why it was asked for, where main has said so. */
  problem?: Problem;
  send(proof: Proof): Promise<Outcome>;
  /** Undefined where the person has cancelled. */
  settle(outcome: Outcome | undefined): void;
}

interface StepUpControl {
  /** Who acts: by its object id, or the account that stands for what names none. */
  actor(as: string | undefined): SignedInAccount | undefined;
  /** Whether it has to be said who acts. */
  several: boolean;
  ask(pending: Pending): void;
  /** Whether the dialog is open. */
  asks: boolean;
}

const StepUpContext = createContext<StepUpControl | undefined>(undefined);

/** Asks, in a dialog of its own, for the proof that an action of {@link useAdministration} takes. */
export function StepUp(props: { state: AppState; onSignIn(): void; children: ReactNode }) {
  const { state } = props;
  const [pending, setPending] = useState<Pending>();
  const asks = pending !== undefined;
  // As it is when something is done, so that a new snapshot alone changes nothing below.
  const latest = useRef(state);
  useEffect(() => {
    latest.current = state;
  }, [state]);
  const several = state.accounts.length > 1;
  const control = useMemo((): StepUpControl => {
    const actor = (as: string | undefined): SignedInAccount | undefined =>
      latest.current.accounts.find(({ account }) => account.objectId === as) ?? usualAccount(latest.current);
    return { actor, several, asks, ask: setPending };
  }, [several, asks]);
  const asked = state.accounts.find(({ account }) => account.objectId === pending?.account?.account.objectId);

  function settle(outcome: Outcome | undefined): void {
    pending?.settle(outcome);
    // The phone may answer after a cancel: what is asked by then is another one.
    setPending((current) => (current === pending ? undefined : current));
  }

  return (
    <StepUpContext value={control}>
      {props.children}
      {pending !== undefined && (
        <Modal title={t.confirmThatItIsYou} onEscape={() => settle(undefined)}>
          {several && pending.account !== undefined && (
            <p>{t.asIt(<Name>{pending.account.account.username}</Name>)}</p>
          )}
          {pending.means === 'sign-in' ? (
            <SignInAgain
              account={pending.account}
              several={several}
              problem={pending.problem}
              onStarted={() => {
                settle(undefined);
                props.onSignIn();
              }}
              onCancel={() => settle(undefined)}
            />
          ) : (
            <Prove pending={pending} number={asked?.secondFactor?.push.testNumber} onSettled={settle} />
          )}
        </Modal>
      )}
    </StepUpContext>
  );
}

/**
 * Whether a proof is being asked for. Nothing else that takes a code may come up meanwhile: the code that the person
 * types would let in somebody else.
 */
export function useAsksForProof(): boolean {
  return useContext(StepUpContext)?.asks ?? false;
}

/** For what changes who may decide: main takes it only with a proof of the person, for which this asks. */
export function useAdministration(): ActionRunner {
  const control = useContext(StepUpContext);
  if (control === undefined) throw new Error('useAdministration needs a StepUp around it');
  const { actor, several, ask } = control;
  const { as } = useAs();
  const through = useCallback(
    async (request: object | undefined, send: (request: object) => Promise<Outcome>) => {
      const account = actor(as);
      const means = meansOf(account);
      const whose = several && account !== undefined ? { as: account.account.objectId } : {};
      const withProof = (proof: Proof): Promise<Outcome> => send({ ...request, ...whose, ...proof });
      const isProved = request !== undefined && 'code' in request;
      const asked = (problem?: Problem): Promise<Outcome | undefined> =>
        new Promise((settle) => {
          ask({ means, account, ...(problem === undefined ? {} : { problem }), send: withProof, settle });
        });
      if (means !== 'sign-in' && !isProved) return asked();
      const outcome = await withProof({});
      const isRefused = !outcome.ok && outcome.problem.code === 'mfa-required' && !isProved;
      return isRefused ? asked(outcome.problem) : outcome;
    },
    [actor, several, as, ask],
  );
  // The type checker does not pair an action with its request and reply; what is asked for is handed on as it is.
  return useAction(through as unknown as Through);
}

function meansOf(account: SignedInAccount | undefined): Means {
  const { totp, push } = account?.secondFactor ?? {};
  if (totp?.enrolled === true) return 'code';
  return push?.enrolled === true ? 'phone' : 'sign-in';
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
