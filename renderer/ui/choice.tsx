import { type Ref, useId } from 'react';
import styles from './choice.module.css';

export interface Option<T extends string> {
  value: T;
  label: string;
  hint?: string;
}

/** One of a few, all in sight. It stands in no form: Enter on a choice sends nothing. */
export function Choice<T extends string>(props: {
  legend: string;
  options: readonly Option<T>[];
  value: T;
  onChange(value: T): void;
  /** Of the first option. */
  ref?: Ref<HTMLInputElement>;
}) {
  const name = useId();
  return (
    <fieldset className={styles['choice']}>
      <legend>{props.legend}</legend>
      {props.options.map(({ value, label, hint }, index) => (
        <label key={value}>
          <input
            {...(index === 0 ? { ref: props.ref } : {})}
            type="radio"
            name={name}
            checked={value === props.value}
            onChange={() => props.onChange(value)}
          />
          <span>
            {label}
            {hint !== undefined && <small>{hint}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
