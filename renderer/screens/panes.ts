import { useMemo, useState } from 'react';
import type { ConnectionTask } from './connection-detail.tsx';

/** What the detail begins with; another turn is another detail. */
export interface Begun extends ConnectionTask {
  /** Of the row. */
  key: string;
  turn: number;
}

/** Where the focus goes; a new object each time. */
interface FocusTurn {
  on: 'nothing' | 'detail' | 'list' | 'search';
}

/**
 * What is chosen in the list, and whether it is open: where the window has room for one pane only, the detail covers the
 * list then. It outlasts the screen. The functions stay the same ones.
 */
export interface Panes {
  chosen: string | undefined;
  isOpen: boolean;
  begun: Begun | undefined;
  focusTurn: FocusTurn;
  choose(key: string): void;
  /** Chosen to be looked at: with the keyboard, the focus goes along. */
  open(key: string, byKeyboard: boolean): void;
  begin(key: string, task: ConnectionTask): void;
  /** The list, with the focus in its search. */
  search(): void;
  /** The focus is where it was to go: another look at the screen moves it no more. */
  focused(): void;
  /** The focus has come into the detail: it is what stays in sight where there is room for one pane only. */
  enter(): void;
  back(): void;
}

export function usePanes(): Panes {
  const [state, setState] = useState<Pick<Panes, 'chosen' | 'isOpen' | 'begun' | 'focusTurn'>>({
    chosen: undefined,
    isOpen: false,
    begun: undefined,
    focusTurn: { on: 'nothing' },
  });
  const actions = useMemo(() => {
    const begunFor = (begun: Begun | undefined, key: string) => (begun?.key === key ? begun : undefined);
    return {
      choose: (key: string): void =>
        setState((before) => ({ ...before, chosen: key, begun: begunFor(before.begun, key) })),
      open: (key: string, byKeyboard: boolean): void =>
        setState((before) => ({
          chosen: key,
          isOpen: true,
          begun: begunFor(before.begun, key),
          // With both panes in sight, a click leaves the focus where the pointer is.
          focusTurn: byKeyboard || !hasBoth() ? { on: 'detail' } : before.focusTurn,
        })),
      begin: (key: string, task: ConnectionTask): void =>
        setState((before) => ({
          chosen: key,
          isOpen: true,
          begun: { ...task, key, turn: (before.begun?.turn ?? 0) + 1 },
          focusTurn: before.focusTurn,
        })),
      search: (): void => setState((before) => ({ ...before, isOpen: false, focusTurn: { on: 'search' } })),
      focused: (): void => setState((before) => ({ ...before, focusTurn: { on: 'nothing' } })),
      enter: (): void => setState((before) => (before.isOpen ? before : { ...before, isOpen: true })),
      back: (): void => setState((before) => ({ ...before, isOpen: false, focusTurn: { on: 'list' } })),
    };
  }, []);
  return useMemo(() => ({ ...state, ...actions }), [state, actions]);
}

const hasBoth = (): boolean => matchMedia('(min-width: 56.25rem)').matches;
