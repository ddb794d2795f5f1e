import { type ReactNode, useState } from 'react';
import type { Versions } from '../../main/contract/shapes.ts';
import type { UpdateState } from '../../main/contract/update-state.ts';
import { updateText } from '../../main/contract/update-text.ts';
import { type ActionRunner, useAction, useReply } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { about as t } from '../texts/en/about.ts';
import { Button } from '../ui/button.tsx';
import { Logo } from '../ui/logo.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { Reading } from '../ui/reading.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { LicencesDialog } from './licences-dialog.tsx';
import settings from './settings.module.css';
import { SupportDialog } from './support-dialog.tsx';
import styles from './about.module.css';

/** What runs here, and what helps whoever helps. */
export function About({ updates }: { updates: UpdateState | undefined }) {
  const { reply: about, problem, again } = useReply('readAbout');
  const [open, setOpen] = useState<'support' | 'licences'>();

  return (
    <>
      <ScreenHeading>{t.about}</ScreenHeading>
      {about === undefined && <Reading problem={problem} onAgain={again} />}
      {about !== undefined && (
        <>
          <Program versions={about.versions} updates={updates} />
          <section className={settings['section']} aria-labelledby="help">
            <h2 id="help">{t.whenSomethingDoesNotWork}</h2>
            <div className={settings['panel']}>
              <Row what={t.supportBundle} more={t.versionsStateFindingsOfThe}>
                <Button kind="primary" onClick={() => setOpen('support')}>
                  {t.supportBundleButton}
                </Button>
              </Row>
              <Row what={t.log} path={about.logFile}>
                <Opener label={t.openLog} open={(run) => run('openOwnFile', { file: 'log' })} />
              </Row>
              <Row what={t.configuration} path={about.configurationFile}>
                <Opener label={t.openConfiguration} open={(run) => run('openConfiguration', {})} />
              </Row>
            </div>
          </section>
          <section className={settings['section']} aria-labelledby="licences">
            <h2 id="licences">{t.licences}</h2>
            <div className={settings['panel']}>
              <Row what={t.latchkeyIsFreeSoftwareUnderThe} more={t.whatIsInItHasLicences}>
                <Button onClick={() => setOpen('licences')}>{t.showLicences}</Button>
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
    [t.system, `${systems[platform] ?? platform} ${release} (${arch})`],
  ];
  return (
    <section className={styles['program']} aria-label={common.version}>
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
