import { type RefObject, useEffect, useRef, useState } from 'react';
import type { Problem } from '../../main/contract/errors.ts';
import { common as t } from '../texts/en/common.ts';
import type { OwnProblem } from './said.ts';

/** What is wrong with single fields, by their keys. */
export type Faults<Key extends string> = Partial<Record<Key, string>>;

const faultLine = /^\s*(?:line \d+: )?([a-z][\w.[\]]*)\s+(?:\(.*\): )?(.+)$/i;

/**
 * Splits the refusal of a configuration into the faults of single fields and what remains. The message has one fault
 * on each line after the first: `line 12: providers[1].authority must be an https address`.
 * @param keyOf the field for a place in the file; undefined where the form has none for it
 */
export function faultsIn<Key extends string>(
  problem: Problem | undefined,
  keyOf: (place: string) => Key | undefined,
): { fields: Faults<Key>; rest: Problem | undefined } {
  if (problem?.code !== 'config-invalid') return { fields: {}, rest: problem };
  const fields: Faults<Key> = {};
  const others: string[] = [];
  for (const line of problem.message.split('\n').slice(1)) {
    const [, place, text] = faultLine.exec(line) ?? [];
    const key = place === undefined ? undefined : keyOf(place);
    if (key === undefined || text === undefined) others.push(line.trim());
    else fields[key] = asSentence(text);
  }
  if (Object.keys(fields).length === 0) return { fields, rest: problem };
  return {
    fields,
    rest: others.length === 0 ? undefined : { code: problem.code, message: others.join('\n') },
  };
}

export function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Announced above the fields; each fault stands at its field as well. */
export function faultSummary(count: number, rest: Problem | undefined): Problem | OwnProblem | undefined {
  if (count === 0) return rest;
  const message = t.fieldsNeedAnotherValue(count);
  return {
    own: true,
    code: 'config-invalid',
    message: rest === undefined ? message : `${message}\n${rest.message}`,
    remedy: t.nothingHasBeenChangedYet,
  };
}

/** A form whose first field that is wrong gets the focus after each try that has failed; at first its first field has it. */
export function useFormFocus(): { form: RefObject<HTMLFormElement | null>; failed(): void } {
  const [tries, setTries] = useState(0);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector('input')?.focus(), []);
  useEffect(() => {
    if (tries > 0) form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [tries]);
  return { form, failed: () => setTries((before) => before + 1) };
}
