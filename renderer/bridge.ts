import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react';
import type { WindowAction } from '../main/contract/actions.ts';
import type { Problem } from '../main/contract/errors.ts';
import type { ActionReply, ActionRequest } from '../main/contract/action-schemas.ts';
import type { LatchkeyBridge, Outcome } from '../main/contract/bridge.ts';
import type { AppState } from '../main/contract/state.ts';
import { patched, type PatchedState } from '../main/contract/state-patch.ts';
import { common as t } from './texts/en/common.ts';
import type { OwnProblem } from './ui/said.ts';

/** The main process as the screens see it; set once by {@link App}. */
export const BridgeContext = createContext<LatchkeyBridge | undefined>(undefined);

export function useBridge(): LatchkeyBridge {
  const bridge = useContext(BridgeContext);
  if (bridge === undefined) throw new Error('useBridge needs a BridgeContext around it');
  return bridge;
}

/** Sends a request to main. Where main is not there to answer, the outcome says so: it is ending, or has crashed. */
export async function ask<A extends WindowAction>(
  bridge: LatchkeyBridge,
  action: A,
  request: ActionRequest<A>,
): Promise<Outcome<A>> {
  // The type checker does not pair the action with its request across the union; the mapped type does.
  const send = bridge[action] as (request: ActionRequest<A>) => Promise<Outcome<A>>;
  try {
    return await send(request);
  } catch {
    const problem: OwnProblem = {
      own: true,
      code: 'broker-not-running',
      message: t.latchkeyDoesNotAnswer,
      remedy: t.startItAgain,
    };
    return { ok: false, problem } as Outcome<A>;
  }
}

/** The last state that main has told; undefined until the first one is here. */
export function useAppState(bridge: LatchkeyBridge): AppState | undefined {
  const store = useMemo(() => createStateStore(bridge), [bridge]);
  return useSyncExternalStore(store.subscribe, store.snapshot);
}

/** Until the first snapshot is here. */
const againMs = 2000;

/** The whole state is asked for at first, and whenever a patch was lost; all that comes later are its changes. */
function createStateStore(bridge: LatchkeyBridge) {
  let known: PatchedState | undefined;
  return {
    snapshot: () => known?.state,
    subscribe(changed: () => void) {
      /** Which question is the last; what has been pushed since overtakes its answer. */
      let turn = 0;
      const stop = bridge.onState((patch) => {
        const next = patched(known, patch);
        if (next === undefined) {
          void read();
          return;
        }
        turn += 1;
        known = next;
        changed();
      });
      let timer: ReturnType<typeof setTimeout> | undefined;
      async function read(): Promise<void> {
        clearTimeout(timer);
        turn += 1;
        const own = turn;
        const outcome = await ask(bridge, 'getState', {});
        if (turn !== own) return;
        if (!outcome.ok) {
          timer = setTimeout(() => void read(), againMs);
          return;
        }
        known = { state: outcome.reply };
        changed();
      }
      void read();
      return () => {
        turn += 1;
        clearTimeout(timer);
        stop();
      };
    },
  };
}

export interface ActionRunner {
  busy: boolean;
  /** Why the last attempt failed, until the next one or until dismissed. */
  problem: Problem | undefined;
  dismiss(): void;
  /** Resolves to undefined when the action failed. */
  run<A extends WindowAction>(
    action: A,
    request: ActionRequest<A>,
  ): Promise<{ reply: ActionReply<A> } | undefined>;
}

/** Sends a request to main, or something else first; undefined where the person has thought better of it. */
export type Through = <A extends WindowAction>(
  request: ActionRequest<A>,
  send: (request: ActionRequest<A>) => Promise<Outcome<A>>,
) => Promise<Outcome<A> | undefined>;

const straight: Through = (request, send) => send(request);

/** Asks main for something, and keeps whether it is under way and why it failed, for the place that asked. */
export function useAction(through: Through = straight): ActionRunner {
  const bridge = useBridge();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  const run = useCallback(
    async <A extends WindowAction>(action: A, request: ActionRequest<A>) => {
      setBusy(true);
      setProblem(undefined);
      try {
        const outcome = await through<A>(request, (checked) => ask(bridge, action, checked));
        if (outcome === undefined) return undefined;
        if (outcome.ok) return { reply: outcome.reply };
        setProblem(outcome.problem);
        return undefined;
      } finally {
        setBusy(false);
      }
    },
    [bridge, through],
  );
  const dismiss = useCallback(() => setProblem(undefined), []);
  return { busy, problem, dismiss, run };
}

type WithoutRequest = {
  [A in WindowAction]: Record<string, never> extends ActionRequest<A> ? A : never;
}[WindowAction];

/** Asks main when the place is shown, and again when the person says so. */
export function useReply<A extends WithoutRequest>(
  action: A,
): { reply: ActionReply<A> | undefined; problem: Problem | undefined; again(): void } {
  const { run, problem } = useAction();
  const [reply, setReply] = useState<ActionReply<A>>();
  const [turn, again] = useTurn();

  useEffect(() => {
    // Each turn reads it anew.
    let isShown = turn >= 0;
    void run(action, {} as ActionRequest<A>).then((done) => {
      if (isShown && done !== undefined) setReply(done.reply);
      return undefined;
    });
    return () => {
      isShown = false;
    };
  }, [run, action, turn]);
  return { reply, problem, again };
}

/** For an effect that reads something: it runs anew with each turn. */
export function useTurn(): [number, () => void] {
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  return [turn, again];
}
