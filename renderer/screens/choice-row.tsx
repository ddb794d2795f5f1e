import { type ReactNode, useId } from 'react';
import styles from './settings.module.css';

/** A setting that is one of several things. */
export function ChoiceRow(props: {
  label: string;
  /** What stands small below the label. */
  children: ReactNode;
  value: string;
  options: readonly (readonly [value: string, words: string])[];
  /** Shown, and not to be changed here. */
  isFixed?: boolean;
  onChange(value: string): void;
}) {
  const { value, options, isFixed = false } = props;
  const id = useId();
  return (
    <div className={styles['row']}>
      <label className={styles['what']} htmlFor={isFixed ? undefined : id}>
        {props.label}
        {props.children}
      </label>
      {isFixed ? (
        options.find(([one]) => one === value)?.[1]
      ) : (
        <select
          id={id}
          className={styles['select']}
          value={value}
          onChange={({ target }) => props.onChange(target.value)}
        >
          {options.map(([one, words]) => (
            <option key={one} value={one}>
              {words}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}
