import { useEffect, useRef } from 'react';

/** Whether the key that makes a letter a command is held, and no other beside it. */
function isCommand({ ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): boolean {
  const [held, other] = navigator.platform.startsWith('Mac') ? [metaKey, ctrlKey] : [ctrlKey, metaKey];
  return held && !other && !altKey && !shiftKey;
}

/** A dialog that is open has the keys for itself. */
const isInDialog = (): boolean => document.querySelector('dialog[open]') !== null;

/** Hears letters and digits as commands: with Ctrl, on a Mac with the command key. @param press whether it has one to do */
export function useCommandKey(press: (key: string) => boolean): void {
  const latest = useRef(press);
  useEffect(() => {
    latest.current = press;
  });
  useEffect(() => {
    function hear(event: KeyboardEvent): void {
      if (isCommand(event) && !isInDialog() && latest.current(event.key.toLowerCase()))
        event.preventDefault();
    }
    window.addEventListener('keydown', hear);
    return () => window.removeEventListener('keydown', hear);
  }, []);
}

/** Of the keys 1 to 9, from 0 on; undefined for each other key. */
export function indexOfDigit(key: string): number | undefined {
  return /^[1-9]$/.test(key) ? Number(key) - 1 : undefined;
}
