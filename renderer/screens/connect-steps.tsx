import { useState } from 'react';
import type { ActionReply } from '../../main/contract/action-schemas.ts';
import type { ConnectSettings } from '../../main/contract/shapes.ts';
import type { ConnectionState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Copied } from '../ui/copied.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { TextBlock } from '../ui/text-block.tsx';
import { useAs } from './accounts.tsx';
import styles from './connect-dialog.module.css';

interface Of {
  connection: ConnectionState;
  /** Undefined for the default one. */
  role: string | undefined;
  /** Its id. */
  tool: string;
  settings: ConnectSettings;
}

/** The settings of one tool, and what Latchkey can do about them by itself. */
export function ConnectSteps({ connection, role, tool, settings }: Of) {
  const copy = useAction();
  const whose = useWhoseRole(role);
  const { title, steps, fields, texts, files } = settings;

  async function copySetting(
    which: { text: number } | { field: number },
    label: string,
  ): Promise<string | undefined> {
    const request = { connection: connection.name, tool, ...which, ...whose };
    return (await copy.run('copySetting', request)) === undefined ? undefined : `${label} copied`;
  }

  return (
    <>
      <ol className={styles['steps']}>
        {steps.map((step, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- the list never changes its order
          <li key={index}>
            <Name>{step}</Name>
          </li>
        ))}
      </ol>
      {files.length > 0 && <Files connection={connection} role={role} tool={tool} settings={settings} />}
      {settings.needs === 'handle' && <Password connection={connection} role={role} title={title} />}
      {fields.length > 0 && (
        <section aria-labelledby="connect-fields">
          <h3 id="connect-fields">For its dialog</h3>
          <dl className={styles['fields']}>
            {fields.map(({ label, value }, index) => (
              <div key={label}>
                <dt>
                  <Name>{label}</Name>
                </dt>
                <dd>
                  <Name>{value}</Name>
                  <CopyButton
                    kind="quiet"
                    label={`Copy ${label} of the dialog`}
                    onCopy={() => copySetting({ field: index }, label)}
                  >
                    Copy
                  </CopyButton>
                </dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      {texts.map(({ label, text }, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- the list never changes its order
        <div key={index} className={styles['part']}>
          <h3>
            <Name>{label}</Name>
          </h3>
          <TextBlock label={label} text={text} onCopy={() => copySetting({ text: index }, label)} />
        </div>
      ))}
      <ProblemPanel problem={copy.problem} onDismiss={copy.dismiss} />
      {settings.canOpen && <Open connection={connection} role={role} tool={tool} title={title} />}
    </>
  );
}

function useWhoseRole(role: string | undefined): { as?: string; role?: string } {
  return { ...useAs(), ...(role === undefined ? {} : { role }) };
}

/** Files that Latchkey can write: what is the person's own in them stays. */
function Files({ connection, role, tool, settings }: Of) {
  const write = useAction();
  const whose = useWhoseRole(role);
  const announce = useAnnounce();
  const [written, setWritten] = useState<string[]>();

  async function writeAll(): Promise<void> {
    setWritten(undefined);
    const done = await write.run('writeSettings', { connection: connection.name, tool, ...whose });
    if (done === undefined) return;
    setWritten(done.reply.written);
    announce(
      done.reply.written.length === 1 ? 'One file written' : `${done.reply.written.length} files written`,
    );
  }

  return (
    <section className={styles['part']} aria-labelledby="connect-files">
      <h3 id="connect-files">What Latchkey can write</h3>
      <ul className={styles['files']}>
        {settings.files.map(({ path, note }) => (
          <li key={path}>
            <Name>{path}</Name>
            <small>
              <Name>{note}</Name>
            </small>
          </li>
        ))}
      </ul>
      <div>
        <Button kind="primary" busy={write.busy} onClick={() => void writeAll()}>
          {settings.files.length === 1 ? 'Write this file' : 'Write these files'}
        </Button>
      </div>
      {written !== undefined && (
        <p className={styles['done']}>
          <Icon name="check" size={18} />
          <span>
            {written.length === 0 ? 'All of it was there already.' : 'Written. '}
            {written.map((path) => (
              <span key={path} className={styles['written']}>
                <Name>{path}</Name>
              </span>
            ))}
          </span>
        </p>
      )}
      <ProblemPanel problem={write.problem} onDismiss={write.dismiss} />
    </section>
  );
}

/** A handle for pasting, where the tool asks for a password in its own dialog. */
function Password({ connection, role, title }: Pick<Of, 'connection' | 'role'> & { title: string }) {
  const copy = useAction();
  const whose = useWhoseRole(role);
  const [copied, setCopied] = useState<ActionReply<'copyHandle'>>();

  async function copyHandle(): Promise<string | undefined> {
    setCopied(undefined);
    const done = await copy.run('copyHandle', {
      connection: connection.name,
      tool: title.slice(0, 60),
      ...whose,
    });
    if (done === undefined) return undefined;
    setCopied(done.reply);
    return `Saved password for ${title} copied. Paste it there, and let the tool save it.`;
  }

  return (
    <section className={styles['part']} aria-labelledby="connect-password">
      <h3 id="connect-password">Password to paste</h3>
      <p>
        The tool may save it. It opens nothing by itself: each login with it needs you to be signed in, on
        this computer.
      </p>
      <div>
        <CopyButton busy={copy.busy} label={`Copy the password for ${title}`} onCopy={copyHandle}>
          Copy the password
        </CopyButton>
      </div>
      {copied !== undefined && (
        <Copied key={copied.id} clearsAt={copied.clearsAt} onOver={() => setCopied(undefined)}>
          Paste it as the password, and let the tool save it. It is not shown again.
        </Copied>
      )}
      <ProblemPanel problem={copy.problem} onDismiss={copy.dismiss} />
    </section>
  );
}

function Open({ connection, role, tool, title }: Omit<Of, 'settings'> & { title: string }) {
  const open = useAction();
  const whose = useWhoseRole(role);
  const announce = useAnnounce();

  async function start(): Promise<void> {
    if ((await open.run('openTool', { connection: connection.name, tool, ...whose })) !== undefined)
      announce(`${title} is starting`);
  }

  return (
    <div className={styles['part']}>
      <div>
        <Button busy={open.busy} onClick={() => void start()}>
          <Icon name="open" size={18} />
          <span>
            Open <Name>{title}</Name>
          </span>
        </Button>
      </div>
      <ProblemPanel problem={open.problem} onDismiss={open.dismiss} />
    </div>
  );
}
