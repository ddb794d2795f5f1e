import { type KeyboardEvent, useEffect, useRef } from 'react';
import { Icon } from './icon.tsx';
import styles from './menu.module.css';
import { Popup } from './popup.tsx';

export interface MenuEntry {
  text: string;
  onChoose(): void;
}

/** What else can be done with something: an overflow menu behind three dots. */
export function Menu(props: {
  /** What it is a menu of, for screen readers. */
  label: string;
  entries: readonly MenuEntry[];
  tabIndex?: number;
}) {
  const { label, entries, tabIndex } = props;
  return (
    <Popup
      role="menu"
      title={label}
      label={label}
      className={styles['more']}
      trigger={<Icon name="more" size={18} />}
      {...(tabIndex === undefined ? {} : { tabIndex })}
    >
      {(close) => <Entries entries={entries} close={close} />}
    </Popup>
  );
}

function Entries({ entries, close }: { entries: readonly MenuEntry[]; close(): void }) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => items(list.current)[0]?.focus(), []);

  function move(event: KeyboardEvent): void {
    const all = items(list.current);
    const at = all.findIndex((item) => item === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[to % all.length]?.focus();
    else if (event.key === 'Tab') close();
    else return;
    event.preventDefault();
  }

  return (
    // The menu itself is the panel around it; this only hears the keys of its items.
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions
    <div ref={list} role="presentation" onKeyDown={move}>
      {entries.map(({ text, onChoose }) => (
        <button
          key={text}
          type="button"
          role="menuitem"
          tabIndex={-1}
          className={styles['item']}
          onClick={() => {
            // First, so that what is chosen may move the focus on from the button.
            close();
            onChoose();
          }}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

const items = (list: HTMLElement | null): HTMLElement[] => [
  ...(list?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? []),
];
