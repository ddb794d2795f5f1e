import type { ReactNode } from 'react';
import type { AppState, ConnectionState, Grant } from '../../main/contract/state.ts';
import { access } from '../texts/en/access.ts';
import { common } from '../texts/en/common.ts';
import { flyout as t } from '../texts/en/flyout.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { Name } from '../ui/name.tsx';
import { useWhose } from './accounts.tsx';
import { shortlistOf } from './flyout-list.ts';
import styles from './flyout.module.css';
import type { useTokenCopy } from './token-copy.tsx';

/** More are in the main window. */
const mostRoles = 4;

type TokenCopy = ReturnType<typeof useTokenCopy>;

/** A token for each of the few connections that are used, and for each of their roles. */
export function FlyoutTokens({ state, token }: { state: AppState; token: TokenCopy }) {
  const { favourites, recents, others } = shortlistOf(state);
  const sections = [
    { id: 'favourites', title: access.favourites, connections: favourites },
    { id: 'recents', title: access.usedLast, connections: recents },
    {
      id: 'others',
      title: favourites.length + recents.length > 0 ? access.others : access.openToYou,
      connections: others,
    },
  ].filter(({ connections }) => connections.length > 0);
  if (sections.length === 0)
    return (
      <p className={styles['none']}>
        {state.connections.length === 0 ? access.noConnectionIsSetUpYet : t.noConnectionIsOpenToYou}
      </p>
    );
  return sections.map(({ id, title, connections }) => (
    <section key={id} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <ul className={styles['rows']}>
        {connections.map((connection) => (
          <li key={connection.name}>
            <Connection connection={connection} token={token} />
          </li>
        ))}
      </ul>
    </section>
  ));
}

function Connection({ connection, token }: { connection: ConnectionState; token: TokenCopy }) {
  const { title, grants } = connection;
  const [first, ...more] = grants;
  if (first === undefined) return null;
  const name = (
    <strong>
      <Name>{title}</Name>
    </strong>
  );
  if (more.length === 0) return <TokenRow connection={connection} grant={first} token={token} name={name} />;
  const left = grants.length - mostRoles;
  return (
    <>
      {name}
      <ul className={styles['roles']} aria-label={access.roles}>
        {grants.slice(0, mostRoles).map((grant) => (
          <li key={`${grant.objectId} ${grant.role}`}>
            <TokenRow connection={connection} grant={grant} token={token} />
          </li>
        ))}
      </ul>
      {left > 0 && <small>{t.moreRoles(left)}</small>}
    </>
  );
}

function TokenRow(props: {
  connection: ConnectionState;
  grant: Grant;
  token: TokenCopy;
  /** Of the connection, where this is its only role. */
  name?: ReactNode;
}) {
  const { connection, grant, token } = props;
  const { several, nameOf } = useWhose();
  const whose = several ? { as: grant.objectId } : {};
  return (
    <div className={styles['row']}>
      <span className={styles['what']}>
        {props.name}
        <small>
          <Name>{grant.role}</Name>
          {several && (
            <>
              , <Name>{nameOf(grant.objectId)}</Name>
            </>
          )}
        </small>
      </span>
      <CopyButton
        busy={token.busy}
        label={access.copyTokenForRole(
          connection.title,
          grant.role,
          several ? access.asAccount(nameOf(grant.objectId)) : '',
        )}
        onCopy={() =>
          token.copy(
            { connection: connection.name, role: grant.role, ...whose },
            access.tokenForCopiedPasteItAs(connection.title),
          )
        }
      >
        {common.copyToken}
      </CopyButton>
    </div>
  );
}
