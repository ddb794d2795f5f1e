import { useCallback, useEffect, useState } from 'react';
import type { Check } from '../../main/contract/shapes.ts';
import type { AppState } from '../../main/contract/state.ts';
import type { WindowAction } from '../../main/contract/actions.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { firstRun as t } from '../texts/en/first-run.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icon.tsx';
import layout from '../ui/layout.module.css';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { CopiedToken, useTokenCopy } from './token-copy.tsx';
import styles from './first-run.module.css';

/** What the person came for: a password for the SQL tool, and what still stands in its way. */
export function FirstToken(props: { state: AppState; name: string; onDone(): void }) {
  const { state, name, onDone } = props;
  const connection = state.connections.find((one) => one.name === name);
  const token = useTokenCopy();
  const copyCommand = useAction();
  const mayUse = (connection?.grants.length ?? 0) > 0;

  const copyToken = (): Promise<string | undefined> =>
    token.copy({ connection: name }, t.tokenCopiedPasteItAsThe);
  async function copyLine(): Promise<string | undefined> {
    return (await copyCommand.run('copyCommand', { connection: name })) && t.commandCopied;
  }

  return (
    <>
      <div>
        <ScreenHeading>{t.isSetUp(<Name>{connection?.title ?? name}</Name>)}</ScreenHeading>
        <p className={styles['lead']}>{mayUse ? t.runTheCommandOrFillIn : t.noneOfYourGroupsOpensIt}</p>
      </div>
      {mayUse && (
        <div className={styles['card']}>
          {connection?.command !== undefined && (
            <div className={styles['command']}>
              <code dir="ltr">{connection.command}</code>
              <CopyButton label={common.copyCommand} onCopy={copyLine}>
                {common.copy}
              </CopyButton>
            </div>
          )}
          <div className={layout['buttons']}>
            <CopyButton kind="primary" busy={token.busy} onCopy={copyToken}>
              {common.copyToken}
            </CopyButton>
          </div>
          <CopiedToken {...token} />
          <ProblemPanel problem={token.problem ?? copyCommand.problem} />
        </div>
      )}
      <Findings />
      <div className={layout['buttons']}>
        <Button kind={mayUse ? 'secondary' : 'primary'} onClick={onDone}>
          {common.done}
        </Button>
      </div>
    </>
  );
}

/** What the doctor finds wrong, each with its remedy as a button where there is one. */
function Findings() {
  const doctor = useAction();
  const { run } = doctor;
  const [checks, setChecks] = useState<Check[]>();
  const look = useCallback(
    () => run('runDoctor', {}).then((done) => done && setChecks(done.reply.checks)),
    [run],
  );
  useEffect(() => void look(), [look]);
  const wrong = checks?.filter(({ result }) => result === 'failed' || result === 'warning') ?? [];
  return (
    <section className={styles['card']} aria-label={common.findings}>
      <output>
        {doctor.busy
          ? t.checkingEverything
          : checks !== undefined && (wrong.length === 0 ? t.allChecksAreInOrder : found(wrong.length))}
      </output>
      {wrong.length > 0 && (
        <ul className={styles['found']}>
          {wrong.map((check) => (
            <Finding key={`${check.name} ${check.message}`} check={check} onTried={() => void look()} />
          ))}
        </ul>
      )}
      <ProblemPanel problem={doctor.problem} />
      {(wrong.length > 0 || doctor.problem !== undefined) && (
        <div className={layout['buttons']}>
          <Button busy={doctor.busy} onClick={() => void look()}>
            {t.checkAgain}
          </Button>
        </div>
      )}
    </section>
  );
}

const found = (count: number): string => t.thingsNeedALook(count);

type Remedy = { words: string; action: Extract<WindowAction, ReturnType<typeof remedies>[number]['action']> };
const remedies = () =>
  [
    { name: /^connection /, words: t.tryThePortAgain, action: 'retryListeners' },
    { name: /^settings of /, words: common.openFile, action: 'openConfiguration' },
    { name: /^keyring$/, words: t.unlockTheKeyring, action: 'unlockKeyring' },
    { name: /^audit$/, words: t.openTheAuditFolder, action: 'openAuditFolder' },
    { name: /^configuration$/, words: common.openFile, action: 'openConfiguration' },
  ] as const;

const remedyOf = ({ name }: Check): Remedy | undefined => remedies().find((one) => one.name.test(name));

function Finding({ check, onTried }: { check: Check; onTried(): void }) {
  const remedy = remedyOf(check);
  const mend = useAction();
  return (
    <li className={styles['finding']}>
      <Icon name="alert" size={18} />
      <div>
        <strong>
          <Name>{check.name}</Name>
        </strong>
        <p>
          <Name>{check.message}</Name>
        </p>
        {check.remedy !== undefined && (
          <p>
            <Name>{check.remedy}</Name>
          </p>
        )}
        <ProblemPanel problem={mend.problem} />
      </div>
      {remedy !== undefined && (
        <Button
          label={`${remedy.words}: ${check.name}`}
          busy={mend.busy}
          onClick={() =>
            void mend.run(remedy.action, {}).then((done) => (done === undefined ? undefined : onTried()))
          }
        >
          {remedy.words}
        </Button>
      )}
    </li>
  );
}
