import { useRef, useState } from 'react';
import { assertNever } from '../../main/contract/errors.ts';
import type { ActionReply } from '../../main/contract/action-schemas.ts';
import type { ConnectionState, Grant } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { Copied } from '../ui/copied.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icon.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { protocolTitles } from '../ui/protocols.ts';
import { lifetime, timeOfDay, useNow } from '../ui/time.ts';
import { Name } from '../ui/name.tsx';
import { useWhose } from './accounts.tsx';
import { ConnectDialog } from './connect-dialog.tsx';
import { Lacks, type Ways } from './lacks.tsx';
import styles from './home.module.css';

/** One database: whether its port answers, the roles that are open, and how to connect. */
export function ConnectionCard({ connection, ways }: { connection: ConnectionState; ways: Ways }) {
  const { title, protocol, host, port, database, grants } = connection;
  const open = grants.length > 0;
  const [connecting, setConnecting] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <li className={`${styles['card']} ${open ? '' : styles['closed']}`}>
      <div className={styles['head']}>
        <div>
          <h3 ref={heading} tabIndex={-1}>
            <Name>{title}</Name>
          </h3>
          <p className={styles['place']}>
            {protocolTitles[protocol]} · <Name>{database}</Name> at {host}:{port}
          </p>
        </div>
        <Availability connection={connection} />
      </div>
      <ListenerProblem connection={connection} />
      <Lacks connection={connection} ways={ways} heading={heading} />
      {open ? (
        <ul className={styles['roles']}>
          {grants.map((grant) => (
            <RoleRow key={`${grant.objectId} ${grant.role}`} connection={connection} grant={grant} />
          ))}
        </ul>
      ) : (
        <p className={styles['hint']}>
          None of your groups opens this database. Ask whoever manages access to add you to one that does.
        </p>
      )}
      <CommandLines connection={connection} />
      {open && (
        <div>
          <Button label={`Connect a tool to ${title}`} onClick={() => setConnecting(true)}>
            <Icon name="plug" size={18} />
            Connect a tool
          </Button>
        </div>
      )}
      {connecting && <ConnectDialog connection={connection} onClose={() => setConnecting(false)} />}
    </li>
  );
}

/** A port that is taken; it is tried again by itself, and by the button. */
function ListenerProblem({ connection: { title, listener } }: { connection: ConnectionState }) {
  const retry = useAction();
  if (listener.kind === 'starting' || listener.problem === undefined) return null;
  return (
    <>
      <ProblemPanel problem={listener.problem} />
      <div>
        <Button
          label={`Try again: the port of ${title}`}
          busy={retry.busy}
          onClick={() => void retry.run('retryListeners', {})}
        >
          Try again
        </Button>
      </div>
    </>
  );
}

function Availability({ connection: { listener, grants, ready, lacks } }: { connection: ConnectionState }) {
  switch (listener.kind) {
    case 'starting':
      return <Badge tone="waiting">Starting</Badge>;
    case 'listening':
      if (grants.length === 0) return <Badge tone="waiting">No access</Badge>;
      if (ready) return <Badge tone="good">Ready</Badge>;
      return <Badge tone="waiting">{lacks.length > 0 ? 'Not ready' : 'Not looked at yet'}</Badge>;
    case 'failed':
      return <Badge tone="bad">Not available</Badge>;
    default:
      return assertNever(listener);
  }
}

function RoleRow({ connection, grant }: { connection: ConnectionState; grant: Grant }) {
  const copy = useAction();
  const [copied, setCopied] = useState<ActionReply<'copyToken'>>();
  const now = useNow(60_000);
  const { several, nameOf } = useWhose();
  const whose = several ? { as: grant.objectId } : {};
  const groupName = grant.group.name === '' ? grant.group.id : grant.group.name;

  async function copyToken(): Promise<string | undefined> {
    setCopied(undefined);
    const done = await copy.run('copyToken', {
      connection: connection.name,
      role: grant.role,
      ...whose,
    });
    if (done === undefined) return undefined;
    setCopied(done.reply);
    return `Token for ${connection.title} copied. Paste it as the password.`;
  }

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
            through <Name>{groupName}</Name>, for {lifetime(grant.tokenLifetimeSeconds)}
          </small>
        </div>
        <CopyButton
          kind="primary"
          busy={copy.busy}
          label={`Copy token for ${connection.title}, role ${grant.role}${several ? `, as ${nameOf(grant.objectId)}` : ''}`}
          onCopy={copyToken}
        >
          Copy token
        </CopyButton>
      </div>
      {copied !== undefined && (
        <Copied key={copied.id} clearsAt={copied.clearsAt} onOver={() => setCopied(undefined)}>
          Paste it as the password before {timeOfDay(copied.expiresAt, now)}.
        </Copied>
      )}
      <ProblemPanel problem={copy.problem} onDismiss={copy.dismiss} />
    </li>
  );
}

/** One for each account that may use it: it has the sign-in name. */
function CommandLines({ connection }: { connection: ConnectionState }) {
  const { command, grants } = connection;
  const able = new Set(grants.map(({ objectId }) => objectId));
  if (able.size < 2)
    return command === undefined ? null : <CommandLine connection={connection} command={command} />;
  return grants.map(({ objectId, command: own }) =>
    own === undefined ? null : (
      <CommandLine key={objectId} connection={connection} command={own} account={objectId} />
    ),
  );
}

function CommandLine(props: { connection: ConnectionState; command: string; account?: string }) {
  const { connection, command, account } = props;
  const copy = useAction();
  const { nameOf } = useWhose();
  const as = account === undefined ? {} : { as: account };

  async function copyCommand(): Promise<string | undefined> {
    const done = await copy.run('copyCommand', { connection: connection.name, ...as });
    return done === undefined ? undefined : `Command for ${connection.title} copied`;
  }

  return (
    <div>
      <div className={styles['command']}>
        <code dir="ltr">{command}</code>
        <CopyButton
          label={`Copy command for ${connection.title}${account === undefined ? '' : ` as ${nameOf(account)}`}`}
          onCopy={copyCommand}
        >
          Copy
        </CopyButton>
      </div>
      <ProblemPanel problem={copy.problem} onDismiss={copy.dismiss} />
    </div>
  );
}
