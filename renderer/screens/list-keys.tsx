import type { AppState } from '../../main/contract/state.ts';
import type { Place } from '../ui/frame.tsx';
import { indexOfDigit, useCommandKey } from '../ui/keys.ts';
import { sectionsOf } from './connection-rows.ts';
import type { Panes } from './panes.ts';

/**
 * Ctrl+F goes to the search of the screen, or of the list where the screen has none; Ctrl+1 to Ctrl+9 open the connections of
 * the list from every other screen. On its own screen the list hears the digits itself, as it knows what is searched for.
 */
export function ListKeys(props: {
  state: AppState;
  place: Place;
  panes: Panes;
  onPlace(place: Place): void;
}) {
  const { state, place, panes, onPlace } = props;

  useCommandKey((key) => {
    const isOpen = state.signIn.kind === 'signed-in';
    if (key === 'f') {
      if (findHere()) return true;
      if (!isOpen) return false;
      onPlace('home');
      panes.search();
      return true;
    }
    const index = indexOfDigit(key);
    if (index === undefined || !isOpen || place === 'home') return false;
    const row = sectionsOf(state, '').flatMap(({ rows }) => rows)[index];
    if (row === undefined) return true;
    onPlace('home');
    panes.open(row.key, true);
    return true;
  });

  return null;
}

/** Whether the screen has a search of its own that is in sight. */
function findHere(): boolean {
  const field = document.querySelector<HTMLInputElement>('main [data-search]');
  if (field?.checkVisibility() !== true) return false;
  field.focus();
  field.select();
  return true;
}
