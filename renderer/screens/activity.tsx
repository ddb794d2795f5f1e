import { useRef, useState } from 'react';
import type { RecentLogin } from '../../main/contract/recent-login.ts';
import type { AppState, TokenState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { activity as t } from '../texts/en/activity.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Empty } from '../ui/empty.tsx';
import { TextField } from '../ui/field.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { clockLeft, useNow } from '../ui/time.ts';
import { Name } from '../ui/name.tsx';
import styles from './activity.module.css';
import { RecentLogins } from './recent-logins.tsx';
import { Sessions } from './sessions.tsx';

type Shown = Pick<RecentLogin, 'connection' | 'program' | 'process' | 'username' | 'database' | 'role'>;

/** Where it leads on from what is empty. */
interface ActivityWays {
  home(): void;
  audit(): void;
}

/** What is in use right now, and the ways to end it; and what was tried lately. */
export function Activity({ state, ways }: { state: AppState; ways: ActivityWays }) {
  const titles = new Map(state.connections.map(({ name, title }) => [name, title]));
  const [search, setSearch] = useState('');
  const matches = ({ connection, program, process, username = '', database, role = '' }: Shown): boolean =>
    [titles.get(connection) ?? '', connection, program, process?.program ?? '', username, database, role]
      .join('\n')
      .toLowerCase()
      .includes(search.trim().toLowerCase());
  return (
    <>
      <ScreenHeading>{t.activity}</ScreenHeading>
      <TextField
        label={common.search}
        placeholder={t.databaseProgramAccountOrRole}
        value={search}
        maxLength={200}
        isSearch
        onChange={setSearch}
      />
      <Sessions
        sessions={state.databaseSessions}
        handles={state.handles}
        titles={titles}
        matches={search.trim() === '' ? undefined : matches}
        onConnect={ways.home}
      />
      <RecentLogins seen={state.loginsSeen ?? 0} titles={titles} matches={matches} onAudit={ways.audit} />
      <Tokens tokens={state.tokens} titles={titles} onCopy={ways.home} />
    </>
  );
}

function Tokens(props: { tokens: TokenState[]; titles: Map<string, string>; onCopy(): void }) {
  const { tokens, titles } = props;
  const revoke = useAction();
  const revokeAll = useAction();
  const announce = useAnnounce();
  const now = useNow(1000);
  const heading = useRef<HTMLHeadingElement>(null);
  const [asking, setAsking] = useState(false);

  function tell(text: string): void {
    announce(text);
    heading.current?.focus();
  }

  async function revokeOne(id: string): Promise<void> {
    if ((await revoke.run('revokeTokens', { id })) !== undefined) tell(t.tokenRevoked);
  }

  return (
    <section className={styles['section']} aria-labelledby="tokens">
      <div className={styles['head']}>
        <h2 id="tokens" ref={heading} tabIndex={-1}>
          {t.tokens}
        </h2>
        {tokens.length > 0 && (
          <Button kind="danger" onClick={() => setAsking(true)}>
            {t.revokeAll}
          </Button>
        )}
      </div>
      <ProblemPanel problem={revoke.problem} onDismiss={revoke.dismiss} />
      {tokens.length === 0 ? (
        <Empty
          icon="key"
          title={t.noTokenIsValidRightNow}
          way={<Button onClick={props.onCopy}>{t.goToYourConnections}</Button>}
        >
          {t.copyOneFromAConnectionWhen}
        </Empty>
      ) : (
        <ul className={styles['rows']}>
          {tokens.map((token) => {
            const title = titles.get(token.connection) ?? token.connection;
            return (
              <li key={token.id} className={styles['row']}>
                <div className={styles['what']}>
                  <strong>
                    <Name>{title}</Name>
                  </strong>
                  <small>{t.role(<Name>{token.role}</Name>, uses(token.uses))}</small>
                </div>
                <span className={styles['when']}>{t.left(clockLeft(Date.parse(token.expiresAt) - now))}</span>
                <Button
                  kind="danger"
                  label={t.revokeTheTokenForRole(title, token.role)}
                  busy={revoke.busy}
                  onClick={() => void revokeOne(token.id)}
                >
                  {common.revoke}
                </Button>
              </li>
            );
          })}
        </ul>
      )}
      {asking && (
        <ConfirmDialog
          question={{
            title: t.revokeAllTokens,
            text: <p>{t.everyTokenStopsWorkingAndThe}</p>,
            confirm: t.revokeAll,
          }}
          action={revokeAll}
          onConfirm={async () => (await revokeAll.run('revokeTokens', { all: true })) !== undefined}
          onDone={() => tell(t.allTokensRevoked)}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}

function uses(count: number): string {
  if (count === 0) return t.notUsedYet;
  return t.usedTimes(count);
}
