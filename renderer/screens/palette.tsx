import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import type { Problem } from '../../main/contract/errors.ts';
import { common } from '../texts/en/common.ts';
import { frame as t } from '../texts/en/frame.ts';
import { Modal } from '../ui/modal.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import styles from './palette.module.css';

/** One thing that the palette offers. */
export interface Command {
  /** Unique. */
  id: string;
  kind: string;
  text: string;
  /** What else it is found by. */
  hint: string;
  /** What has to come true before the palette goes; what is said of a failure stands in it. */
  first?: () => Promise<boolean>;
  run(): void;
}

const shownAtMost = 50;

/** Everything that can be reached, by a few letters of its name. */
export function Palette(props: {
  commands: readonly Command[];
  problem: Problem | undefined;
  onClose(): void;
}) {
  const { commands, problem, onClose } = props;
  const [search, setSearch] = useState('');
  const [at, setAt] = useState(0);
  const [busy, setBusy] = useState(false);
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const found = findCommands(commands, search);
  const active = found[Math.min(at, found.length - 1)];
  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [active?.id]);

  function press(event: KeyboardEvent): void {
    const last = found.length - 1;
    const to = { ArrowDown: at >= last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1 }[event.key];
    if (to !== undefined) setAt(Math.max(0, to));
    else if (event.key === 'Enter' && active !== undefined) void choose(active);
    else return;
    event.preventDefault();
  }
  async function choose(command: Command): Promise<void> {
    if (busy) return;
    if (command.first !== undefined) {
      setBusy(true);
      const isDone = await command.first().finally(() => setBusy(false));
      if (!isDone) return;
    }
    // First, so that what is chosen may move the focus on.
    onClose();
    command.run();
  }

  return (
    <Modal title={t.goTo} onEscape={onClose}>
      <input
        ref={input}
        type="text"
        role="combobox"
        className={styles['input']}
        aria-label={t.connectionsToolsAndActions}
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={active === undefined ? undefined : `${id}-${active.id}`}
        aria-autocomplete="list"
        placeholder={t.connectionsToolsAndActions}
        autoComplete="off"
        spellCheck={false}
        value={search}
        onChange={(event) => {
          setSearch(event.target.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <ProblemPanel problem={problem} />
      <output className={styles['found']}>
        {found.length === 0 ? common.nothingFound : busy && common.workingOnIt}
      </output>
      <div ref={list} id={`${id}-list`} role="listbox" aria-label={t.found}>
        {found.map((command) => (
          // The keyboard is with the field above, as in each combobox.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={command.id}
            id={`${id}-${command.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={command === active}
            className={styles['option']}
            onClick={() => void choose(command)}
          >
            <span>
              <Name>{command.text}</Name>
            </span>
            <small>{command.kind}</small>
          </div>
        ))}
      </div>
    </Modal>
  );
}

/** Those in whose words each word of the search begins something; the order stays. */
function findCommands(commands: readonly Command[], search: string): Command[] {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return commands
    .filter(({ text, hint, kind }) => {
      const all = `${text}\n${hint}\n${kind}`.toLocaleLowerCase();
      return words.every((word) => all.includes(word));
    })
    .slice(0, shownAtMost);
}
