import { common as t } from '../texts/en/common.ts';
import { type ReactNode, type Ref, useRef, useState } from 'react';
import { CopyButton } from './copy-button.tsx';
import { plainText } from './name.tsx';
import layout from './layout.module.css';
import styles from './text-block.module.css';

/** Text to take away: it can be selected, and a button copies all of it. */
export function TextBlock(props: {
  label: string;
  text: string;
  /** Said after the copy. */
  copied?: string;
  /** Copies it another way, for one of several texts in the same place; see {@link CopyButton}. */
  onCopy?(): Promise<string | undefined>;
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
      <ScrolledText label={props.label} text={props.text} ref={block} />
      <div className={layout['buttons']}>
        <CopyButton
          {...(props.onCopy === undefined ? {} : { label: t.copyIt(props.label) })}
          onCopy={props.onCopy ?? copy}
        >
          {t.copy}
        </CopyButton>
        {props.children}
      </div>
      <output>{byHand && t.theTextIsSelectedCopyIt}</output>
    </div>
  );
}

/** Text to look through. */
export function ScrolledText({
  label,
  text,
  ref,
}: {
  label: string;
  text: string;
  ref?: Ref<HTMLPreElement>;
}) {
  return (
    // A text that scrolls must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section className={styles['scroll']} tabIndex={0} aria-label={label}>
      <pre ref={ref} className={styles['text']}>
        {shownText(text)}
      </pre>
    </section>
  );
}

/** Line by line, since line breaks are among the characters that a name must not have. */
function shownText(text: string): string {
  return text
    .replaceAll('\t', '  ')
    .split('\n')
    .map((line) => plainText(line))
    .join('\n');
}
