import { useState } from 'react';
import type { ActionReply } from '../../main/contract/action-schemas.ts';
import type { ConnectSettings } from '../../main/contract/shapes.ts';
import type { ConnectionState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { connect as t } from '../texts/en/connect.ts';
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
    return (await copy.run('copySetting', request)) === undefined ? undefined : t.copied(label);
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
          <h3 id="connect-fields">{t.forItsDialog}</h3>
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
                    label={t.copyOfTheDialog(label)}
                    onCopy={() => copySetting({ field: index }, label)}
                  >
                    {common.copy}
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
    announce(t.filesWritten(done.reply.written.length));
  }

  return (
    <section className={styles['part']} aria-labelledby="connect-files">
      <h3 id="connect-files">{t.whatLatchkeyCanWrite}</h3>
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
          {t.writeTheseFiles(settings.files.length)}
        </Button>
      </div>
      {written !== undefined && (
        <p className={styles['done']}>
          <Icon name="check" size={18} />
          <span>
            {written.length === 0 ? t.allOfItWasThereAlready : t.written}
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
    return t.savedPasswordForCopiedPasteIt(title);
  }

  return (
    <section className={styles['part']} aria-labelledby="connect-password">
      <h3 id="connect-password">{t.passwordToPaste}</h3>
      <p>{t.theToolMaySaveItIt}</p>
      <div>
        <CopyButton busy={copy.busy} label={t.copyThePasswordFor(title)} onCopy={copyHandle}>
          {t.copyThePassword}
        </CopyButton>
      </div>
      {copied !== undefined && (
        <Copied key={copied.id} clearsAt={copied.clearsAt} onOver={() => setCopied(undefined)}>
          {t.pasteItAsThePasswordAnd}
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
      announce(t.isStarting(title));
  }

  return (
    <div className={styles['part']}>
      <div>
        <Button busy={open.busy} onClick={() => void start()}>
          <Icon name="open" size={18} />
          <span>{t.open(<Name>{title}</Name>)}</span>
        </Button>
      </div>
      <ProblemPanel problem={open.problem} onDismiss={open.dismiss} />
    </div>
  );
}
