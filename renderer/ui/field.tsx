import { type ReactNode, type Ref, useEffect, useId, useRef } from 'react';
import styles from './field.module.css';
import { Icon } from './icon.tsx';

interface FieldProps {
  label: string;
  hint?: ReactNode;
  /** What is wrong with the value, where something is. */
  fault?: string | undefined;
}

/** Ids and roles that tie label, hint and fault to one control. */
function useField({ hint, fault }: FieldProps) {
  const id = useId();
  const described = [
    hint === undefined ? undefined : `${id}-hint`,
    fault === undefined ? undefined : `${id}-fault`,
  ].filter((part) => part !== undefined);
  return {
    id,
    control: {
      id,
      'aria-invalid': fault !== undefined,
      ...(described.length === 0 ? {} : { 'aria-describedby': described.join(' ') }),
    },
  };
}

function Field({ id, field, children }: { id: string; field: FieldProps; children: ReactNode }) {
  return (
    <div className={styles['field']}>
      <label htmlFor={id}>{field.label}</label>
      {children}
      {field.fault !== undefined && (
        <p className={styles['fault']} id={`${id}-fault`}>
          <Icon name="alert" size={16} />
          {field.fault}
        </p>
      )}
      {field.hint !== undefined && (
        <p className={styles['hint']} id={`${id}-hint`}>
          {field.hint}
        </p>
      )}
    </div>
  );
}

export function TextField(
  props: FieldProps & {
    value: string;
    onChange(value: string): void;
    placeholder?: string;
    maxLength: number;
    readOnly?: boolean;
    /** It finds in what the screen shows: Ctrl+F leads into it. */
    isSearch?: boolean;
    /** What Enter does here, in place of sending the form. */
    onEnter?: () => void;
    ref?: Ref<HTMLInputElement>;
  },
) {
  const { id, control } = useField(props);
  const { value, onChange, placeholder, maxLength, readOnly = false, onEnter, ref } = props;
  return (
    <Field id={id} field={props}>
      <input
        {...control}
        ref={ref}
        className={styles['input']}
        type="text"
        data-search={props.isSearch}
        value={value}
        placeholder={placeholder}
        maxLength={maxLength}
        readOnly={readOnly}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (onEnter === undefined || event.key !== 'Enter') return;
          event.preventDefault();
          onEnter();
        }}
      />
    </Field>
  );
}

/** How long a secret stays in a field that nobody touches. */
const forgetMs = 120_000;

/**
 * A secret to be typed in. Its value stays in the field itself, from where the form takes it by its name when it is
 * sent: no state of the page ever has it. After a refusal it is still there and marked whole, so that a wrong one can be
 * corrected or typed over. It goes with the form, or when nobody has touched it for two minutes.
 */
export function SecretField(
  props: FieldProps & {
    name: string;
    maxLength: number;
    /** Why it was not taken, where the form has this field alone: the focus comes back to it. */
    refused?: unknown;
    ref?: Ref<HTMLInputElement>;
  },
) {
  const { id, control } = useField(props);
  const { name, maxLength, refused, ref } = props;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (refused === undefined) return;
    const input = document.getElementById(id);
    if (!(input instanceof HTMLInputElement)) return;
    input.focus();
    input.select();
  }, [refused, id]);

  function touch({ currentTarget }: { currentTarget: HTMLInputElement }): void {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      currentTarget.value = '';
    }, forgetMs);
  }

  return (
    <Field id={id} field={props}>
      <input
        {...control}
        ref={ref}
        className={styles['input']}
        type="password"
        name={name}
        maxLength={maxLength}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        onInput={touch}
        onKeyDown={touch}
      />
    </Field>
  );
}

/** Files whose content is read; the field itself forgets them when the form goes. */
export function FileField(
  props: FieldProps & { accept: string; multiple: boolean; onChange(files: readonly File[]): void },
) {
  const { id, control } = useField(props);
  return (
    <Field id={id} field={props}>
      <input
        {...control}
        className={styles['input']}
        type="file"
        accept={props.accept}
        multiple={props.multiple}
        onChange={(event) => props.onChange([...(event.target.files ?? [])])}
      />
    </Field>
  );
}

export function SelectField<T extends string>(
  props: FieldProps & {
    value: T;
    options: readonly { value: T; label: string }[];
    onChange(value: T): void;
    readOnly?: boolean;
  },
) {
  const { id, control } = useField(props);
  return (
    <Field id={id} field={props}>
      <div className={styles['select']}>
        <select
          {...control}
          className={styles['input']}
          value={props.value}
          disabled={props.readOnly}
          onChange={(event) => {
            const chosen = props.options.find(({ value }) => value === event.target.value);
            if (chosen !== undefined) props.onChange(chosen.value);
          }}
        >
          {props.options.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </div>
    </Field>
  );
}

/** Six digits or a recovery code, typed or pasted. */
export function CodeField(
  props: FieldProps & {
    value: string;
    onChange(value: string): void;
    ref?: Ref<HTMLInputElement>;
    /** Says whether it has dealt with the text that is pasted. */
    onPaste?(text: string): boolean;
    /** Buttons on the same line, where there is room. */
    beside?: ReactNode;
  },
) {
  const { id, control } = useField(props);
  const { value, onChange, ref } = props;
  return (
    <Field id={id} field={props}>
      <div className={styles['codeRow']}>
        <input
          {...control}
          ref={ref}
          className={`${styles['input']} ${styles['code']}`}
          value={value}
          maxLength={100}
          autoComplete="one-time-code"
          autoCapitalize="off"
          spellCheck={false}
          onChange={(event) => onChange(event.target.value)}
          onPaste={(event) => {
            if (props.onPaste?.(event.clipboardData.getData('text')) === true) event.preventDefault();
          }}
        />
        {props.beside}
      </div>
    </Field>
  );
}
