import { createContext, type ReactNode, useCallback, useContext, useState } from 'react';
import styles from './announcer.module.css';

const AnnouncerContext = createContext<(text: string) => void>(() => {});

/** Says something to people who do not see the screen; what is announced must be visible elsewhere as well. */
export function useAnnounce(): (text: string) => void {
  return useContext(AnnouncerContext);
}

export function Announcer({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState({ text: '', turn: 0 });
  const announce = useCallback((text: string) => setSaid(({ turn }) => ({ text, turn: turn + 1 })), []);
  return (
    <AnnouncerContext value={announce}>
      {children}
      <output className={styles['hidden']}>
        {/* A new element each time, so that the same words are read again. */}
        <span key={said.turn}>{said.text}</span>
      </output>
    </AnnouncerContext>
  );
}

/** Text for screen readers only. */
export function Spoken({ children }: { children: ReactNode }) {
  return <span className={styles['hidden']}>{children}</span>;
}
