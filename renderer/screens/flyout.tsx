import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { LatchkeyBridge } from '../../main/contract/bridge.ts';
import type { AppState, SignedInAccount } from '../../main/contract/state.ts';
import { BridgeContext, useAction, useAppState } from '../bridge.ts';
import { access } from '../texts/en/access.ts';
import { common } from '../texts/en/common.ts';
import { flyout as t } from '../texts/en/flyout.ts';
import { frame } from '../texts/en/frame.ts';
import { prompts } from '../texts/en/prompts.ts';
import { useFirstLanguage } from '../texts/language.ts';
import { Announcer } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Logo } from '../ui/logo.tsx';
import { Name } from '../ui/name.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { timeOfDay, useNow } from '../ui/time.ts';
import { AccountsProvider } from './accounts.tsx';
import { FlyoutLock, FlyoutSessions } from './flyout-sessions.tsx';
import { FlyoutTokens } from './flyout-tokens.tsx';
import { CopiedToken, useTokenCopy } from './token-copy.tsx';
import styles from './flyout.module.css';

/** The small window beside the tray icon: what is needed most, without the window that has everything. */
export function Flyout({ bridge }: { bridge: LatchkeyBridge }) {
  const state = useAppState(bridge);
  const speaks = useFirstLanguage(state);
  const appearances = useAppearances();
  if (state === undefined || !speaks) return null;
  return (
    <BridgeContext value={bridge}>
      <AccountsProvider state={state}>
        <Announcer key={appearances}>
          <Content state={state} />
        </Announcer>
      </AccountsProvider>
    </BridgeContext>
  );
}

function Content({ state }: { state: AppState }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const open = useAction();
  const token = useTokenCopy();
  useLayoutEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    addEventListener('keydown', closeOnEscape);
    return () => removeEventListener('keydown', closeOnEscape);
  }, []);
  const isSignedIn = state.accounts.length > 0;
  const waiting = state.prompts.length;
  const show = (page: 'main' | 'prompts') => () => void open.run('openWindow', { page });

  return (
    <main className={styles['window']}>
      <h1 ref={heading} tabIndex={-1}>
        <Logo size={24} />
        {frame.latchkey}
      </h1>
      <div className={styles['body']}>
        {waiting > 0 && (
          <Callout icon="shield" title={t.waiting(waiting)}>
            <p>
              <Button kind="primary" busy={open.busy} onClick={show('prompts')}>
                {prompts.answer}
              </Button>
            </p>
          </Callout>
        )}
        <Troubles state={state} />
        {isSignedIn ? <Accounts accounts={state.accounts} /> : <Nobody state={state} onOpen={show('main')} />}
        {isSignedIn && <FlyoutTokens state={state} token={token} />}
        {(isSignedIn || state.databaseSessions.length > 0) && <FlyoutSessions state={state} />}
      </div>
      <div className={styles['foot']}>
        <CopiedToken {...token} />
        <ProblemPanel problem={token.problem ?? open.problem} />
        <div className={styles['buttons']}>
          {isSignedIn && <FlyoutLock state={state} />}
          <Button busy={open.busy} onClick={show('main')}>
            {t.openLatchkey}
          </Button>
        </div>
      </div>
    </main>
  );
}

function Accounts({ accounts }: { accounts: readonly SignedInAccount[] }) {
  const now = useNow(60_000);
  return (
    <ul className={styles['accounts']} aria-label={frame.whoIsSignedIn}>
      {accounts.map(({ account: { objectId, username }, until }) => (
        <li key={objectId}>{frame.until(<Name>{username}</Name>, timeOfDay(until, now))}</li>
      ))}
    </ul>
  );
}

/** The sign-in has its place in the main window, with all that has to be known before a code is entered. */
function Nobody({ state: { signIn }, onOpen }: { state: AppState; onOpen(): void }) {
  const isUnderWay = signIn.kind !== 'signed-out';
  return (
    <div className={styles['nobody']}>
      <p>{isUnderWay ? t.signInUnderWay : frame.notSignedIn}</p>
      <Button kind="primary" onClick={onOpen}>
        {isUnderWay ? t.goOnInLatchkey : common.signIn}
      </Button>
    </div>
  );
}

/** What keeps logins out, or soon will. */
function Troubles({ state }: { state: AppState }) {
  const { signIn, signInProblem, accounts, audit, lockedSince } = state;
  const now = useNow(60_000);
  const ofSignIn = signIn.kind === 'signed-out' ? signIn.problem : signInProblem;
  return (
    <>
      {lockedSince !== undefined && accounts.length > 0 && (
        <Callout icon="clock" title={access.noLoginIsLetInSince(timeOfDay(lockedSince, now))} />
      )}
      {audit.kind === 'failed' && <ProblemPanel problem={audit.problem} />}
      {ofSignIn !== undefined && <ProblemPanel problem={ofSignIn} />}
      {accounts.map(
        ({ account: { objectId }, problem }) =>
          problem !== undefined && <ProblemPanel key={objectId} problem={problem} />,
      )}
    </>
  );
}

/** Counts how often the window has come up: it begins anew each time. */
function useAppearances(): number {
  const [appearances, setAppearances] = useState(0);
  useEffect(() => {
    const onChange = (): void => {
      if (!document.hidden) setAppearances((last) => last + 1);
    };
    document.addEventListener('visibilitychange', onChange);
    return () => document.removeEventListener('visibilitychange', onChange);
  }, []);
  return appearances;
}

/** In a question it takes back the question alone. */
function closeOnEscape(event: KeyboardEvent): void {
  if (event.key === 'Escape' && !event.defaultPrevented && document.querySelector('dialog[open]') === null)
    window.close();
}
