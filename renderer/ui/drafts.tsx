import { createContext, type ReactNode, useContext, useState } from 'react';

const DraftsContext = createContext<Map<string, unknown>>(new Map());

/** Keeps what is typed into forms while another screen is shown, as for a new sign-in; never a secret. */
export function Drafts({ children }: { children: ReactNode }) {
  const [drafts] = useState(() => new Map<string, unknown>());
  return <DraftsContext value={drafts}>{children}</DraftsContext>;
}

/** Whether a form was left with something in it. */
export function useIsDrafted(): (key: string) => boolean {
  const drafts = useContext(DraftsContext);
  return (key) => drafts.has(key);
}

/** The draft of a form, as it was left or anew. */
export function useDraft<Draft>(
  key: string,
  first: () => Draft,
): { draft: Draft; change(next: (before: Draft) => Draft): void; forget(): void } {
  const drafts = useContext(DraftsContext);
  const [draft, setDraft] = useState<Draft>(() => (drafts.get(key) as Draft | undefined) ?? first());
  return {
    draft,
    change: (next) =>
      setDraft((before) => {
        const changed = next(before);
        drafts.set(key, changed);
        return changed;
      }),
    forget: () => void drafts.delete(key),
  };
}
