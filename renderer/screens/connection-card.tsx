import { useState } from 'react';
import { assertNever } from '../../main/contract/errors.ts';
import type { IpcReply } from '../../main/contract/ipc.ts';
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
import { ConnectDialog } from './connect-dialog.tsx';
import styles from './home.module.css';

/** One database: whether its port answers, the roles that are open, and how to connect. */
export function ConnectionCard({ connection }: { connection: ConnectionState }) {
  const { title, protocol, host, port, database, listener, grants, command } = connection;
  const open = grants.length > 0;
  const [connecting, setConnecting] = useState(false);
  return (
    <li className={`${styles['card']} ${open ? '' : styles['closed']}`}>
      <div className={styles['head']}>
        <div>
          <h3>
            <Name>{title}</Name>
          </h3>
          <p className={styles['place']}>
            {protocolTitles[protocol]} · <Name>{database}</Name> at {host}:{port}
          </p>
        </div>
        <Availability open={open} kind={listener.kind} />
      </div>
      {listener.kind === 'failed' && <ProblemPanel problem={listener.problem} />}
      {open ? (
        <ul className={styles['roles']}>
          {grants.map((grant) => (
            <RoleRow key={grant.role} connection={connection} grant={grant} />
          ))}
        </ul>
      ) : (
        <p className={styles['hint']}>
          None of your groups opens this database. Ask whoever manages access to add you to one that does.
        </p>
      )}
      {command !== undefined && <CommandLine connection={connection} command={command} />}
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

function Availability({ open, kind }: { open: boolean; kind: ConnectionState['listener']['kind'] }) {
  switch (kind) {
    case 'starting':
      return <Badge tone="waiting">Starting</Badge>;
    case 'listening':
      return open ? <Badge tone="good">Ready</Badge> : <Badge tone="waiting">No access</Badge>;
    case 'failed':
      return <Badge tone="bad">Not available</Badge>;
    default:
      return assertNever(kind);
  }
}

function RoleRow({ connection, grant }: { connection: ConnectionState; grant: Grant }) {
  const copy = useAction();
  const [copied, setCopied] = useState<IpcReply<'copyToken'>>();
  const now = useNow(60_000);
  const groupName = grant.group.name === '' ? grant.group.id : grant.group.name;

  async function copyToken(): Promise<string | undefined> {
    setCopied(undefined);
    const done = await copy.run('copyToken', { connection: connection.name, role: grant.role });
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
            through <Name>{groupName}</Name>, for {lifetime(grant.tokenLifetimeSeconds)}
          </small>
        </div>
        <CopyButton
          kind="primary"
          busy={copy.busy}
          label={`Copy token for ${connection.title}, role ${grant.role}`}
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

function CommandLine({ connection, command }: { connection: ConnectionState; command: string }) {
  const copy = useAction();

  async function copyCommand(): Promise<string | undefined> {
    const done = await copy.run('copyCommand', { connection: connection.name });
    return done === undefined ? undefined : `Command for ${connection.title} copied`;
  }

  return (
    <div>
      <div className={styles['command']}>
        <code dir="ltr">{command}</code>
        <CopyButton label={`Copy command for ${connection.title}`} onCopy={copyCommand}>
          Copy
        </CopyButton>
      </div>
      <ProblemPanel problem={copy.problem} onDismiss={copy.dismiss} />
    </div>
  );
}
