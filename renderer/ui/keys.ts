/** Whether the key that makes a letter a command is held, and no other beside it. */
export function isCommand({ ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): boolean {
  const [held, other] = navigator.platform.startsWith('Mac') ? [metaKey, ctrlKey] : [ctrlKey, metaKey];
  return held && !other && !altKey && !shiftKey;
}

/** A dialog that is open has the keys for itself. */
export const isInDialog = (): boolean => document.querySelector('dialog[open]') !== null;
