import { type ReactNode, useState } from 'react';
import type { PeerProcess, Prompt } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { activity } from '../texts/en/activity.ts';
import { common } from '../texts/en/common.ts';
import { prompts as t } from '../texts/en/prompts.ts';
import { Button } from '../ui/button.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ProgramIcon } from './program-icon.tsx';
import styles from './prompt-dialog.module.css';
import { usePromptShell } from './prompt-shell.tsx';

/** What each kind of prompt gets to show itself. */
export interface PromptProps<Shown extends Prompt> {
  prompt: Shown;
  /** Of the connection. */
  title: string;
  /** Of another connection, by its name. */
  titleOf(connection: string): string;
  /** How many prompts wait behind this one. */
  others: number;
  onHide(): void;
  /** It has been answered; the text says how. */
  onSettled(text: string): void;
}

/** What prompts of all kinds have in common: a lead, the facts about who asks, and the way to say no or later. */
export function PromptFrame(props: {
  asked: PromptProps<Prompt>;
  heading: ReactNode;
  lead: ReactNode;
  /** What becomes of the answer when no login waits any more. */
  whenNoneWaits: string;
  /** More facts: pairs of `dt` and `dd`. */
  facts?: ReactNode;
  /** The ways to say yes. */
  children: ReactNode;
  /** Stands before the button that says no. */
  yes?: ReactNode;
  no: string;
  /** Said when it has been refused. */
  refused: string;
}) {
  const { prompt, others, onHide, onSettled } = props.asked;
  const deny = useAction();
  const [blocks, setBlocks] = useState(false);
  const { Shell, position } = usePromptShell();

  async function refuse(): Promise<void> {
    const request = { id: prompt.id, ...(blocks ? { block: true as const } : {}) };
    if ((await deny.run('denyPrompt', request)) === undefined) return;
    onSettled(blocks ? t.deniedAndBlocked(props.refused) : props.refused);
  }

  return (
    <Shell
      title={
        <span className={styles['title']}>
          <ProgramIcon prompt={prompt} />
          <span>{props.heading}</span>
        </span>
      }
      onEscape={onHide}
    >
      <p className={styles['lead']}>{props.lead}</p>
      <Facts asked={props.asked} whenNoneWaits={props.whenNoneWaits}>
        {props.facts}
      </Facts>
      {props.children}
      {prompt.process?.path !== undefined && (
        <label className={styles['block']}>
          <input type="checkbox" checked={blocks} onChange={(event) => setBlocks(event.target.checked)} />
          {t.whenDeniedBlock}
        </label>
      )}
      <ProblemPanel problem={deny.problem} />
      <div className={styles['foot']}>
        {props.yes}
        <Button kind="danger" busy={deny.busy} onClick={() => void refuse()}>
          {props.no}
        </Button>
        <Button kind="quiet" onClick={onHide}>
          {t.notNow}
        </Button>
        {position !== undefined && <small>{position}</small>}
        {position === undefined && others > 0 && <small>{t.moreWaitAfterThisOne(others)}</small>}
      </div>
    </Shell>
  );
}

function Facts(props: { asked: PromptProps<Prompt>; whenNoneWaits: string; children: ReactNode }) {
  const { prompt, title, titleOf } = props.asked;
  // Beside the process the port says nothing; a sign-in has more to show than there is room.
  const showsAddress = prompt.kind !== 'sign-in' || prompt.process === undefined;
  return (
    <dl className={styles['facts']}>
      <Program process={prompt.process} />
      <dt>{t.callsItself}</dt>
      <dd>
        {prompt.program === '' ? (
          <small>{t.givesNoName}</small>
        ) : (
          <>
            <Name>{prompt.program}</Name> <small>{t.onlyItsOwnWord}</small>
          </>
        )}
      </dd>
      {prompt.kind !== 'second-factor' && prompt.tool !== undefined && (
        <>
          <dt>{t.savedPassword}</dt>
          <dd>
            <Name>{prompt.tool}</Name>
            {prompt.kind === 'sign-in' && (
              <>
                {' '}
                <small>{t.of(<Name>{prompt.username}</Name>)}</small>
              </>
            )}
          </dd>
        </>
      )}
      {prompt.kind !== 'sign-in' && (
        <>
          <dt>{common.account}</dt>
          <dd>
            <Name>{prompt.username}</Name>
          </dd>
        </>
      )}
      <dt>{common.connection}</dt>
      <dd>
        <Name>{title}</Name> <small>{t.inDatabase(<Name>{prompt.database}</Name>)}</small>
      </dd>
      {prompt.role !== '' && (
        <>
          <dt>{common.role}</dt>
          <dd>
            <Name>{prompt.role}</Name>
          </dd>
        </>
      )}
      {showsAddress && (
        <>
          <dt>{t.from}</dt>
          <dd>{prompt.address === 'unix' ? t.thisComputer : <Name>{prompt.address}</Name>}</dd>
        </>
      )}
      {props.children}
      <dt>{t.waiting}</dt>
      <dd>{waiting(prompt.waiting, props.whenNoneWaits)}</dd>
      {prompt.also !== undefined && <Also also={prompt.also} titleOf={titleOf} />}
    </dl>
  );
}

/** Logins of other kinds that the same answer lets in. */
function Also({ also, titleOf }: { also: NonNullable<Prompt['also']>; titleOf(connection: string): string }) {
  return (
    <>
      <dt>{t.letsInToo}</dt>
      {also.map(({ connection, role, program }, index) => (
        // Two programs of one name can stand at different places of the disk.
        <dd key={`${index} ${connection} ${role} ${program}`}>
          {program === '' ? t.unknownProgram : <Name>{program}</Name>}{' '}
          <small>
            {role === ''
              ? t.onConnection(<Name>{titleOf(connection)}</Name>)
              : t.asRoleOnConnection(<Name>{role}</Name>, <Name>{titleOf(connection)}</Name>)}
          </small>
        </dd>
      ))}
    </>
  );
}

/** What the system says of the process at the other end: the client has no say in it. */
function Program({ process }: { process: PeerProcess | undefined }) {
  return (
    <>
      <dt>{activity.program}</dt>
      {process === undefined ? (
        <dd>
          {t.unknownProgram} <small>{t.theSystemDoesNotSayWhich}</small>
        </dd>
      ) : (
        <dd>
          <Name>{process.program}</Name> <small>{t.process(process.pid)}</small>
          {process.path !== undefined && (
            <small className={styles['path']}>
              <Name>{process.path}</Name>
            </small>
          )}
        </dd>
      )}
      {process?.parent !== undefined && (
        <>
          <dt>{t.startedBy}</dt>
          <dd>
            <Name>{process.parent.program}</Name> <small>{t.process(process.parent.pid)}</small>
          </dd>
        </>
      )}
    </>
  );
}

function waiting(count: number, whenNoneWaits: string): string {
  return count === 0 ? t.noLoginAnyMore(whenNoneWaits) : t.logins(count);
}
