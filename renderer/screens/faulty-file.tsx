import type { ShownProblem } from '../../main/contract/state.ts';
import type { ActionRunner } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { frame as t } from '../texts/en/frame.ts';
import { Button } from '../ui/button.tsx';
import { Name } from '../ui/name.tsx';
import styles from './faulty-file.module.css';

type FileFault = NonNullable<ShownProblem['faults']>[number];

/** What is wrong in one file, line by line. @param props.name of the connection, where all of it is in one */
export function FaultyFile(props: {
  path: string;
  faults: readonly FileFault[];
  open: ActionRunner;
  name?: string;
}) {
  const { path, faults, open, name } = props;
  // The settings of an organisation that was joined are kept elsewhere, as they were signed.
  const isFile = !/^[a-z]+:\/\//i.test(path);
  const what = name === undefined ? path : t.forIt(path, name);
  return (
    <section className={styles['file']} aria-label={name === undefined ? t.faultsIn(path) : t.faultsOf(name)}>
      <div className={styles['head']}>
        <div className={styles['names']}>
          {name !== undefined && (
            <h2 className={styles['name']}>
              <Name>{name}</Name>
            </h2>
          )}
          {name === undefined ? (
            <h2 className={styles['path']}>
              <Name>{path}</Name>
            </h2>
          ) : (
            <p className={styles['path']}>
              <Name>{path}</Name>
            </p>
          )}
        </div>
        {isFile && (
          <Button
            label={t.openFile(what)}
            busy={open.busy}
            onClick={() => void open.run('openConfiguration', { file: path })}
          >
            {common.openFile}
          </Button>
        )}
      </div>
      <ul>
        {faults.map(({ line, text }) => (
          <li key={`${line} ${text}`} className={styles['fault']}>
            <span className={styles['line']}>{line === undefined ? t.inIt : t.line(line)}</span>
            <span className={styles['text']}>
              <Name>{text}</Name>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function filesOf(faults: readonly FileFault[]): Map<string, FileFault[]> {
  const files = new Map<string, FileFault[]>();
  for (const fault of faults) files.set(fault.file, [...(files.get(fault.file) ?? []), fault]);
  return files;
}
