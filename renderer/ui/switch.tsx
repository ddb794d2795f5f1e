import styles from './switch.module.css';

/** Something that is on or off, and takes effect at once. */
export function Switch(props: {
  checked: boolean;
  onChange(checked: boolean): void;
  id?: string;
  /** Where no `<label>` names it. */
  label?: string;
}) {
  return (
    <input
      id={props.id}
      type="checkbox"
      aria-label={props.label}
      className={styles['switch']}
      checked={props.checked}
      onChange={(event) => props.onChange(event.target.checked)}
    />
  );
}
