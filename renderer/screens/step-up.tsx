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
import type { Proof } from '../../main/contract/proof.ts';
import type { AppState, SignedInAccount } from '../../main/contract/state.ts';
import { type ActionRunner, type Through, useAction } from '../bridge.ts';
import { late } from '../late.tsx';
import { useAs, usualAccount } from './accounts.tsx';
import type { Means, Outcome, Pending } from './pending-proof.ts';

const StepUpDialog = late(async () => (await import('./step-up-dialog.tsx')).StepUpDialog, null);

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
        <StepUpDialog
          pending={pending}
          several={several}
          number={asked?.secondFactor?.push.testNumber}
          onSettled={settle}
          onSignIn={props.onSignIn}
        />
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
