import { type KeyboardEvent, memo, type Ref, useCallback, useState } from 'react';
import type { ActionRequest } from '../../main/contract/action-schemas.ts';
import type { Language } from '../../main/contract/language.ts';
import type { ConnectionState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { access as t } from '../texts/en/access.ts';
import { shownLanguage } from '../texts/language.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Menu, type MenuEntry } from '../ui/menu.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ProtocolMark } from '../ui/protocol-mark.tsx';
import { protocolTitles } from '../ui/protocols.ts';
import { useWhose } from './accounts.tsx';
import { type Availability, availabilityOf } from './availability.ts';
import type { Row, Section } from './connection-rows.ts';
import styles from './connection-list.module.css';

/** What can be done with a row beside looking at it. */
export type RowTask = 'connect' | 'test' | 'edit';

/**
 * The connections as a grid: one stop for Tab, arrow keys between rows and along a row. The row that has the focus is the
 * one that the detail shows; Enter goes on into the detail.
 */
export function ConnectionList(props: {
  sections: readonly Section[];
  chosen: string | undefined;
  ref: Ref<HTMLDivElement>;
  onChoose(key: string): void;
  /** Chosen to be looked at: with the keyboard, the focus goes along. */
  onOpen(key: string, byKeyboard: boolean): void;
  onTask(key: string, task: RowTask): void;
  /** Puts a connection first, or back. */
  onFavour(name: string): Promise<void>;
  isFavourite(name: string): boolean;
}) {
  const { sections, chosen, ref, onChoose, onOpen, onTask, onFavour } = props;
  const copy = useCopies();
  const { several } = useWhose();
  const rows = sections.flatMap((section) => section.rows);
  // A search may hide what is chosen.
  const stop = rows.find(({ key }) => key === chosen)?.key ?? rows[0]?.key;

  function move(event: KeyboardEvent<HTMLDivElement>): void {
    const from = event.target instanceof HTMLElement ? event.target : undefined;
    if (from === undefined || from.closest('[popover]') !== null) return;
    const cell = cellTo(event, from, event.currentTarget);
    if (cell === undefined) return;
    event.preventDefault();
    cell.focus();
    const key = cell.closest<HTMLElement>('[role=row]')?.dataset['row'];
    if (key !== undefined) onChoose(key);
  }

  return (
    <div ref={ref} className={styles['list']}>
      <ProblemPanel problem={copy.problem} onDismiss={copy.dismiss} />
      <div role="grid" aria-label={t.connections} tabIndex={-1} onKeyDown={move}>
        {sections.map(({ title, rows: own }) => (
          <div key={title} role="rowgroup" aria-label={title} className={styles['section']}>
            {title !== undefined && (
              <div aria-hidden="true" className={styles['title']}>
                <Name>{title}</Name>
              </div>
            )}
            {own.map((row) => (
              <ConnectionRow
                key={row.key}
                {...shownOf(row)}
                isFavourite={props.isFavourite(row.connection.name)}
                several={several}
                isChosen={row.key === chosen}
                isStop={row.key === stop}
                onOpen={onOpen}
                onTask={onTask}
                onFavour={onFavour}
                onCopy={copy.token}
                onCopyCommand={copy.command}
              />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Where an arrow key, Home or End leads to from a control of the grid. */
function cellTo(
  { key, ctrlKey, metaKey, altKey }: KeyboardEvent,
  from: HTMLElement,
  grid: HTMLElement,
): HTMLElement | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  const rows = [...(grid.querySelectorAll<HTMLElement>('[role=row]') ?? [])];
  const at = rows.findIndex((row) => row.contains(from));
  const cells = controlsOf(rows[at]);
  const column = cells.indexOf(from);
  const inRow = (index: number): HTMLElement | undefined => {
    const there = controlsOf(rows[Math.max(0, Math.min(index, rows.length - 1))]);
    return there[Math.min(Math.max(0, column), there.length - 1)];
  };
  switch (key) {
    case 'ArrowDown':
      return inRow(at + 1);
    case 'ArrowUp':
      return inRow(at - 1);
    case 'Home':
      return inRow(0);
    case 'End':
      return inRow(rows.length - 1);
    case 'ArrowRight':
      return cells[column + 1];
    case 'ArrowLeft':
      return cells[column - 1];
    default:
      return undefined;
  }
}

const controlsOf = (row: HTMLElement | undefined): HTMLElement[] => [
  ...(row?.querySelectorAll<HTMLElement>('[role=gridcell] > button') ?? []),
];

/** One for all rows: what was refused stands above them. */
function useCopies() {
  const { run, problem, dismiss } = useAction();
  const announce = useAnnounce();
  const token = useCallback(
    async (title: string, request: ActionRequest<'copyToken'>) => {
      if ((await run('copyToken', request)) !== undefined) announce(t.tokenForCopiedPasteItAs(title));
    },
    [run, announce],
  );
  const command = useCallback(
    async (title: string, request: ActionRequest<'copyCommand'>) => {
      if ((await run('copyCommand', request)) !== undefined) announce(t.commandForCopied(title));
    },
    [run, announce],
  );
  return { token, command, problem, dismiss };
}

/** What a row says, in plain values: a snapshot that changes nothing of it costs no drawing. */
interface Shown extends Availability {
  /** In another language it is drawn anew. */
  language: Language;
  rowKey: string;
  name: string;
  title: string;
  protocol: ConnectionState['protocol'];
  place: string;
  role: string | undefined;
  objectId: string | undefined;
  hasCommand: boolean;
}

function shownOf({ key, connection, grant }: Row): Shown {
  const { name, title, protocol, host, port, command } = connection;
  return {
    language: shownLanguage(),
    rowKey: key,
    name,
    title,
    protocol,
    place: `${host}:${port}`,
    role: grant?.role,
    objectId: grant?.objectId,
    hasCommand: command !== undefined || grant?.command !== undefined,
    ...availabilityOf(connection),
  };
}

const ConnectionRow = memo(function ConnectionRow(
  props: Shown & {
    /** Whether it has to be said whose it is; the context would have each row drawn for each snapshot. */
    several: boolean;
    isChosen: boolean;
    isFavourite: boolean;
    /** Whether Tab stops here. */
    isStop: boolean;
    onOpen(key: string, byKeyboard: boolean): void;
    onTask(key: string, task: RowTask): void;
    onFavour(name: string): Promise<void>;
    onCopy(title: string, request: ActionRequest<'copyToken'>): Promise<void>;
    onCopyCommand(title: string, request: ActionRequest<'copyCommand'>): Promise<void>;
  },
) {
  const { rowKey, name, title, place, role, word, tone, objectId, several, isChosen, isStop } = props;
  const whose = several && objectId !== undefined ? { as: objectId } : {};
  const entries: MenuEntry[] = [
    ...(role === undefined
      ? []
      : [{ text: t.connectATool, onChoose: () => props.onTask(rowKey, 'connect') }]),
    ...(props.hasCommand
      ? [
          {
            text: common.copyCommand,
            onChoose: () => void props.onCopyCommand(title, { connection: name, ...whose }),
          },
        ]
      : []),
    { text: common.test, onChoose: () => props.onTask(rowKey, 'test') },
    { text: common.edit, onChoose: () => props.onTask(rowKey, 'edit') },
    {
      text: props.isFavourite ? t.removeFromFavourites : t.addToFavourites,
      onChoose: () => void props.onFavour(name),
    },
  ];
  return (
    <div role="row" aria-selected={isChosen} data-row={rowKey} className={styles['row']}>
      <div role="gridcell" className={styles['main']}>
        <button
          type="button"
          tabIndex={isStop ? 0 : -1}
          className={styles['open']}
          // A click that the keyboard has made has no count.
          onClick={(event) => props.onOpen(rowKey, event.detail === 0)}
        >
          <ProtocolMark protocol={props.protocol} />
          <span className={styles['words']}>
            <strong>
              <Name>{title}</Name>
            </strong>
            <small>
              <State word={word} tone={tone} />{' '}
              <span>
                <span className={styles['spoken']}>{protocolTitles[props.protocol]} </span>
                {place}
              </span>{' '}
              {role !== undefined && <Name>{role}</Name>}
            </small>
          </span>
        </button>
      </div>
      {role !== undefined && (
        <div role="gridcell">
          <CopyIcon title={title} onCopy={() => props.onCopy(title, { connection: name, role, ...whose })} />
        </div>
      )}
      <div role="gridcell">
        <Menu label={t.moreFor(title)} tabIndex={-1} entries={entries} />
      </div>
    </div>
  );
});

/** Copies a token, once at a time. */
function CopyIcon({ title, onCopy }: { title: string; onCopy(): Promise<void> }) {
  const [busy, setBusy] = useState(false);
  async function copy(): Promise<void> {
    if (busy) return;
    setBusy(true);
    await onCopy().finally(() => setBusy(false));
  }
  return (
    <button
      type="button"
      tabIndex={-1}
      className={styles['icon']}
      aria-label={t.copyATokenFor(title)}
      aria-disabled={busy}
      title={busy ? common.workingOnIt : t.copyAToken}
      onClick={() => void copy()}
    >
      <Icon name={busy ? 'clock' : 'copy'} size={18} />
    </button>
  );
}

/** The colour repeats the word, and is enough where all is well. */
function State({ word, tone }: Availability) {
  return (
    <span className={`${styles['state']} ${styles[tone]}`}>
      <span className={tone === 'good' ? styles['spoken'] : undefined}>{word}</span>
    </span>
  );
}
