import { type ReactNode, useRef, useState } from 'react';
import { CopyButton } from './copy-button.tsx';
import styles from './text-block.module.css';

/** Text to take away: it can be selected, and a button copies all of it. */
export function TextBlock(props: {
  label: string;
  text: string;
  /** Said after the copy. */
  copied: string;
  /** Other buttons beside the one that copies. */
  children?: ReactNode;
}) {
  const block = useRef<HTMLPreElement>(null);
  const [byHand, setByHand] = useState(false);

  // The page has no permission for the clipboard, nor should it; the editing command needs none, only a click.
  async function copy(): Promise<string | undefined> {
    const selection = getSelection();
    if (block.current === null || selection === null) return undefined;
    selection.selectAllChildren(block.current);
    const done = document.execCommand('copy');
    setByHand(!done);
    if (!done) return undefined;
    selection.removeAllRanges();
    return props.copied;
  }

  return (
    <div className={styles['block']}>
      {/* A text that scrolls must be reachable by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <section className={styles['scroll']} tabIndex={0} aria-label={props.label}>
        <pre ref={block} className={styles['text']}>
          {props.text}
        </pre>
      </section>
      <div className={styles['buttons']}>
        <CopyButton onCopy={copy}>Copy</CopyButton>
        {props.children}
      </div>
      <output>{byHand && 'The text is selected: copy it with the keyboard.'}</output>
    </div>
  );
}
