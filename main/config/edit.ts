import { isMap, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml';
import type { ProviderForm } from '../contract/ipc.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { parseConfiguration } from './load.ts';

/** A change of the providers, as window and command line make it. */
export type ProviderChange =
  | { kind: 'save'; provider: ProviderForm }
  | { kind: 'enable'; name: string; enabled: boolean }
  | { kind: 'remove'; name: string };

/**
 * The configuration's text with one provider added, changed, turned on or off, or removed. Comments, order and whatever
 * else stands in the file stay as they are. The result has been checked as a whole: it loads.
 * @throws LatchkeyError `config-invalid` with the faults of the result, `request-invalid` for an unknown provider.
 */
export function changeProviders(text: string, change: ProviderChange, label: string): string {
  const document = parseDocument(text);
  const name = change.kind === 'save' ? change.provider.name : change.name;
  const index = indexOf(document, name);
  switch (change.kind) {
    case 'save':
      if (index === undefined) {
        document.addIn(['providers'], document.createNode(compact(change.provider)));
        // A chain that is spelt out asks nobody else.
        if (isSeq(document.get('chain'))) document.addIn(['chain'], name);
      } else
        update(document.getIn(['providers', index], true) as YAMLMap, document, compact(change.provider));
      break;
    case 'enable':
      document.setIn(['providers', demand(index, name), 'enabled'], change.enabled);
      break;
    case 'remove':
      document.deleteIn(['providers', demand(index, name)]);
      removeFromChain(document, name);
      break;
  }
  const changed = String(document);
  parseConfiguration(changed, label);
  return changed;
}

function indexOf(document: Document, name: string): number | undefined {
  const providers = document.get('providers');
  if (!isSeq(providers)) return undefined;
  const index = providers.items.findIndex((item) => isMap(item) && item.get('name') === name);
  return index < 0 ? undefined : index;
}

function demand(index: number | undefined, name: string): number {
  if (index !== undefined) return index;
  throw new LatchkeyError('request-invalid', `There is no provider "${name}".`, {
    remedy: 'See them with: latchkey provider list',
  });
}

/** Keys that the form does not have are kept: caFile, for one, has no field. */
function update(map: YAMLMap, document: Document, values: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(values)) map.set(key, document.createNode(value));
}

function compact(form: ProviderForm): Record<string, unknown> {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== undefined && value !== ''));
}

function removeFromChain(document: Document, name: string): void {
  const chain = document.get('chain');
  if (!isSeq(chain)) return;
  const names = chain.toJSON() as unknown[];
  const index = names.indexOf(name);
  if (index >= 0) document.deleteIn(['chain', index]);
  if (names.length === 1 && index === 0) document.delete('chain');
}
