import { type ReactNode, useState } from 'react';
import type { Versions } from '../../main/contract/shapes.ts';
import type { UpdateState } from '../../main/contract/update-state.ts';
import { updateText } from '../../main/contract/update-text.ts';
import { type ActionRunner, useAction, useReply } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { Logo } from '../ui/logo.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { LicencesDialog } from './licences-dialog.tsx';
import settings from './settings.module.css';
import { SupportDialog } from './support-dialog.tsx';
import styles from './about.module.css';

/** What runs here, and what helps whoever helps. */
export function About({ updates }: { updates: UpdateState | undefined }) {
  const { reply: about, problem } = useReply('readAbout');
  const [open, setOpen] = useState<'support' | 'licences'>();

  return (
    <>
      <ScreenHeading>About</ScreenHeading>
      <ProblemPanel problem={problem} />
      {about !== undefined && (
        <>
          <Program versions={about.versions} updates={updates} />
          <section className={settings['section']} aria-labelledby="help">
            <h2 id="help">When something does not work</h2>
            <div className={settings['panel']}>
              <Row
                what="Support bundle"
                more="Versions, state, findings of the doctor, configuration and the last lines of the log. Names, places and ids are replaced; you see it before it is saved."
              >
                <Button kind="primary" onClick={() => setOpen('support')}>
                  Support bundle…
                </Button>
              </Row>
              <Row what="Log" path={about.logFile}>
                <Opener label="Open log" open={(run) => run('openOwnFile', { file: 'log' })} />
              </Row>
              <Row what="Configuration" path={about.configurationFile}>
                <Opener label="Open configuration" open={(run) => run('openConfiguration', {})} />
              </Row>
            </div>
          </section>
          <section className={settings['section']} aria-labelledby="licences">
            <h2 id="licences">Licences</h2>
            <div className={settings['panel']}>
              <Row
                what="Latchkey is free software under the MIT licence"
                more="What is in it has licences of its own."
              >
                <Button onClick={() => setOpen('licences')}>Show licences…</Button>
              </Row>
            </div>
          </section>
        </>
      )}
      {open === 'support' && <SupportDialog onClose={() => setOpen(undefined)} />}
      {open === 'licences' && <LicencesDialog onClose={() => setOpen(undefined)} />}
    </>
  );
}

const systems: Record<string, string> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' };

function Program({ versions, updates }: { versions: Versions; updates: UpdateState | undefined }) {
  const { version, electron, node, chromium, platform, arch, release } = versions;
  const rows: [string, string | undefined][] = [
    ['Electron', electron],
    ['Chromium', chromium],
    ['Node.js', node],
    ['System', `${systems[platform] ?? platform} ${release} (${arch})`],
  ];
  return (
    <section className={styles['program']} aria-label="Version">
      <Logo size={56} />
      <div className={styles['what']}>
        <p className={styles['name']}>
          Latchkey <span>{version}</span>
        </p>
        {updates !== undefined && <p>{updateText(updates).text}</p>}
        <dl className={styles['versions']}>
          {rows.map(
            ([name, value]) =>
              value !== undefined && (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ),
          )}
        </dl>
      </div>
    </section>
  );
}

function Row(props: { what: string; more?: string; path?: string; children: ReactNode }) {
  const { what, more, path } = props;
  return (
    <div className={settings['row']}>
      <div className={settings['what']}>
        {what}
        {more !== undefined && <small>{more}</small>}
        {path !== undefined && (
          <small className={styles['path']}>
            <Name>{path}</Name>
          </small>
        )}
      </div>
      {props.children}
    </div>
  );
}

/** A button that has the system open a file. */
function Opener(props: { label: string; open(run: ActionRunner['run']): Promise<unknown> }) {
  const { run, busy, problem, dismiss } = useAction();
  return (
    <>
      <Button busy={busy} onClick={() => void props.open(run)}>
        {props.label}
      </Button>
      <ProblemPanel problem={problem} onDismiss={dismiss} />
    </>
  );
}
