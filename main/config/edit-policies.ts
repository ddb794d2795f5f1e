import type { PolicyChange } from '../contract/shapes.ts';
import { checkedChange } from './checked-change.ts';
import type { OrganisationLayer } from './organisation.ts';
import { editYaml, yamlValue } from './yaml/edit.ts';
import { isRecord } from './yaml/render.ts';

/**
 * The configuration's text with other policies; whatever else stands in the file stays as it is.
 * @throws LatchkeyError as {@link editYaml} and {@link checkedChange}
 */
export function changePolicies(
  text: string,
  { onLock, hold = {} }: PolicyChange,
  label: string,
  organisation?: OrganisationLayer,
): string {
  const value = yamlValue(text, label);
  const draft = isRecord(value) ? value : {};
  const part = (key: string) => (isRecord(draft[key]) ? draft[key] : {});
  const times = Object.entries(hold).map(([protocol, seconds]) => [protocol, `${seconds}s`]);
  const changed = editYaml(
    text,
    {
      ...draft,
      ...(onLock === undefined ? {} : { session: { ...part('session'), onLock } }),
      ...(times.length === 0 ? {} : { hold: { ...part('hold'), ...Object.fromEntries(times) } }),
    },
    label,
  );
  checkedChange({ before: text, changed, organisation }, label);
  return changed;
}
