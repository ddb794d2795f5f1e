import type { UpdateChannel } from '../contract/update-state.ts';
import { checkedChange } from './checked-change.ts';
import type { OrganisationLayer } from './organisation.ts';
import { editYaml, yamlValue } from './yaml/edit.ts';
import { isRecord } from './yaml/render.ts';

/**
 * The configuration's text with another channel of updates; whatever else stands in the file stays as it is.
 * @throws LatchkeyError as {@link editYaml} and {@link checkedChange}
 */
export function changeUpdateChannel(
  text: string,
  channel: UpdateChannel,
  label: string,
  organisation?: OrganisationLayer,
): string {
  const value = yamlValue(text, label);
  const draft = isRecord(value) ? value : {};
  const updates = isRecord(draft['updates']) ? draft['updates'] : {};
  const changed = editYaml(text, { ...draft, updates: { ...updates, channel } }, label);
  checkedChange({ before: text, changed, organisation }, label);
  return changed;
}
