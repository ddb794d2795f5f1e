import type { ConnectionState, Grant, TokenState } from '../../main/contract/state.ts';
import { common } from '../texts/en/common.ts';
import { access as t } from '../texts/en/access.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { clockLeft, lifetime, useNow } from '../ui/time.ts';
import { useWhose } from './accounts.tsx';
import { CopiedToken, useTokenCopy } from './token-copy.tsx';
import styles from './connection-detail.module.css';

/** The ways in that a connection has for whoever is signed in, each with a token to copy and what is left of the last. */
export function Roles(props: {
  connection: ConnectionState;
  /** In the order in which they are shown; the first is what the screen is for. */
  grants: readonly Grant[];
  /** All that are valid. */
  tokens: readonly TokenState[];
}) {
  const { connection, grants, tokens } = props;
  const { nameOf } = useWhose();
  return (
    <ul className={styles['roles']} aria-label={t.roles}>
      {grants.map((grant, index) => (
        <RoleRow
          key={`${grant.objectId} ${grant.role}`}
          connection={connection}
          grant={grant}
          isFirst={index === 0}
          tokens={tokens.filter(
            (token) =>
              token.connection === connection.name &&
              token.role === grant.role &&
              token.username === nameOf(grant.objectId),
          )}
        />
      ))}
    </ul>
  );
}

function RoleRow(props: {
  connection: ConnectionState;
  grant: Grant;
  isFirst: boolean;
  tokens: readonly TokenState[];
}) {
  const { connection, grant } = props;
  const token = useTokenCopy();
  const { several, nameOf } = useWhose();
  const whose = several ? { as: grant.objectId } : {};
  const groupName = grant.group.name === '' ? t.aGroupWithoutName : grant.group.name;

  const copyToken = (): Promise<string | undefined> =>
    token.copy(
      { connection: connection.name, role: grant.role, ...whose },
      t.tokenForCopiedPasteItAs(connection.title),
    );

  return (
    <li>
      <div className={styles['role']}>
        <div>
          <strong>
            <Name>{grant.role}</Name>
          </strong>
          <small>
            {several && (
              <>
                <Name>{nameOf(grant.objectId)}</Name>,{' '}
              </>
            )}
            {t.throughFor(<Name>{groupName}</Name>, lifetime(grant.tokenLifetimeSeconds))}
          </small>
          {props.tokens.length > 0 && <TokensLeft tokens={props.tokens} />}
        </div>
        <CopyButton
          kind={props.isFirst ? 'primary' : 'secondary'}
          busy={token.busy}
          label={t.copyTokenForRole(
            connection.title,
            grant.role,
            several ? t.asAccount(nameOf(grant.objectId)) : '',
          )}
          onCopy={copyToken}
        >
          {common.copyToken}
        </CopyButton>
      </div>
      <CopiedToken {...token} />
      <ProblemPanel problem={token.problem} onDismiss={token.dismiss} />
    </li>
  );
}

/** How long what was copied before still lets in. */
function TokensLeft({ tokens }: { tokens: readonly TokenState[] }) {
  const now = useNow(1000);
  const left = Math.max(...tokens.map(({ expiresAt }) => Date.parse(expiresAt))) - now;
  if (left <= 0) return null;
  return (
    <small className={styles['left']}>
      {t.tokensAreValidTheLastFor(tokens.length)}
      {clockLeft(left)}
    </small>
  );
}
