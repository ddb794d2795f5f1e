import { type KeyboardEvent, useId, useState } from 'react';
import type { Preferences } from '../../main/contract/shapes.ts';
import { settings as t } from '../texts/en/settings.ts';
import { Button } from '../ui/button.tsx';
import { ChoiceRow } from './choice-row.tsx';
import styles from './settings.module.css';

const opens = (): Record<Preferences['shortcut'], string> => ({
  off: t.nothing,
  window: t.theWindowOfLatchkey,
  palette: t.theSearchOfEverything,
});

/** Keys that open Latchkey from wherever the keyboard is. */
export function ShortcutRows(props: {
  preferences: Preferences;
  change(wanted: Partial<Preferences>): void;
}) {
  const { preferences, change } = props;
  const { shortcut, shortcutKeys } = preferences;
  const keys = useId();
  return (
    <>
      <ChoiceRow
        label={t.aShortcutFromEverywhereOpens}
        value={shortcut}
        options={Object.entries(opens())}
        onChange={(value) => change({ shortcut: value as Preferences['shortcut'] })}
      >
        <small>{t.whicheverProgramHasTheKeyboard}</small>
      </ChoiceRow>
      {shortcut !== 'off' && (
        <div className={styles['row']}>
          <div className={styles['what']} id={keys}>
            {t.itsKeys}
            <small>{t.controlAltOrSuper}</small>
          </div>
          <KeyCatcher value={shortcutKeys} onKeys={(wanted) => change({ shortcutKeys: wanted })} />
        </div>
      )}
    </>
  );
}

/** Shows the keys, and after a press takes the next ones. */
function KeyCatcher({ value, onKeys }: { value: string; onKeys(keys: string): void }) {
  const [catching, setCatching] = useState(false);
  const shown = value.replaceAll('+', ' + ');

  function hear(event: KeyboardEvent): void {
    if (!catching || event.key === 'Tab') return;
    event.preventDefault();
    // Nothing else in the window may take them for its own.
    event.stopPropagation();
    const keys = acceleratorOf(event);
    if (event.key !== 'Escape' && keys === undefined) return;
    setCatching(false);
    if (keys !== undefined && keys !== value) onKeys(keys);
  }

  return (
    <span onKeyDownCapture={hear} onBlur={() => setCatching(false)}>
      <Button label={`${t.itsKeys}: ${catching ? t.pressTheKeys : shown}`} onClick={() => setCatching(true)}>
        {catching ? t.pressTheKeys : <kbd>{shown}</kbd>}
      </Button>
    </span>
  );
}

/** As the main process takes it; undefined for what writes, or is not whole yet. */
function acceleratorOf({ ctrlKey, altKey, shiftKey, metaKey, code }: KeyboardEvent): string | undefined {
  const held = [ctrlKey && 'Control', altKey && 'Alt', shiftKey && 'Shift', metaKey && 'Super'].filter(
    (key) => key !== false,
  );
  const key = /^(?:Key([A-Z])|Digit(\d)|(F\d{1,2})|(Space))$/.exec(code)?.slice(1).find(Boolean);
  return key === undefined || !(ctrlKey || altKey || metaKey) ? undefined : [...held, key].join('+');
}
