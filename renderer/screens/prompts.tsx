import { useCallback, useEffect, useRef, useState } from 'react';
import type { AppState, Prompt } from '../../main/contract/state.ts';
import { late } from '../late.tsx';
import { useAnnounce } from '../ui/announcer.tsx';
import { useAsksForProof } from './step-up.tsx';

// Nothing waits when the window opens, most days.
const PromptDialog = late(async () => (await import('./prompt-dialog.tsx')).PromptDialog, null);
const PutOff = late(async () => (await import('./prompt-dialog.tsx')).PutOff, null);

export interface PromptPlaces {
  /** The one that is asked now. */
  asked: Prompt | undefined;
  /** Those that the person has put off. */
  hidden: Prompt[];
  hide(id: string): void;
  /** Asks again what was put off. */
  recall(): void;
}

/**
 * Which prompt stands before the person: the oldest that was not put off. Coming back to the main window, by a notification
 * or the tray, recalls the others; in the small one that would change what is asked under the pointer.
 */
export function usePrompts(prompts: Prompt[], recalls = true): PromptPlaces {
  const [putOff, setPutOff] = useState<ReadonlySet<string>>(new Set());
  const recall = useCallback(() => setPutOff(new Set()), []);
  useEffect(() => {
    if (!recalls) return undefined;
    addEventListener('focus', recall);
    return () => removeEventListener('focus', recall);
  }, [recall, recalls]);
  return {
    asked: prompts.find(({ id }) => !putOff.has(id)),
    hidden: prompts.filter(({ id }) => putOff.has(id)),
    hide: (id) => setPutOff((before) => new Set([...before, id])),
    recall,
  };
}

export function Prompts({ state, places }: { state: AppState; places: PromptPlaces }) {
  const asksForProof = useAsksForProof();
  const asked = asksForProof ? undefined : places.asked;
  const announce = useAnnounce();
  const current = useRef<string>(undefined);
  const outcome = useRef('');

  // Behind the dialog nothing would be read, so the outcome is told once the dialog has gone.
  useEffect(() => {
    current.current = asked?.id;
    if (outcome.current !== '') announce(outcome.current);
    outcome.current = '';
    // What had the focus before the dialog may have gone with its screen meanwhile.
    if (asked?.id === undefined && document.activeElement === document.body)
      document.querySelector('h1')?.focus();
  }, [asked?.id, announce]);

  function settled(id: string, text: string): void {
    if (current.current === id) outcome.current = text;
    else announce(text);
  }

  if (asked === undefined) return null;
  return (
    <PromptDialog
      key={asked.id}
      state={state}
      prompt={asked}
      title={titleOf(state, asked)}
      titleOf={(connection) => titleOf(state, { connection })}
      others={state.prompts.length - places.hidden.length - 1}
      onSettled={(text) => settled(asked.id, text)}
      onHide={() => places.hide(asked.id)}
    />
  );
}

/** What was put off stays in sight on every screen. */
export function HiddenPrompts({ state, places }: { state: AppState; places: PromptPlaces }) {
  const [first, ...more] = places.hidden;
  if (first === undefined || places.asked !== undefined) return null;
  return <PutOff first={first} title={titleOf(state, first)} more={more.length} onAnswer={places.recall} />;
}

function titleOf(state: AppState, { connection }: Pick<Prompt, 'connection'>): string {
  return state.connections.find(({ name }) => name === connection)?.title ?? connection;
}
