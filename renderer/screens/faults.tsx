import type { Start } from '../../main/contract/shapes.ts';
import type { ShownProblem } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { faults as t } from '../texts/en/faults.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import layout from '../ui/layout.module.css';
import { Logo } from '../ui/logo.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import styles from './faults.module.css';
import { FaultyFile, filesOf } from './faulty-file.tsx';

type Failed = Extract<Start, { kind: 'failed' }>;

/** What keeps Latchkey from starting, and the ways on. */
export function Faults({ start, onTried }: { start: Failed; onTried(start: Start): void }) {
  const { problem, file, isThere } = start;
  const attempt = useAction();
  const quit = useAction();
  const open = useAction();
  const announce = useAnnounce();
  const isMissing = problem.code === 'config-unreadable' && file !== undefined && !isThere;
  const files = filesOf(problem.faults ?? []);

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
          <ScreenHeading>{isMissing ? t.thereIsNoConfigurationYet : t.latchkeyHasNotStarted}</ScreenHeading>
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
      <ProblemPanel problem={attempt.problem ?? open.problem ?? quit.problem} />
      <div className={layout['buttons']}>
        {isMissing && (
          <Button kind="primary" busy={attempt.busy} onClick={() => void tryAgain(true)}>
            {t.setLatchkeyUp}
          </Button>
        )}
        {file !== undefined && (
          <Button
            kind={isMissing ? 'secondary' : 'primary'}
            busy={attempt.busy}
            onClick={() => void tryAgain()}
          >
            {common.tryAgain}
          </Button>
        )}
        {isThere && files.size === 0 && isOfFile(problem) && (
          <Button busy={open.busy} onClick={() => void open.run('openConfiguration', {})}>
            {common.openFile}
          </Button>
        )}
        <Button kind="quiet" busy={quit.busy} onClick={() => void quit.run('quit', {})}>
          {common.quit}
        </Button>
      </div>
    </main>
  );
}

const isOfFile = ({ code }: ShownProblem): boolean =>
  code === 'config-unreadable' || code === 'config-invalid';

function lead({ problem }: Failed, hasFaults: boolean, isMissing: boolean): string {
  if (isMissing) return t.latchkeyMakesThisFileAndWrites;
  if (!hasFaults) return t.nothingHasBeenChangedAndNobody;
  return t.placesCannotCount(problem.faults?.length ?? 0);
}

function stillFails({ faults, message }: ShownProblem): string {
  if (faults === undefined) return message;
  return t.thereAreStillFaults(faults.length);
}
