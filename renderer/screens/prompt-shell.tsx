import { type ComponentType, createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { Modal } from '../ui/modal.tsx';

interface PromptShell {
  /** What a prompt stands in; Escape puts it off. */
  Shell: ComponentType<{ title: ReactNode; onEscape: () => void; children: ReactNode }>;
  /** The focus begins on the text: the window may have come up while somebody typed into another one. */
  startsOnText: boolean;
  /** Among those that wait; absent where the others stand behind this one. */
  position?: string | undefined;
}

/** Where prompts are shown: as dialogs of the main window, unless a window of their own says otherwise. */
export const PromptShellContext = createContext<PromptShell>({ Shell: Modal, startsOnText: false });

export const usePromptShell = (): PromptShell => useContext(PromptShellContext);

/** Longer than a double click: its second half must not answer a prompt that came up under the pointer. */
const settleMs = 500;

/** False in the first moments in which a place is seen. */
export function useSettled(): boolean {
  const [settled, setSettled] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    // A window shows with its first frame.
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => setSettled(true), settleMs);
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, []);
  return settled;
}
