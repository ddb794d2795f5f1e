import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';
import type { LatchkeyBridge } from '../../main/contract/bridge.ts';
import type { AppState } from '../../main/contract/state.ts';
import { BridgeContext, useAppState } from '../bridge.ts';
import { prompts as t } from '../texts/en/prompts.ts';
import { useFirstLanguage } from '../texts/language.ts';
import { Announcer } from '../ui/announcer.tsx';
import { AccountsProvider } from './accounts.tsx';
import { PromptShellContext, useSettled } from './prompt-shell.tsx';
import styles from './prompt-window.module.css';
import { Prompts, usePrompts } from './prompts.tsx';

const none: AppState['prompts'] = [];

/** The small window that asks what logins wait for, one prompt at a time. */
export function PromptWindow({ bridge }: { bridge: LatchkeyBridge }) {
  const state = useAppState(bridge);
  const speaks = useFirstLanguage(state);
  const prompts = state?.prompts ?? none;
  const places = usePrompts(prompts, false);
  const { asked } = places;
  const isDone = state !== undefined && asked === undefined;
  useEffect(() => {
    // What was put off waits on: the tray and the main window have it.
    if (isDone) window.close();
  }, [isDone]);
  if (state === undefined || asked === undefined || !speaks) return null;
  const position = prompts.length > 1 ? t.position(prompts.indexOf(asked) + 1, prompts.length) : undefined;
  return (
    <BridgeContext value={bridge}>
      <AccountsProvider state={state}>
        <PromptShellContext value={{ Shell: WholeWindow, startsOnText: true, position }}>
          <title>{t.aLoginIsWaiting}</title>
          <Prompts state={state} places={places} />
        </PromptShellContext>
      </AccountsProvider>
    </BridgeContext>
  );
}

function WholeWindow(props: { title: ReactNode; onEscape: () => void; children: ReactNode }) {
  const { onEscape } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  const settled = useSettled();
  useLayoutEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    if (!settled) return undefined;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !event.defaultPrevented) onEscape();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [settled, onEscape]);
  return (
    <main className={styles['window']}>
      <h1 ref={heading} tabIndex={-1}>
        {props.title}
      </h1>
      <Announcer>
        {/* What was typed or clicked elsewhere when the window came up answers nothing. */}
        <div className={styles['body']} inert={!settled}>
          {props.children}
        </div>
      </Announcer>
    </main>
  );
}
