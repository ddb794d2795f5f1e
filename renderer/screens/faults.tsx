import type { Start } from '../../main/contract/shapes.ts';
import type { ShownProblem } from '../../main/contract/state.ts';
import { type ActionRunner, useAction } from '../bridge.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import layout from '../ui/layout.module.css';
import { Logo } from '../ui/logo.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import styles from './faults.module.css';

type Failed = Extract<Start, { kind: 'failed' }>;
type FileFault = NonNullable<ShownProblem['faults']>[number];

/** What keeps Latchkey from starting, and the ways on. */
export function Faults({ start, onTried }: { start: Failed; onTried(start: Start): void }) {
  const { problem, file, isThere } = start;
  const attempt = useAction();
  const quit = useAction();
  const open = useAction();
  const announce = useAnnounce();
  const isMissing = problem.code === 'config-unreadable' && file !== undefined && !isThere;
  const files = byFile(problem.faults ?? []);

  async function tryAgain(create?: true): Promise<void> {
    const tried = await attempt.run('tryStart', create === undefined ? {} : { create });
    if (tried === undefined) return;
    if (tried.reply.kind === 'failed') announce(stillFails(tried.reply.problem));
    onTried(tried.reply);
  }

  return (
    <main className={styles['page']}>
      <div className={styles['head']}>
        <Logo size={48} />
        <div>
          <ScreenHeading>
            {isMissing ? 'There is no configuration yet' : 'Latchkey has not started'}
          </ScreenHeading>
          <p className={layout['soft']}>{lead(start, files.size > 0, isMissing)}</p>
        </div>
      </div>
      {files.size === 0 && !isMissing && <ProblemPanel problem={problem} />}
      {[...files].map(([path, faults]) => (
        <FaultyFile key={path} path={path} faults={faults} open={open} />
      ))}
      {isMissing && (
        <p>
          <code>
            <Name>{file}</Name>
          </code>
        </p>
      )}
      <ProblemPanel problem={attempt.problem ?? open.problem} />
      <div className={layout['buttons']}>
        {isMissing && (
          <Button kind="primary" busy={attempt.busy} onClick={() => void tryAgain(true)}>
            Set Latchkey up
          </Button>
        )}
        {file !== undefined && (
          <Button
            kind={isMissing ? 'secondary' : 'primary'}
            busy={attempt.busy}
            onClick={() => void tryAgain()}
          >
            Try again
          </Button>
        )}
        {isThere && files.size === 0 && isOfFile(problem) && (
          <Button busy={open.busy} onClick={() => void open.run('openConfiguration', {})}>
            Open file
          </Button>
        )}
        <Button kind="quiet" busy={quit.busy} onClick={() => void quit.run('quit', {})}>
          Quit
        </Button>
      </div>
    </main>
  );
}

function FaultyFile(props: { path: string; faults: FileFault[]; open: ActionRunner }) {
  const { path, faults, open } = props;
  // The settings of an organisation that was joined come from an address.
  const isFile = !/^https?:/.test(path);
  return (
    <section className={styles['file']} aria-label={`Faults in ${path}`}>
      <div className={styles['path']}>
        <h2>
          <Name>{path}</Name>
        </h2>
        {isFile && (
          <Button
            label={`Open file ${path}`}
            busy={open.busy}
            onClick={() => void open.run('openConfiguration', { file: path })}
          >
            Open file
          </Button>
        )}
      </div>
      <ul>
        {faults.map(({ line, text }) => (
          <li key={`${line} ${text}`} className={styles['fault']}>
            <span className={styles['line']}>{line === undefined ? 'In it' : `Line ${line}`}</span>
            <span className={styles['text']}>
              <Name>{text}</Name>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function byFile(faults: readonly FileFault[]): Map<string, FileFault[]> {
  const files = new Map<string, FileFault[]>();
  for (const fault of faults) files.set(fault.file, [...(files.get(fault.file) ?? []), fault]);
  return files;
}

const isOfFile = ({ code }: ShownProblem): boolean =>
  code === 'config-unreadable' || code === 'config-invalid';

function lead({ problem }: Failed, hasFaults: boolean, isMissing: boolean): string {
  if (isMissing) return 'Latchkey makes this file, and writes into it what you set up in the window.';
  if (!hasFaults) return 'Nothing has been changed, and nobody is let in meanwhile.';
  const count = problem.faults?.length ?? 0;
  const what = count === 1 ? 'One place' : `${count} places`;
  return `${what} in the configuration cannot count. Correct what is named, save the file, and try again.`;
}

function stillFails({ faults, message }: ShownProblem): string {
  if (faults === undefined) return message;
  return faults.length === 1 ? 'There is still one fault' : `There are still ${faults.length} faults`;
}
